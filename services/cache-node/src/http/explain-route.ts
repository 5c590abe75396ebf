import { checkCacheName, checkKey } from '@ringhold/sdk/protocol'
import type { FastifyPluginCallback } from 'fastify'
import type { FromSchema } from 'json-schema-to-ts'
import { objectOf, optionsOf, text, truth } from '../schema.ts'
import { rawKeyOf } from './raw-key.ts'

/** Explanation is the body of GET /v1/explain: where a key belongs by the ring of the node that answers. */
export type Explanation = FromSchema<typeof explanation>

const integer = { type: 'integer' } as const

const explanation = {
  type: 'object',
  properties: {
    cache: text,
    key: text,
    hash: { ...integer, description: 'Of the key, 32 bits.' },
    token: integer,
    owners: { type: 'array', items: objectOf({ name: text, url: text, status: text }) },
    coordinator: { ...text, description: 'The first owner; absent when the ring has no members.' },
    answeredBy: text,
    isCoordinator: truth,
    ring: { ...text, description: 'Checksum of the ring.' },
  },
  required: ['cache', 'key', 'hash', 'token', 'owners', 'answeredBy', 'isCoordinator', 'ring'],
  additionalProperties: false,
} as const

const schema = {
  params: objectOf({ cache: text, key: text }),
  querystring: optionsOf({}),
  response: { 200: explanation },
}

export interface ExplainRouteOptions {
  readonly explain: (cache: string, key: string) => Explanation
}

/** GET /v1/explain/{cache}/{key}: which nodes own a key, and why. The key need not exist. */
export const explainRoute: FastifyPluginCallback<ExplainRouteOptions> = (app, { explain }, done) => {
  app.get<{ Params: FromSchema<typeof schema.params> }>(
    '/v1/explain/:cache/:key',
    { schema },
    async (request, reply) => {
      const { cache } = request.params
      const key = rawKeyOf(request.originalUrl)
      checkCacheName(cache)
      checkKey(key)
      reply.header('cache-control', 'no-store')
      return explain(cache, key)
    },
  )
  done()
}
