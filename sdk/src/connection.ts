/**
 * The connection to one node: commands in, answers out. The only file that knows undici; whatever carries commands in a
 * later release replaces this file and nothing else.
 *
 * Guarantees: every answer comes before the scope of its call is over or at that moment; nothing rejects. A key travels
 * in the raw path, never through a URL parser, which would resolve the keys `.` and `..`. A reply is read within a
 * bound. What is dropped before it was sent is never sent.
 */
import { type Dispatcher, Pool } from 'undici'
import {
  type Command,
  errorOf,
  type HttpReply,
  type HttpRequest,
  headerNames,
  type Outcome,
  outcomeOf,
  RingholdError,
  readTopology,
  requestOf,
  type Topology,
} from './protocol/index.ts'
import type { Scope } from './scope.ts'

/** Envelope is what travels with a command. */
export interface Envelope {
  /** Checksum of the ring by which it was routed. */
  readonly ring: string
  /** Whether a node that is not the coordinator shall answer 421 instead of forwarding. */
  readonly isDirect: boolean
}

/** Answer is what became of an attempt. */
export type Answer<T> =
  | { readonly type: 'outcome'; readonly outcome: T; readonly ring: string | undefined }
  /** The node answered with an error. */
  | { readonly type: 'reply'; readonly error: RingholdError; readonly ring: string | undefined }
  /** 'refused': nothing was sent. 'lost': it was sent, and the connection broke before the reply was complete. */
  | { readonly type: 'refused' | 'lost'; readonly error: RingholdError; readonly ring: undefined }
  /** The scope is over. */
  | { readonly type: 'interrupted'; readonly isSent: boolean; readonly ring: undefined }

/** TopologyReply is a topology with its ETag; undefined: it is still the one of the ETag that was sent. */
export type TopologyReply = { readonly topology: Topology; readonly etag: string | undefined } | undefined

/** Connection is everything that the rest of the client knows of the wire. */
export interface Connection {
  /** Scheme, host and port. */
  readonly url: string
  execute(command: Command, envelope: Envelope, scope: Scope): Promise<Answer<Outcome>>
  topology(etag: string | undefined, scope: Scope): Promise<Answer<TopologyReply>>
  /** close resolves when what is under way is done. */
  close(): Promise<void>
  /** destroy breaks what is under way. */
  destroy(): Promise<void>
}

export interface ConnectionOptions {
  readonly url: string
  readonly connectionsMax: number
  readonly connectTimeoutMs: number
  readonly valueBytesMax: number
}

/** topologyBytesMax is room for the records of tens of thousands of members. */
const topologyBytesMax = 16_777_216
/** problemBytes is room for an error reply where values are allowed to be smaller than that. */
const problemBytes = 65_536

/** httpConnection opens a connection of one HTTP/1.1 request per command, over a pool of kept-alive sockets. */
export function httpConnection({
  url,
  connectionsMax,
  connectTimeoutMs,
  valueBytesMax,
}: ConnectionOptions): Connection {
  // The deadline of each call is kept by its scope, which is exact where these timers are coarse.
  const options = { connect: { timeout: connectTimeoutMs }, headersTimeout: 0, bodyTimeout: 0 }
  const pool = new Pool(url, { ...options, connections: connectionsMax })
  // What the topology says is needed most when commands pile up: it does not queue behind them.
  const topologyPool = new Pool(url, { ...options, connections: 1 })
  const wire = { url, pool, bytesMax: Math.max(valueBytesMax, problemBytes) }
  const topologyWire = { url, pool: topologyPool, bytesMax: topologyBytesMax }
  return {
    url,
    async execute(command, { ring, isDirect }, scope) {
      const request = requestOf(command)
      request.headers[headerNames.ring] = ring
      if (isDirect) request.headers[headerNames.route] = 'direct'
      const answer = await new Exchange(wire, request).run(scope)
      return readAnswer(answer, (reply) => outcomeOf(command, reply))
    },
    async topology(etag, scope) {
      const headers: Record<string, string> = etag === undefined ? {} : { 'if-none-match': etag }
      const answer = await new Exchange(topologyWire, { method: 'GET', path: '/v1/topology', headers }).run(scope)
      return readAnswer(answer, topologyReplyOf)
    },
    async close() {
      await Promise.all([pool.close(), topologyPool.close()])
    },
    async destroy() {
      await Promise.all([pool.destroy(), topologyPool.destroy()])
    },
  }
}

