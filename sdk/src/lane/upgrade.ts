/** Opening a stream: an HTTP/1.1 request that asks the node to go on with frames, of clients if nothing else is said. */
import type { ClientRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import { upgradeProtocol } from '../protocol/index.ts'
import { request as httpRequest } from './built-in-http.ts'
import { type Receive, Wire } from './wire.ts'

/** Opened is a connection that speaks frames, and what came behind the reply already. */
export interface Opened {
  readonly socket: Duplex
  readonly head: Uint8Array
  /** listen has what comes go to `receive`. To be called in the turn in which it was opened. */
  readonly listen: (receive: Receive) => void
}

/** Upgraded is what became of an attempt to open a stream. */
export type Upgraded =
  | ({ readonly type: 'upgraded' } & Opened)
  /** Somebody answers there, but not by upgrading: a proxy that does not pass that on. */
  | { readonly type: 'declined'; readonly error: Error }
  | { readonly type: 'failed'; readonly error: Error }

export interface UpgradeOptions {
  readonly connectTimeoutMs: number
  readonly signal: AbortSignal
  /** Default: the stream of clients. */
  readonly path?: string
  readonly protocol?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Whether chunks are good only until whoever receives them returns; not over TLS. Default: they are nobody else's. */
  readonly reusesChunks?: boolean
}

/** ConnectTimeout says that nobody answered in time. */
class ConnectTimeout extends Error {
  readonly code = 'ETIMEDOUT'

  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`)
  }
}

/** upgrade connects to a node. Never rejects. */
export function upgrade(url: string, options: UpgradeOptions): Promise<Upgraded> {
  const { connectTimeoutMs, signal, path = '/v1/stream', protocol = upgradeProtocol } = options
  const target = new URL(path, url)
  const isTls = target.protocol === 'https:'
  let wire: Wire | undefined
  return new Promise((resolve) => {
    const headers = { ...options.headers, connection: 'Upgrade', upgrade: protocol }
    const request: ClientRequest =
      options.reusesChunks && !isTls
        ? httpRequest(target, {
            headers,
            signal,
            createConnection: ({ host, port }) => {
              wire = new Wire({ host: String(host), port: Number(port) })
              return wire.socket
            },
          })
        : (isTls ? httpsRequest : httpRequest)(target, { agent: false, headers, signal })
    let isConnected = false
    // Commands that wait for the connection keep the process alive by their deadlines.
    request.on('socket', (socket) => {
      socket.unref()
      socket.once(isTls ? 'secureConnect' : 'connect', () => {
        isConnected = true
      })
    })
    const timer = setTimeout(() => request.destroy(new ConnectTimeout(connectTimeoutMs)), connectTimeoutMs)
    timer.unref()
    const settle = (result: Upgraded) => {
      clearTimeout(timer)
      resolve(result)
    }
    request.on('upgrade', (response, socket, head) => {
      if (response.headers.upgrade?.toLowerCase() === protocol) {
        socket.setNoDelay(true)
        socket.unref()
        const listen = (receive: Receive) => (wire === undefined ? socket.on('data', receive) : wire.listen(receive))
        settle({ type: 'upgraded', socket, head, listen })
      } else {
        socket.destroy()
        settle({ type: 'declined', error: new Error(`the other side speaks ${response.headers.upgrade}`) })
      }
    })
    request.on('response', (response) => {
      response.destroy()
      settle({ type: 'declined', error: new Error(`the upgrade was answered ${response.statusCode}`) })
    })
    request.on('error', (error: NodeJS.ErrnoException) => {
      // Some proxies answer an upgrade by closing the connection.
      const isCut = isConnected && (error.code === 'ECONNRESET' || error.code?.startsWith('HPE_') === true)
      settle({ type: isCut ? 'declined' : 'failed', error })
    })
    request.end()
  })
}
