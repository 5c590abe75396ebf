/** The two listeners of a node with their routes: one for clients, one for peers. */
import { defaultLimits, headerNames } from '@ringhold/sdk/protocol'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { explainRoute } from './http/explain-route.ts'
import { healthRoutes } from './http/health-routes.ts'
import { keyRoutes } from './http/key-routes.ts'
import { newListener } from './http/listener.ts'
import { statsRoute } from './http/stats-route.ts'
import { getStraight } from './http/straight-get.ts'
import { topologyRoute } from './http/topology-route.ts'
import type { CacheNode } from './node.ts'
import { explanationOf, statsOf, unreadinessOf } from './reports.ts'
import { commandsRoute } from './stream/commands-route.ts'
import type { Face } from './stream/face.ts'
import { Streams } from './stream/streams.ts'
import { commandsOffer, upgradeTo } from './stream/upgrade.ts'

/** Listener is an HTTP listener and the streams that its connections were upgraded to. */
export interface Listener {
  readonly app: FastifyInstance
  readonly streams: { destroy(): void }
}

/** ClientListener is the one for clients. */
export interface ClientListener extends Listener {
  readonly streams: Streams
}

/** clientListener makes the listener for clients. A command says whether its sender routes itself. */
export function clientListener(node: CacheNode, logger: FastifyBaseLogger): ClientListener {
  const { app, streams, isClosing } = commandListener(node, logger)
  app.register(keyRoutes, {
    ...keyFace(node),
    originOf: ({ headers }) => (headers[headerNames.route] === 'direct' ? 'direct' : 'plain'),
  })
  const onFault = (error: unknown) => logger.error({ err: error }, 'a request failed')
  getStraight(app.server, { ...keyFace(node), isClosing, onFault })
  app.register(topologyRoute, { feed: node.feed, ringChecksum: () => node.ring.checksum })
  app.register(statsRoute, { stats: () => statsOf(node) })
  app.register(explainRoute, { explain: (cache, key) => explanationOf(node, cache, key) })
  app.register(healthRoutes, { unreadiness: () => unreadinessOf(node) })
  return { app, streams }
}

/** peerListener makes the listener for peers: streams of gossip, and of what they ask about copies. */
export function peerListener(node: CacheNode, logger: FastifyBaseLogger): Listener {
  const self = node.config.name
  const app = newListener({ self, logger })
  const { gossipServer } = node
  const { server } = node.replicator
  upgradeTo(app.server, [gossipServer.offer, server.offer], self)
  const destroy = () => {
    gossipServer.destroy()
    server.destroy()
  }
  return { app, streams: { destroy } }
}

function commandListener(node: CacheNode, logger: FastifyBaseLogger) {
  const self = node.config.name
  const app = newListener({ self, logger })
  const { executor } = node
  const face: Face = {
    self,
    limits: defaultLimits,
    rooms: node.rooms,
    execute: (command, origin, sink, heardAt) => executor.execute(command, origin, sink, heardAt),
    get: (key, sink, heardAt) => executor.get(key, sink, heardAt),
    set: (key, set) => executor.set(key, set),
    ahead: executor,
    originOf: (isDirect) => (isDirect ? 'direct' : 'plain'),
    ringChecksum: () => node.ring.checksum,
    onFault: (error) => logger.error({ err: error }, 'a command failed'),
  }
  const streams = new Streams({ face })
  let isClosing = false
  app.addHook('preClose', (done) => {
    isClosing = true
    streams.sayGoodbye()
    done()
  })
  upgradeTo(app.server, [commandsOffer(streams)], self)
  app.register(commandsRoute, { face, isClosing: () => isClosing })
  return { app, streams, isClosing: () => isClosing }
}

function keyFace(node: CacheNode) {
  const { executor } = node
  return {
    self: node.config.name,
    execute: executor.execute.bind(executor),
    ringChecksum: () => node.ring.checksum,
    valueBytesMax: defaultLimits.valueBytesMax,
    rooms: node.rooms,
  }
}