function topologyReplyOf(reply: HttpReply): TopologyReply {
  if (reply.status === 304) return undefined
  if (reply.status !== 200) throw errorOf(reply)
  const { etag } = reply.headers
  return { topology: readTopology(reply.body), etag: typeof etag === 'string' ? etag : undefined }
}

function readAnswer<T>(answer: Answer<HttpReply>, read: (reply: HttpReply) => T): Answer<T> {
  if (answer.type !== 'outcome') return answer
  const { ring } = answer
  try {
    return { type: 'outcome', outcome: read(answer.outcome), ring }
  } catch (error) {
    if (error instanceof RingholdError) return { type: 'reply', error, ring }
    throw error
  }
}

/** Wire is where an exchange takes place: a pool of sockets, and how large a reply may be. */
interface Wire {
  readonly url: string
  readonly pool: Pool
  readonly bytesMax: number
}

/** An exchange is one request and its reply, read to the end. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #wire: Wire
  readonly #request: HttpRequest
  #controller: Dispatcher.DispatchController | undefined
  #settle: ((answer: Answer<HttpReply>) => void) | undefined
  #status = 0
  #headers: HttpReply['headers'] = {}
  #first: Uint8Array | undefined
  #more: Uint8Array[] | undefined
  #bytes = 0

  constructor(wire: Wire, request: HttpRequest) {
    this.#wire = wire
    this.#request = request
  }

  run(scope: Scope): Promise<Answer<HttpReply>> {
    if (scope.interruption) return Promise.resolve({ type: 'interrupted', isSent: false, ring: undefined })
    return new Promise((resolve) => {
      const cancel = () => this.#interrupt()
      this.#settle = (answer) => {
        this.#settle = undefined
        scope.leave(cancel)
        resolve(answer)
      }
      scope.enter(cancel)
      const { method, path, headers, body } = this.#request
      this.#wire.pool.dispatch({ method, path, headers, body: body ?? null }, this)
    })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (!this.#settle) controller.abort(aborted)
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: HttpReply['headers']): void {
    this.#status = status
    this.#headers = headers
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    this.#bytes += chunk.byteLength
    if (this.#bytes > this.#wire.bytesMax) {
      const detail = `the reply has more than ${this.#wire.bytesMax} bytes`
      this.#settle?.({ type: 'reply', error: new RingholdError('RINGHOLD_BAD_REPLY', { detail }), ring: undefined })
      controller.abort(aborted)
    } else if (this.#first === undefined) this.#first = chunk
    else if (this.#more) this.#more.push(chunk)
    else this.#more = [this.#first, chunk]
  }

  onResponseEnd(): void {
    const body = this.#more ? Buffer.concat(this.#more, this.#bytes) : (this.#first ?? noBytes)
    const ring = this.#headers[headerNames.ring]
    const outcome = { status: this.#status, headers: this.#headers, body }
    this.#settle?.({ type: 'outcome', outcome, ring: typeof ring === 'string' ? ring : undefined })
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    const isSent = this.#controller !== undefined
    const reason = reasonOf(cause)
    const error = new RingholdError('RINGHOLD_CONNECTION_LOST', {
      detail: isSent ? `the connection broke before the answer came: ${reason}` : `could not connect: ${reason}`,
      node: this.#wire.url,
      cause,
      ...(!isSent && { executed: 'no' }),
    })
    this.#settle?.({ type: isSent ? 'lost' : 'refused', error, ring: undefined })
  }

  #interrupt(): void {
    this.#settle?.({ type: 'interrupted', isSent: this.#controller !== undefined, ring: undefined })
    this.#controller?.abort(aborted)
  }
}

const noBytes = new Uint8Array(0)
const aborted = new Error('the call is over')

/** reasonOf names what the system said: ECONNREFUSED and the like, also where several addresses were tried. */
function reasonOf(error: Error & { readonly code?: unknown }): string {
  const first = error instanceof AggregateError ? (error.errors[0] as Error | undefined) : undefined
  if (error.message === '' && first) return first.message
  return error.message || String(error.code ?? error.name)
}
