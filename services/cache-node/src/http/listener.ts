/**
 * One HTTP listener of a node, before it has routes: strict about what it takes, patient for a bounded time only, and
 * answering every error with a problem. Clients and peers get one each.
 */
import { RingholdError } from '@ringhold/sdk/protocol'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { answerProblems, codedError, rawProblem, sendProblem } from './problems.ts'
import { refuseAmbiguity } from './strictness.ts'
import { answerUnknownRoutes } from './unknown-routes.ts'

export interface ListenerOptions {
  /** The name of this node. */
  readonly self: string
  readonly logger: FastifyBaseLogger
}

/** How long things may take, in milliseconds. Node looks every `checkMs`, so limits are late by that at most. */
const patience = {
  /** Until the head of a request is there; from when the connection stands. */
  headMs: 10_000,
  /** Until the whole request is there: a megabyte over a slow line. */
  requestMs: 30_000,
  /** Without a byte in either direction; above the longest long-poll. */
  silenceMs: 40_000,
  /** Between requests: longer than clients keep idle connections, so that they close first. */
  keepAliveMs: 72_000,
  checkMs: 1_000,
} as const

/** connectionsMax is how many connections a listener holds at a time. */
export const connectionsMax = 10_000

/** Node refuses request heads above 16 KiB, so that every key that arrives fits. */
const paramCharsMax = 16_384

/** newListener makes a listener without routes. */
export function newListener({ self, logger }: ListenerOptions): FastifyInstance {
  const app = Fastify({
    loggerInstance: logger,
    // Requests are counted, not logged, and need no logger of their own each.
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: (parent) => parent,
    routerOptions: { maxParamLength: paramCharsMax },
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
    requestTimeout: patience.requestMs,
    connectionTimeout: patience.silenceMs,
    keepAliveTimeout: patience.keepAliveMs,
    http: { headersTimeout: patience.headMs, connectionsCheckingInterval: patience.checkMs },
    forceCloseConnections: 'idle',
    // While it closes a node still answers what comes over connections that stand; it has announced its leave before.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => {
      sendProblem(reply, codedError(error, request.url), self)
    },
    clientErrorHandler: (error, socket) => {
      if (!socket.writable || error.code === 'ECONNRESET') return socket.destroy()
      const detail = `the request cannot be read (${error.code})`
      socket.end(rawProblem(new RingholdError('RINGHOLD_BAD_REQUEST', { detail }), self))
    },
  })
  app.server.maxConnections = connectionsMax
  // Routes that take a body say how; for all others it is let go, unread and uncounted.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, parsed) => {
    payload.resume()
    parsed(null)
  })
  answerProblems(app, self)
  answerUnknownRoutes(app, self)
  refuseAmbiguity(app)
  return app
}
