/**
 * One HTTP listener of a node, before it has routes: strict about what it takes, patient for a bounded time only, and
 * answering every error with a problem. Clients and peers get one each.
 */
import type { Server, ServerResponse } from 'node:http'
import { RingholdError } from '@ringhold/sdk/protocol'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { answerProblems, codedError, rawProblem, sendProblem } from './problems.ts'
import { cutSilent, silenceMsOf } from './silence.ts'
import { refuseAmbiguity } from './strictness.ts'
import { answerUnknownRoutes } from './unknown-routes.ts'

export interface ListenerOptions {
  /** The name of this node. */
  readonly self: string
  readonly logger: FastifyBaseLogger
  readonly patience?: Patience
}

/** Patience is how long things may take, in milliseconds. Node looks every `checkMs`: limits are late by that at most. */
export interface Patience {
  /** Until the head of a request is there; from when the connection stands. */
  readonly headMs: number
  /** Until the whole request is there: a megabyte over a slow line. */
  readonly requestMs: number
  /**
   * Without a byte in either direction: above the longest long-poll, and between requests longer than clients keep idle
   * connections, so that they close first.
   */
  readonly silenceMs: number
  readonly checkMs: number
}

export const defaultPatience: Patience = {
  headMs: 10_000,
  requestMs: 30_000,
  silenceMs: 72_000,
  checkMs: 1_000,
}

/** connectionsMax is how many connections a listener holds at a time: 10,000 clients, and room for those who look after the node. */
export const connectionsMax = 10_240

/** Node refuses request heads above 16 KiB, so that every key that arrives fits. */
const paramCharsMax = 16_384

/** newListener makes a listener without routes. */
export function newListener({ self, logger, patience = defaultPatience }: ListenerOptions): FastifyInstance {
  const app = Fastify({
    loggerInstance: logger,
    // Requests are counted, not logged, and need no logger of their own each.
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: (parent) => parent,
    routerOptions: { maxParamLength: paramCharsMax },
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
    requestTimeout: patience.requestMs,
    // Node would answer a missing Host by itself, without a problem.
    http: { headersTimeout: patience.headMs, connectionsCheckingInterval: patience.checkMs, requireHostHeader: false },
    forceCloseConnections: 'idle',
    // While it closes a node still answers what comes over connections that stand; it has announced its leave before.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => {
      // It goes past the hooks.
      hintKeepAlive(reply.raw, reply.server.server)
      sendProblem(reply, codedError(error, request.url), self)
    },
    clientErrorHandler: (error, socket) => {
      if (!socket.writable || error.code === 'ECONNRESET') return socket.destroy()
      const detail = `the request cannot be read (${error.code})`
      socket.end(rawProblem(new RingholdError('RINGHOLD_BAD_REQUEST', { detail }), self))
    },
  })
  app.server.maxConnections = connectionsMax
  cutSilent(app.server, patience)
  // Where the time between requests has a limit of its own, Node makes two timers for each request. Fastify takes no 0.
  app.server.keepAliveTimeout = 0
  // Node would drop fields beyond the first 2,000 without a word, a condition among them; 16 KiB bound them as well.
  app.server.maxHeadersCount = 0
  // An expectation that Node does not know is refused like all else that is not understood.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
  // Routes that take a body say how; for all others it is let go, unread and uncounted.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, parsed) => {
    payload.resume()
    parsed(null)
  })
  answerProblems(app, self)
  answerUnknownRoutes(app, self)
  refuseAmbiguity(app)
  hearOutTooLargeBodies(app)
  sayHowLongConnectionsStay(app)
  return app
}

/** keepAliveHintOf is what replies say of how long a connection without requests stays: clients that know do not run into its end. */
export function keepAliveHintOf(server: Server): string {
  return `timeout=${Math.floor(silenceMsOf(server) / 1_000)}`
}

/** hintKeepAlive has a reply say it, unless its connection ends. */
export function hintKeepAlive(response: ServerResponse, server: Server): void {
  if (response.shouldKeepAlive) response.setHeader('keep-alive', keepAliveHintOf(server))
}

/**
 * What is left of a body that is too large is let go unread, for as long as a request may take. Fastify would close the
 * connection: to a sender that still sends, that is a reset, which may reach it before the 413 does.
 */
function hearOutTooLargeBodies(app: FastifyInstance): void {
  app.addHook('onSend', (request, reply, _payload, done) => {
    if (reply.statusCode === 413) {
      reply.removeHeader('connection')
      request.raw.resume()
    }
    done()
  })
}

/**
 * Every reply says for how long its connection stays. Once it closes, a listener says that it ends: Fastify does for
 * requests that come later, not for those under way.
 */
function sayHowLongConnectionsStay(app: FastifyInstance): void {
  let isClosing = false
  app.addHook('preClose', (done) => {
    isClosing = true
    done()
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (isClosing) reply.header('connection', 'close')
    else hintKeepAlive(reply.raw, app.server)
    done()
  })
}
