import type { AddressInfo } from 'node:net'
import { RingholdError } from '@ringhold/sdk/protocol'
import type { FastifyInstance } from 'fastify'

export interface ListenAddress {
  readonly host: string
  readonly port: number
  /** The variable that sets the port, for the message. */
  readonly variable: string
}

/** listenOn opens a listener and returns its port. Rejects with RINGHOLD_PORT_IN_USE or RINGHOLD_BAD_CONFIG. */
export async function listenOn(app: FastifyInstance, { host, port, variable }: ListenAddress): Promise<number> {
  try {
    await app.listen({ host, port, listenTextResolver: (address) => `${variable} ${address}` })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') {
      throw new RingholdError('RINGHOLD_PORT_IN_USE', {
        detail: `${variable}: port ${port} of ${host} is in use`,
        cause,
      })
    }
    const isOurs = ['EADDRNOTAVAIL', 'EACCES', 'ENOTFOUND', 'EAI_AGAIN', 'EINVAL'].includes(code ?? '')
    if (!isOurs) throw cause
    const detail = `cannot listen on RINGHOLD_HOST ${host}, ${variable} ${port} (${code})`
    throw new RingholdError('RINGHOLD_BAD_CONFIG', { detail, cause })
  }
  return (app.server.address() as AddressInfo).port
}
