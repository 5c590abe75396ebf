/** Requests that no route takes: 405 with Allow where the path has routes for other methods, 404 where it has none. */
import { RingholdError } from '@ringhold/sdk/protocol'
import type { FastifyInstance } from 'fastify'
import { sendProblem } from './problems.ts'

/** answerUnknownRoutes must be called before the routes are added. */
export function answerUnknownRoutes(app: FastifyInstance, node: string): void {
  const methodsOf = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    const known = methodsOf.get(url) ?? new Set()
    for (const each of [method].flat()) known.add(each)
    methodsOf.set(url, known)
  })
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] as string
    for (const [pattern, methods] of methodsOf) {
      if (!matches(pattern, path)) continue
      reply.header('allow', [...methods].sort().join(', '))
      return sendProblem(reply, new RingholdError('RINGHOLD_METHOD_NOT_ALLOWED'), node)
    }
    return sendProblem(reply, new RingholdError('RINGHOLD_ROUTE_NOT_FOUND'), node)
  })
}

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/')
  const segments = path.split('/')
  return wanted.length === segments.length && wanted.every((part, at) => part.startsWith(':') || part === segments[at])
}
