/**
 * The REST face of the commands on one key. The value is the body, raw, with its content type; everything else travels
 * in header fields. A route turns its request into a command, hands it to execute and turns the outcome into a reply.
 */
import type { IncomingMessage } from 'node:http'
import {
  type Ack,
  type ByteCommand,
  type Deleted,
  defaultContentType,
  etagOf,
  type Hit,
  headerNames,
  RingholdError,
  type Version,
} from '@ringhold/sdk/protocol'
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import type { FromSchema } from 'json-schema-to-ts'
import type { Origin } from '../core/decide.ts'
import type { Executed } from '../core/executor.ts'
import type { HitSink } from '../core/hit-sink.ts'
import { free, isFromWire } from '../free.ts'
import { objectOf, optionsOf, text } from '../schema.ts'
import type { Rooms } from '../stream/rooms.ts'
import { type Body, readBody } from './body.ts'
import { whenOver } from './connection-end.ts'
import { keyNotFound, missStatus } from './key-not-found.ts'
import { conditionOf, readAnswer } from './preconditions.ts'
import { sendProblem } from './problems.ts'
import { rawKeyOf } from './raw-key.ts'
import { refuseEncodedContent } from './strictness.ts'

export interface KeyRoutesOptions {
  /** The name of this node. */
  readonly self: string
  /** With a sink, the bytes of the command are good until it returns. */
  readonly execute: {
    (command: ByteCommand, origin: Origin): Executed | Promise<Executed>
    (command: ByteCommand, origin: Origin, sink: HitSink): Executed | Promise<Executed> | undefined
  }
  readonly originOf: (request: FastifyRequest) => Origin
  /** Checksum of the present ring. */
  readonly ringChecksum: () => string
  readonly valueBytesMax: number
  readonly rooms: Rooms
}

const url = '/v1/caches/:cache/keys/:key'

const schema = {
  // The key is taken from the request line instead, see raw-key.ts.
  params: objectOf({ cache: text, key: text }),
  querystring: optionsOf({}),
}

const writeSchema = {
  params: schema.params,
  querystring: optionsOf({ ack: { enum: ['all', 'one', 'none'] } }),
}

const noBytes = Buffer.alloc(0)
/** A write has no hit. */
const noSink: HitSink = {
  target: noBytes,
  at: 0,
  length: 0,
  contentType: '',
  version: 0,
  expiresAt: undefined,
  now: 0,
  isPutOff: false,
  onFound: () => {},
}

interface Read {
  Params: FromSchema<typeof schema.params>
}

interface Write extends Read {
  Querystring: FromSchema<typeof writeSchema.querystring>
}

