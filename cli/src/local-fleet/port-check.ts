/** Whether ports are free, asked before anything is started, so that the answer is one line and not five logs. */
import { createServer } from 'node:net'
import { RingholdError } from '@ringhold/sdk/protocol'
import { localHost, type NodePlan } from './node-plan.ts'

/** checkPorts rejects with RINGHOLD_PORT_IN_USE naming the first port of the plans that something listens on. */
export async function checkPorts(plans: readonly NodePlan[]): Promise<void> {
  for (const { name, port, peerPort } of plans) {
    for (const [wanted, use] of [
      [port, 'clients'],
      [peerPort, 'peers'],
    ] as const) {
      if (await isFree(wanted)) continue
      throw new RingholdError('RINGHOLD_PORT_IN_USE', {
        detail: `port ${wanted} on ${localHost}, meant for the ${use} of ${name}, is in use (--port and --peer-port set where the ports begin)`,
      })
    }
  }
}

/** isFree tells whether a process could listen on the port now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: localHost, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
