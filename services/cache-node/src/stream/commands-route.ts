/**
 * POST /v1/commands: a conversation in one request, for paths on which connections cannot be upgraded. The body is what
 * a client would say on a stream, greeting first; so is the reply. Bounded like every batch.
 */

import type { ServerResponse } from 'node:http'
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { batchBytesMax, batchCommandsMax, framesContentType, headerNames } from '@ringhold/sdk/protocol'
import { outputBytesHigh } from './command-stream.ts'
import { Conversation, type Face, type Port } from './conversation.ts'
import { TurnClock } from './turn-clock.ts'

export interface CommandsRouteOptions {
  readonly face: Face
  /** Whether the node closes: the reply then ends its connection. */
  readonly isClosing: () => boolean
}

/** One value of the largest size fits besides everything else that a batch may have. */
const bodyBytesMax = batchBytesMax

export const commandsRoute: FastifyPluginCallbackTypebox<CommandsRouteOptions> = (app, { face, isClosing }, done) => {
  const turns = new TurnClock()
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    framesContentType,
    { parseAs: 'buffer', bodyLimit: bodyBytesMax },
    (_request, body, parsed) => {
      parsed(null, body)
    },
  )
  app.post('/v1/commands', { bodyLimit: bodyBytesMax }, (request, reply) => {
    reply.hijack()
    const port = new ReplyPort(reply.raw, { ring: face.ringChecksum(), isClosing: isClosing() })
    const now = () => performance.now()
    const conversation = new Conversation({ face, port, turns, now, commandsMax: batchCommandsMax })
    reply.raw.on('drain', () => conversation.drained())
    reply.raw.on('close', () => conversation.cut())
    conversation.greet()
    conversation.receive((request.body as Buffer | undefined) ?? Buffer.alloc(0))
    conversation.finish()
  })
  done()
}

/** The reply as a port: held back until it is whole, or too long for that. */
class ReplyPort implements Port {
  readonly #raw: ServerResponse
  #held: Uint8Array[] = []
  #heldBytes = 0

  constructor(raw: ServerResponse, { ring, isClosing }: { readonly ring: string; readonly isClosing: boolean }) {
    this.#raw = raw
    raw.setHeader('content-type', framesContentType)
    raw.setHeader('cache-control', 'no-store')
    raw.setHeader(headerNames.ring, ring)
    if (isClosing) raw.setHeader('connection', 'close')
  }

  send(bytes: Uint8Array): boolean {
    if (this.#raw.headersSent) {
      this.#raw.write(bytes)
      return false
    }
    this.#held.push(bytes)
    this.#heldBytes += bytes.length
    if (this.#heldBytes > outputBytesHigh) {
      for (const held of this.#held) this.#raw.write(held)
      this.#held = []
    }
    return false
  }

  isFull(): boolean {
    return this.#raw.writableLength > outputBytesHigh
  }

  pause(): void {}

  resume(): void {}

  end(): void {
    if (this.#raw.headersSent) this.#raw.end()
    else this.#raw.end(Buffer.concat(this.#held))
  }
}
