/** Opening a stream: an HTTP/1.1 request that asks the node to go on with frames, of clients if nothing else is said. */
import type { ClientRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import { upgradeProtocol } from '../protocol/index.ts'
import { request as httpRequest } from './built-in-http.ts'

/** Upgraded is a connection that speaks frames, and what came behind the reply already. */
export type Upgraded =
  | { readonly type: 'upgraded'; readonly socket: Duplex; readonly head: Uint8Array }
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
  const send = target.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve) => {
    const headers = { ...options.headers, connection: 'Upgrade', upgrade: protocol }
    const request: ClientRequest = send(target, { agent: false, headers, signal })
    let isConnected = false
    // Commands that wait for the connection keep the process alive by their deadlines.
    request.on('socket', (socket) => {
      socket.unref()
      socket.once(target.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
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
        settle({ type: 'upgraded', socket, head })
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
