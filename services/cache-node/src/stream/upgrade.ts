/**
 * Upgrading an HTTP/1.1 connection to a command stream.
 *
 *      GET /v1/stream HTTP/1.1                      HTTP/1.1 101 Switching Protocols
 *      Connection: Upgrade                  ─►      Connection: Upgrade
 *      Upgrade: ringhold/1                          Upgrade: ringhold/1        then frames, both ways
 *
 * A request that would like another protocol (h2c, as some clients offer it on every request) is answered as if it had
 * not asked, as RFC 9110 §7.8 has it.
 */
import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { RingholdError, upgradeProtocol } from '@ringhold/sdk/protocol'
import { rawProblem } from '../http/problems.ts'
import type { Streams } from './streams.ts'

const path = '/v1/stream'

/** upgradeTo makes a listener turn connections into streams. */
export function upgradeTo(server: Server, streams: Streams, self: string): void {
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    const refuse = (detail: string) =>
      socket.end(rawProblem(new RingholdError('RINGHOLD_BAD_REQUEST', { detail }), self))
    if (!offers(request)) {
      if (hasBody(request)) return refuse('a request with a body cannot ask for another protocol')
      return answerPlainly(server, request, socket)
    }
    if (request.method !== 'GET' || request.url !== path) return refuse(`streams are at GET ${path}`)
    socket.setTimeout(0)
    socket.setNoDelay(true)
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${upgradeProtocol}\r\n\r\n`)
    streams.add(socket, head)
  })
}

function offers({ headers }: IncomingMessage): boolean {
  return (headers.upgrade ?? '').split(',').some((protocol) => protocol.trim().toLowerCase() === upgradeProtocol)
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** Node has taken its parser off the connection, so that this reply is its last. */
function answerPlainly(server: Server, request: IncomingMessage, socket: Socket): void {
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(socket)
  response.on('finish', () => {
    response.detachSocket(socket)
    socket.end()
  })
  server.emit('request', request, response)
}
