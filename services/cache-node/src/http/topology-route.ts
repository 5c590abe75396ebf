import { headerNames } from '@ringhold/sdk/protocol'
import type { FastifyPluginCallback } from 'fastify'
import { optionsOf } from '../schema.ts'
import type { TopologyFeed } from './topology-feed.ts'

export interface TopologyRouteOptions {
  readonly feed: TopologyFeed
  /** Checksum of the present ring. */
  readonly ringChecksum: () => string
}

/** waitSecondsMax is the longest that a request may ask to wait for a change. */
export const waitSecondsMax = 30

const querystring = optionsOf({})

/** GET /v1/topology: all that a client needs to compute the ring; with Prefer: wait=N it answers when that changes. */
export const topologyRoute: FastifyPluginCallback<TopologyRouteOptions> = (app, { feed, ringChecksum }, done) => {
  app.get('/v1/topology', { schema: { querystring } }, async (request, reply) => {
    const known = request.headers['if-none-match']
    const isKnown = (): boolean => known !== undefined && lists(known, feed.current().etag)
    const waitMs = waitMsOf(request.headers.prefer)
    if (waitMs > 0 && isKnown()) await feed.nextChange(waitMs, request.signal)
    const { etag, body } = feed.current()
    reply.header('etag', etag).header('cache-control', 'no-store').header(headerNames.ring, ringChecksum())
    if (isKnown()) return reply.code(304).send()
    return reply.header('content-type', 'application/json').send(body)
  })
  done()
}

/** Weak comparison, as RFC 9110 §13.1.2 has it. */
function lists(ifNoneMatch: string, etag: string): boolean {
  return ifNoneMatch.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag)
}

function waitMsOf(prefer: string | string[] | undefined): number {
  const seconds = /(?:^|[,\s])wait\s*=\s*"?(\d{1,4})"?(?=$|[,;\s])/i.exec([prefer].flat().join(','))?.[1]
  return Math.min(Number(seconds ?? 0), waitSecondsMax) * 1000
}
