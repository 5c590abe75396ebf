import { RingholdError } from '@ringhold/sdk/protocol'
import type { FastifyPluginCallback } from 'fastify'
import { objectOf } from '../schema.ts'

/** Why the node should get no requests now; undefined when it should. */
export type Unreadiness = 'joining' | 'fenced' | 'leaving' | undefined

/** GET /livez: the process answers. GET /readyz: it is a member of its fleet and not about to go. Neither asks a peer. */
export const healthRoutes: FastifyPluginCallback<{ unreadiness: () => Unreadiness }> = (app, options, done) => {
  const answer = (status: string) => ({ response: { 200: objectOf({ status: { const: status } }) } })
  app.get('/livez', { schema: answer('live') }, async () => ({ status: 'live' }))
  app.get('/readyz', { schema: answer('ready') }, async () => {
    const why = options.unreadiness()
    if (why === undefined) return { status: 'ready' }
    throw new RingholdError('RINGHOLD_NOT_READY', { detail: `the node is ${why}`, retryAfterMs: 1_000 })
  })
  done()
}
