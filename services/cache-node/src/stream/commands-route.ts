/**
 * POST /v1/commands: a conversation in one request, for paths on which connections cannot be upgraded. The body is what
 * a client would say on a stream, greeting first; so is the reply. It is executed as it comes in, never collected, and
 * bounded like every batch.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { batchBytesMax, batchCommandsMax, framesContentType, headerNames, RingholdError } from '@ringhold/sdk/protocol'
import type { FastifyPluginCallback } from 'fastify'
import { isFromWire } from '../free.ts'
import { cut, whenOver } from '../http/connection-end.ts'
import { hintKeepAlive } from '../http/listener.ts'
import { Conversation, outputBytes } from './conversation.ts'
import type { Face } from './face.ts'
import type { Port } from './port.ts'
import { TurnClock } from './turn-clock.ts'

export interface CommandsRouteOptions {
  readonly face: Face
  /** Whether the node closes: the reply then ends its connection. */
  readonly isClosing: () => boolean
}

/** One value of the largest size fits besides everything else that a batch may have. */
const bodyBytesMax = batchBytesMax

export const commandsRoute: FastifyPluginCallback<CommandsRouteOptions> = (app, { face, isClosing }, done) => {
  const turns = new TurnClock()
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(framesContentType, (_request, _body, parsed) => parsed(null))
  app.addContentTypeParser('*', (_request, _body, parsed) => {
    parsed(new RingholdError('RINGHOLD_BAD_CONTENT', { detail: `this route takes ${framesContentType} only` }))
  })
  app.post('/v1/commands', ({ raw: request, headers }, reply) => {
    if (Number(headers['content-length'] ?? 0) > bodyBytesMax) throw new RingholdError('RINGHOLD_VALUE_TOO_LARGE')
    const { raw } = reply
    reply.hijack()
    if (isClosing()) raw.setHeader('connection', 'close')
    else hintKeepAlive(raw, app.server)
    const port = new ReplyPort({ request, raw, ring: face.ringChecksum() })
    const now = () => performance.now()
    const conversation = new Conversation({ face, port, turns, now, commandsMax: batchCommandsMax })
    raw.on('drain', () => conversation.drained())
    whenOver(raw, () => {
      conversation.cut()
      port.closed()
    })
    conversation.greet()
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > bodyBytesMax) conversation.refuse(new RingholdError('RINGHOLD_VALUE_TOO_LARGE'))
      else conversation.receive(isFromWire(request) ? chunk : new Uint8Array(chunk))
    })
    request.on('end', () => conversation.finish())
  })
  done()
}

interface ReplyPortOptions {
  readonly request: IncomingMessage
  readonly raw: ServerResponse
  readonly ring: string
}

/** The reply as a port: held back until it is whole, or too long for that. */
class ReplyPort implements Port {
  readonly #request: IncomingMessage
  readonly #raw: ServerResponse
  /** Of what is written and not sent yet. */
  readonly #dones = new Set<() => void>()
  #held: Uint8Array[] = []
  #heldBytes = 0

  constructor({ request, raw, ring }: ReplyPortOptions) {
    this.#request = request
    this.#raw = raw
    raw.setHeader('content-type', framesContentType)
    raw.setHeader('cache-control', 'no-store')
    raw.setHeader(headerNames.ring, ring)
  }

  send(bytes: Uint8Array, done?: () => void): boolean {
    if (!this.#raw.headersSent) {
      // A copy: what is held back must not hold back the room that others wait for.
      if (this.#heldBytes + bytes.length <= outputBytes) {
        this.#held.push(new Uint8Array(bytes))
        this.#heldBytes += bytes.length
        return true
      }
      for (const held of this.#held) this.#raw.write(held)
      this.#held = []
    }
    this.#write(bytes, done)
    return false
  }

  isFull(bytes: number): boolean {
    return this.#raw.writableLength > bytes
  }

  pause(): void {
    this.#request.pause()
  }

  resume(): void {
    this.#request.resume()
  }

  end(): void {
    if (this.#raw.headersSent) this.#raw.end()
    else this.#raw.end(Buffer.concat(this.#held))
    this.#held = []
  }

  destroy(): void {
    cut(this.#raw)
  }

  /** closed says that nothing is sent any more. Node does not call back for what it throws away. */
  closed(): void {
    this.#held = []
    for (const done of this.#dones) done()
    this.#dones.clear()
  }

  #write(bytes: Uint8Array, done: (() => void) | undefined): void {
    if (done === undefined) {
      this.#raw.write(bytes)
      return
    }
    this.#dones.add(done)
    this.#raw.write(bytes, () => {
      if (this.#dones.delete(done)) done()
    })
  }
}