export const keyRoutes: FastifyPluginCallback<KeyRoutesOptions> = (app, options, done) => {
  const { self, execute, originOf, ringChecksum, valueBytesMax, rooms } = options

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request: FastifyRequest, payload: IncomingMessage) =>
    readBody({ request: payload, room: rooms.commands, bytesMax: valueBytesMax }),
  )
  // Requests that are refused before their route is called have a body all the same.
  app.addHook('onResponse', (request, _reply, over) => {
    ;(request.body as Body | undefined)?.release()
    over()
  })
  refuseEncodedContent(app)

  // HEAD comes with GET.
  app.get<Read>(url, { schema }, async (request, reply) => {
    const { cache } = request.params
    const { outcome, by } = await execute({ type: 'get', cache, key: keyOf(request) }, originOf(request))
    if (outcome.type === 'miss') {
      describe(reply, by, missStatus(outcome))
      return sendProblem(reply, keyNotFound(outcome.reason), self)
    }
    if (outcome.type !== 'hit') throw new RingholdError('RINGHOLD_INTERNAL')
    describe(reply, by, 'hit')
    return sendHit(request, reply, outcome)
  })

  app.put<Write>(url, { schema: writeSchema }, async (request, reply) => {
    const { outcome, by } = await put(request, request.body as Body | undefined)
    describe(reply, by)
    if (outcome.type === 'accepted') return reply.code(202).send()
    if (outcome.type === 'condition-failed') throw conditionFailed(outcome.version)
    if (outcome.type !== 'created' && outcome.type !== 'replaced') throw new RingholdError('RINGHOLD_INTERNAL')
    reply.header('etag', etagOf(outcome.version)).header(headerNames.copies, String(outcome.copies))
    return reply.code(outcome.type === 'created' ? 201 : 204).send()
  })

  /** The body is lent to execute, and goes back when that has what it needs of it. */
  function put(request: FastifyRequest<Write>, body: Body | undefined): Executed | Promise<Executed> {
    try {
      const { headers } = request
      const command: ByteCommand = {
        type: 'set',
        cache: request.params.cache,
        key: keyOf(request),
        value: body?.bytes ?? noBytes,
        contentType: headers['content-type'] ?? defaultContentType,
        ttlMs: ttlMsOf(headers[headerNames.ttl]),
        condition: conditionOf(headers),
        ack: ackOf(request.query.ack),
      }
      return execute(command, originOf(request), noSink) as Executed | Promise<Executed>
    } finally {
      body?.release()
    }
  }

  app.delete<Write>(url, { schema: writeSchema }, async (request, reply) => {
    const { cache } = request.params
    const key = keyOf(request)
    const condition = conditionOf(request.headers)
    const ack = ackOf(request.query.ack)
    const { outcome, by } = await execute({ type: 'delete', cache, key, condition, ack }, originOf(request))
    describe(reply, by)
    if (outcome.type === 'accepted') return reply.code(202).send()
    if (outcome.type === 'condition-failed') throw conditionFailed(outcome.version)
    if (outcome.type === 'deleted' || outcome.type === 'absent') describeTombstone(reply, outcome)
    if (outcome.type === 'absent') return sendProblem(reply, keyNotFound(), self)
    return reply.code(204).send()
  })

  /** Says who answered and by which ring. Never the key: a header cannot carry every key. */
  function describe(reply: FastifyReply, by: string, result?: string): void {
    const answered = result === undefined ? `"${by}"` : `"${by}"; ${result}`
    const status = by === self ? answered : `${answered}, "${self}"; fwd=bypass; detail=forwarded`
    reply.header('cache-status', status).header('cache-control', 'no-store').header(headerNames.ring, ringChecksum())
  }

  done()
}

function describeTombstone(reply: FastifyReply, { version, copies = 0 }: Deleted): void {
  if (version !== undefined) reply.header('etag', etagOf(version)).header(headerNames.copies, String(copies))
}

function ackOf(ack: Ack | undefined): 'one' | 'none' | undefined {
  return ack === 'all' ? undefined : ack
}

function sendHit(request: FastifyRequest, reply: FastifyReply, hit: Hit): FastifyReply {
  const answer = readAnswer(request.headers, hit.version)
  if (answer === 'failed') throw conditionFailed(hit.version)
  reply.header('etag', etagOf(hit.version))
  if (hit.ttlMs !== undefined) reply.header(headerNames.ttl, String(hit.ttlMs))
  if (answer === 'not-modified') return reply.code(304).send()
  // A hit of a route has a copy of its own.
  if (isFromWire(request.raw)) whenOver(reply.raw, () => free(hit.value))
  return reply.header('content-type', hit.contentType).send(hit.value)
}

function conditionFailed(version: Version | undefined): RingholdError {
  return new RingholdError('RINGHOLD_CONDITION_FAILED', { ...(version !== undefined && { version }) })
}

function keyOf({ originalUrl }: FastifyRequest): Uint8Array {
  return Buffer.from(rawKeyOf(originalUrl))
}

/** Throws RINGHOLD_BAD_TTL, quoting the field as it came, unless it is a plain number; execute judges the number. */
function ttlMsOf(field: string | string[] | undefined): number | undefined {
  if (field === undefined) return undefined
  if (typeof field === 'string' && /^\d{1,16}$/.test(field)) return Number(field)
  throw new RingholdError('RINGHOLD_BAD_TTL', { detail: `the time to live ${JSON.stringify(field)} is not usable` })
}
