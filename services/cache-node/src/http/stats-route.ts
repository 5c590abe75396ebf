import type { FastifyPluginCallback } from 'fastify'
import type { FromSchema } from 'json-schema-to-ts'
import { count, objectOf, optionsOf, text } from '../schema.ts'

/** NodeStats is the body of GET /v1/stats. */
export type NodeStats = FromSchema<typeof nodeStats>

const nodeStats = objectOf({
  node: text,
  fleet: text,
  status: text,
  incarnation: count,
  ring: { ...text, description: 'Checksum of the ring.' },
  uptimeMs: count,
  entries: {
    ...count,
    description: 'Entries that the node coordinates. The sum over the fleet is the number of keys.',
  },
  bytes: count,
  memoryBytesMax: count,
  caches: {
    type: 'object',
    additionalProperties: objectOf({ entries: count, replicas: count, bytes: count }),
    description: 'The same of each cache; bytes are those of entries and replicas.',
  },
  tokens: { ...count, description: 'How many tokens the node coordinates.' },
  streams: { ...count, description: 'How many streams are open, of clients and of peers.' },
  unsentBytes: { ...count, description: 'What lies ready for clients that do not read their streams.' },
  hits: count,
  misses: count,
  sets: count,
  deletes: count,
  forwarded: count,
  wrongOwner: count,
  evictions: count,
  expirations: count,
  store: objectOf({
    bytes: {
      ...objectOf({ values: count, keys: count, headers: count, tombstones: count, index: count }),
      description: 'Where the bytes are; together they are what counts against the memory.',
    },
    tombstones: { ...count, description: 'Deleted entries that are remembered for a while.' },
    misses: {
      ...objectOf({ evicted: count, expired: count, deleted: count, never: count }),
      description: 'Reads that found nothing, by why; never: was not there, or is not remembered.',
    },
    expiryLagMs: { type: 'number', minimum: 0, description: 'How long expired entries may still take memory.' },
    indexLoad: {
      type: 'number',
      minimum: 0,
      maximum: 1,
      description: 'Share of the slots of the index that are taken.',
    },
    fragmentation: { type: 'number', description: 'Share of the segments that is neither entries nor index.' },
    compactedBytes: count,
    probationShare: { type: 'number', description: 'Share of the memory that eviction gives to new entries now.' },
  }),
  copies: objectOf({
    tokens: {
      ...objectOf({ held: count, claiming: count, provisional: count }),
      description: 'Tokens that the node coordinates, is taking over, or coordinates in the stead of another.',
    },
    underReplicatedTokens: { ...count, description: 'Tokens of which not all owners are known to hold the same.' },
    syncingTokens: { ...count, description: 'Tokens whose entries are being pulled.' },
    strayTokens: { ...count, description: 'Tokens of other owners of which the node still holds entries.' },
    entriesLeft: { ...count, description: 'Entries that are still to be pulled.' },
    pulledEntries: { ...count, description: 'Entries that were pulled from other nodes since the start.' },
    pulledBytesPerSecond: { type: 'number', minimum: 0 },
    entries: {
      ...objectOf({ coordinated: count, replicas: count, strays: count }),
      description: 'What the node holds: as coordinator, for others, and as no owner any more.',
    },
    hints: { ...count, description: 'Writes that are kept for owners that do not answer.' },
    waiting: { ...count, description: 'Commands that wait for another node, or for a claim.' },
    repairBytesSent: count,
    bytesReplicated: count,
  }),
  gossip: objectOf({
    exchangesSent: count,
    exchangesFailed: count,
    bytesSent: count,
    bytesReceived: count,
    suspicions: { ...count, description: 'Members that came under suspicion, whoever accused them.' },
    deaths: { ...count, description: 'Members that were alive to this node and then declared dead.' },
    refutations: { ...count, description: 'How often this node refuted what others said of it.' },
    stretch: {
      ...count,
      minimum: 1,
      description:
        'What timeouts are multiplied by while the node itself is too late to judge others; 1 when all is well.',
    },
  }),
})

const schema = {
  querystring: optionsOf({}),
  response: { 200: nodeStats },
}

/** GET /v1/stats: what this one node holds and did since its start. */
export const statsRoute: FastifyPluginCallback<{ stats: () => NodeStats }> = (app, { stats }, done) => {
  app.get('/v1/stats', { schema }, async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    return stats()
  })
  done()
}
