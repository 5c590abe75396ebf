import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { checkCacheName, checkKey } from '@ringhold/sdk/protocol'
import { type Static, Type } from 'typebox'
import { rawKeyOf } from './raw-key.ts'

/** Explanation is the body of GET /v1/explain: where a key belongs by the ring of the node that answers. */
export type Explanation = Static<typeof explanation>

const explanation = Type.Object({
  cache: Type.String(),
  key: Type.String(),
  hash: Type.Integer({ description: 'Of the key, 32 bits.' }),
  token: Type.Integer(),
  owners: Type.Array(Type.Object({ name: Type.String(), url: Type.String(), status: Type.String() })),
  coordinator: Type.Optional(Type.String({ description: 'The first owner; absent when the ring has no members.' })),
  answeredBy: Type.String(),
  isCoordinator: Type.Boolean(),
  ring: Type.String({ description: 'Checksum of the ring.' }),
})

const schema = {
  params: Type.Object({ cache: Type.String(), key: Type.String() }),
  querystring: Type.Object({}, { additionalProperties: false }),
  response: { 200: explanation },
}

export interface ExplainRouteOptions {
  readonly explain: (cache: string, key: string) => Explanation
}

/** GET /v1/explain/{cache}/{key}: which nodes own a key, and why. The key need not exist. */
export const explainRoute: FastifyPluginCallbackTypebox<ExplainRouteOptions> = (app, { explain }, done) => {
  app.get('/v1/explain/:cache/:key', { schema }, async (request, reply) => {
    const { cache } = request.params
    const key = rawKeyOf(request.originalUrl)
    checkCacheName(cache)
    checkKey(key)
    reply.header('cache-control', 'no-store')
    return explain(cache, key)
  })
  done()
}
