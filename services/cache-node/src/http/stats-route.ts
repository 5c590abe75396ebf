import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'

const count = Type.Integer({ minimum: 0 })

/** NodeStats is the body of GET /v1/stats. */
export type NodeStats = Static<typeof nodeStats>

const nodeStats = Type.Object({
  node: Type.String(),
  fleet: Type.String(),
  status: Type.String(),
  incarnation: count,
  ring: Type.String({ description: 'Checksum of the ring.' }),
  uptimeMs: count,
  entries: Type.Integer({
    minimum: 0,
    description: 'Entries that the node coordinates. The sum over the fleet is the number of keys.',
  }),
  bytes: count,
  memoryBytesMax: count,
  caches: Type.Record(Type.String(), Type.Object({ entries: count, replicas: count, bytes: count }), {
    description: 'The same of each cache; bytes are those of entries and replicas.',
  }),
  tokens: Type.Integer({ minimum: 0, description: 'How many tokens the node coordinates.' }),
  streams: Type.Integer({ minimum: 0, description: 'How many streams are open, of clients and of peers.' }),
  unsentBytes: Type.Integer({ minimum: 0, description: 'What lies ready for clients that do not read their streams.' }),
  hits: count,
  misses: count,
  sets: count,
  deletes: count,
  forwarded: count,
  wrongOwner: count,
  evictions: count,
  expirations: count,
  store: Type.Object({
    bytes: Type.Object(
      { values: count, keys: count, headers: count, tombstones: count, index: count },
      { description: 'Where the bytes are; together they are what counts against the memory.' },
    ),
    tombstones: Type.Integer({ minimum: 0, description: 'Deleted entries that are remembered for a while.' }),
    misses: Type.Object(
      { evicted: count, expired: count, deleted: count, never: count },
      { description: 'Reads that found nothing, by why; never: was not there, or is not remembered.' },
    ),
    expiryLagMs: Type.Number({ minimum: 0, description: 'How long expired entries may still take memory.' }),
    indexLoad: Type.Number({ minimum: 0, maximum: 1, description: 'Share of the slots of the index that are taken.' }),
    fragmentation: Type.Number({ description: 'Share of the segments that is neither entries nor index.' }),
    compactedBytes: count,
    probationShare: Type.Number({ description: 'Share of the memory that eviction gives to new entries now.' }),
  }),
  copies: Type.Object({
    tokens: Type.Object(
      { held: count, claiming: count, provisional: count },
      { description: 'Tokens that the node coordinates, is taking over, or coordinates in the stead of another.' },
    ),
    underReplicatedTokens: Type.Integer({
      minimum: 0,
      description: 'Tokens of which not all owners are known to hold the same.',
    }),
    syncingTokens: Type.Integer({ minimum: 0, description: 'Tokens whose entries are being pulled.' }),
    strayTokens: Type.Integer({
      minimum: 0,
      description: 'Tokens of other owners of which the node still holds entries.',
    }),
    entriesLeft: Type.Integer({ minimum: 0, description: 'Entries that are still to be pulled.' }),
    pulledEntries: Type.Integer({
      minimum: 0,
      description: 'Entries that were pulled from other nodes since the start.',
    }),
    pulledBytesPerSecond: Type.Number({ minimum: 0 }),
    entries: Type.Object(
      { coordinated: count, replicas: count, strays: count },
      { description: 'What the node holds: as coordinator, for others, and as no owner any more.' },
    ),
    hints: Type.Integer({ minimum: 0, description: 'Writes that are kept for owners that do not answer.' }),
    waiting: Type.Integer({ minimum: 0, description: 'Commands that wait for another node, or for a claim.' }),
    repairBytesSent: count,
    bytesReplicated: count,
  }),
  gossip: Type.Object({
    exchangesSent: count,
    exchangesFailed: count,
    bytesSent: count,
    bytesReceived: count,
    suspicions: Type.Integer({ minimum: 0, description: 'Members that came under suspicion, whoever accused them.' }),
    deaths: Type.Integer({ minimum: 0, description: 'Members that were alive to this node and then declared dead.' }),
    refutations: Type.Integer({ minimum: 0, description: 'How often this node refuted what others said of it.' }),
  }),
})

const schema = {
  querystring: Type.Object({}, { additionalProperties: false }),
  response: { 200: nodeStats },
}

/** GET /v1/stats: what this one node holds and did since its start. */
export const statsRoute: FastifyPluginCallbackTypebox<{ stats: () => NodeStats }> = (app, { stats }, done) => {
  app.get('/v1/stats', { schema }, async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    return stats()
  })
  done()
}
