/** The two listeners of a node with their routes: one for clients, one for peers. */
import { defaultLimits, headerNames } from '@ringhold/sdk/protocol'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { explainRoute } from './http/explain-route.ts'
import { gossipRoute } from './http/gossip-route.ts'
import { healthRoutes } from './http/health-routes.ts'
import { keyRoutes } from './http/key-routes.ts'
import { newListener } from './http/listener.ts'
import { statsRoute } from './http/stats-route.ts'
import { topologyRoute } from './http/topology-route.ts'
import type { CacheNode } from './node.ts'
import { explanationOf, statsOf, unreadinessOf } from './reports.ts'

/** clientApp makes the listener for clients. A request says by its route header whether its sender routes itself. */
export function clientApp(node: CacheNode, logger: FastifyBaseLogger): FastifyInstance {
  const app = newListener({ self: node.config.name, logger })
  const ringChecksum = (): string => node.ring.checksum
  app.register(keyRoutes, {
    ...keyFace(node),
    originOf: ({ headers }) => (headers[headerNames.route] === 'direct' ? 'direct' : 'plain'),
  })
  app.register(topologyRoute, { feed: node.feed, ringChecksum })
  app.register(statsRoute, { stats: () => statsOf(node) })
  app.register(explainRoute, { explain: (cache, key) => explanationOf(node, cache, key) })
  app.register(healthRoutes, { unreadiness: () => unreadinessOf(node) })
  return app
}

/** peerApp makes the listener for peers. Every command that comes here has been forwarded already. */
export function peerApp(node: CacheNode, logger: FastifyBaseLogger): FastifyInstance {
  const app = newListener({ self: node.config.name, logger })
  app.register(keyRoutes, { ...keyFace(node), originOf: () => 'forwarded' })
  app.register(gossipRoute, { gossiper: () => node.gossiper })
  return app
}

function keyFace(node: CacheNode) {
  return {
    self: node.config.name,
    execute: node.executor.execute.bind(node.executor),
    ringChecksum: () => node.ring.checksum,
    valueBytesMax: defaultLimits.valueBytesMax,
  }
}
