import { RingholdError } from '@ringhold/sdk/protocol'
import type { FastifyPluginCallback } from 'fastify'
import { type Gossiper, gossipPath } from '../gossip/gossiper.ts'
import { messageBytesMax } from '../membership/membership.ts'

export interface GossipRouteOptions {
  /** Undefined while the node starts. */
  readonly gossiper: () => Gossiper | undefined
}

/** POST /v1/peer/gossip: one exchange of membership. The core checks each message, which no schema of ours repeats. */
export const gossipRoute: FastifyPluginCallback<GossipRouteOptions> = (app, { gossiper }, done) => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit: messageBytesMax },
    (_request, body, parsed) => parsed(null, body),
  )
  app.post(gossipPath, async (request) => {
    const present = gossiper()
    if (present === undefined) throw new RingholdError('RINGHOLD_NOT_READY', { retryAfterMs: 1_000 })
    const body = request.body instanceof Buffer ? request.body : Buffer.alloc(0)
    return present.receive(parseJson(body), body.length)
  })
  done()
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch (cause) {
    throw new RingholdError('RINGHOLD_BAD_REQUEST', { detail: 'the body is no JSON', cause })
  }
}
