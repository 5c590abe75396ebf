/**
 * Upgrading an HTTP/1.1 connection to a stream: of commands on the listener for clients, of what nodes ask each other on
 * the one for peers.
 *
 *      GET /v1/stream HTTP/1.1                      HTTP/1.1 101 Switching Protocols
 *      Connection: Upgrade                  ─►      Connection: Upgrade
 *      Upgrade: ringhold/1                          Upgrade: ringhold/1        then frames, both ways
 *
 * A request that would like another protocol (h2c, as some clients offer it on every request) is answered as if it had
 * not asked, as RFC 9110 §7.8 has it.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { RingholdError, upgradeProtocol } from '@ringhold/sdk/protocol'
import { rawProblem } from '../http/problems.ts'
import { letBeSilent } from '../http/silence.ts'
import type { Streams } from './streams.ts'

/** Offer is a protocol that a listener upgrades to. */
export interface Offer {
  /** As the Upgrade header names it. */
  readonly protocol: string
  /** The only path at which it is offered. */
  readonly path: string
  /** Why this request is refused; undefined: it is not. Default: none is. */
  readonly refusal?: (request: IncomingMessage) => RingholdError | undefined
  /** open takes the connection over; `head` is what came behind the request already. */
  readonly open: (socket: Socket, head: Buffer) => void
}

/** Header fields that belong to the wish for another protocol, by their names in lower case. */
const ofUpgrade = new Set(['connection', 'upgrade', 'http2-settings'])

/** commandsOffer offers the streams of clients. */
export function commandsOffer(streams: Streams): Offer {
  return { protocol: upgradeProtocol, path: '/v1/stream', open: (socket, head) => streams.add(socket, head) }
}

/** upgradeTo makes a listener of the node `self` turn connections into streams, of each protocol that it offers. */
export function upgradeTo(server: Server, offers: readonly Offer[], self: string): void {
  server.on('upgrade', async (request: IncomingMessage, socket: BusySocket, head: Buffer) => {
    const onError = () => socket.destroy()
    socket.on('error', onError)
    await repliesSent(socket)
    if (socket.destroyed) return
    const offer = offers.find(({ protocol }) => wishes(request, protocol))
    if (offer === undefined) {
      serveAsPlain(server, request, { socket, head })
      return socket.off('error', onError)
    }
    const { protocol, path, open } = offer
    if (request.method !== 'GET' || request.url !== path) {
      const detail = `streams are at GET ${path}`
      return socket.end(rawProblem(new RingholdError('RINGHOLD_BAD_REQUEST', { detail }), self))
    }
    const refusal = offer.refusal?.(request)
    if (refusal !== undefined) return socket.end(rawProblem(refusal, self))
    letBeSilent(socket)
    socket.setNoDelay(true)
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`)
    open(socket, head)
  })
}

/** BusySocket is a connection and the reply that Node is writing to it. */
interface BusySocket extends Socket {
  readonly _httpMessage?: ServerResponse | null
}

/** Requests that were pipelined before this one are answered first; Node hands over the connection under their replies. */
async function repliesSent(socket: BusySocket): Promise<void> {
  for (let reply = socket._httpMessage; reply; reply = socket._httpMessage) {
    const pending = reply
    await new Promise<void>((resolve) => pending.once('close', resolve))
  }
}

function wishes({ headers }: IncomingMessage, wanted: string): boolean {
  return (headers.upgrade ?? '').split(',').some((protocol) => protocol.trim().toLowerCase() === wanted)
}

/**
 * Node has taken its parser off the connection, with what came behind the head left over. So the connection begins anew,
 * with the same request without its wish; a client that offers h2c with every request may well send a body.
 */
function serveAsPlain(
  server: Server,
  { method, url, httpVersion, rawHeaders }: IncomingMessage,
  { socket, head }: { readonly socket: Socket; readonly head: Buffer },
): void {
  const lines = [`${method} ${url} HTTP/${httpVersion}`]
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name, value] = [rawHeaders[at] as string, rawHeaders[at + 1] as string]
    if (!ofUpgrade.has(name.toLowerCase())) lines.push(`${name}: ${value}`)
    else if (/\bclose\b/i.test(value)) lines.push('connection: close')
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]))
  server.emit('connection', socket)
}
