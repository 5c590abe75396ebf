/**
 * The connection to one node: attempts in, answers out. What carries them is its own business:
 *
 *      submit ─┬─► stream lane   frames over an upgraded connection
 *              └─► POST lane     where somebody on the way declines the upgrade; streams are tried again now and then
 *
 * Guarantees: every attempt is answered once, or cancelled; what is cancelled before it was sent is never sent. Replies
 * are read within bounds. The topology does not queue behind commands: it is needed most when they pile up.
 */
import { Pool } from 'undici'
import { type Attempt, cancel, type Unanswered } from './lane/attempt.ts'
import { type Exchanged, HttpExchange } from './lane/http-exchange.ts'
import { PostLane } from './lane/post-lane.ts'
import { StreamLane } from './lane/stream-lane.ts'
import {
  type Command,
  defaultLimits,
  errorOf,
  type Hello,
  type HttpReply,
  type Limits,
  type Outcome,
  ReceivedHit,
  RingholdError,
  readTopology,
  type Topology,
} from './protocol/index.ts'
import type { Scope } from './scope.ts'

/** Answer is what became of an attempt that somebody waits for within a scope. */
export type Answer<T> =
  | { readonly type: 'outcome'; readonly outcome: T }
  | Unanswered
  /** The scope is over. */
  | { readonly type: 'interrupted'; readonly isSent: boolean }

/** TopologyReply is a topology with its ETag; undefined: it is still the one of the ETag that was sent. */
export type TopologyReply = { readonly topology: Topology; readonly etag: string | undefined } | undefined

/** Connection is everything that the rest of the client knows of the wire. */
export interface Connection {
  /** Scheme, host and port. */
  readonly url: string
  submit(attempt: Attempt): void
  topology(etag: string | undefined, scope: Scope): Promise<Answer<TopologyReply>>
  /** close resolves when what is under way is done. */
  close(): Promise<void>
  /** destroy breaks what is under way. */
  destroy(): Promise<void>
}

/** Transport is how commands travel. 'stream': over upgraded connections, by requests where that is declined. 'post': by requests only. */
export type Transport = 'stream' | 'post'

export interface ConnectionOptions {
  readonly url: string
  readonly transport: Transport
  readonly streams: number
  readonly connectionsMax: number
  readonly connectTimeoutMs: number
  readonly limits: Limits
  /** How many calls of the client are under way: one alone leaves at once, many in portions. Default: those of each stream. */
  readonly underWay?: (() => number) | undefined
  /** Called with the checksum of the node's ring: with each greeting, and when it has changed. */
  readonly onRing: (ring: string) => void
  /** How long commands go by requests after an upgrade was declined, before streams are tried again; up to half as long again. Default: 30,000. */
  readonly declinedMs?: number
}

/** topologyBytesMax is room for the records of tens of thousands of members. */
const topologyBytesMax = 16_777_216
/** openConnection makes a connection, which connects when it is first used. */
export function openConnection(options: ConnectionOptions): Connection {
  return new NodeConnection(options)
}

class NodeConnection implements Connection {
  readonly url: string
  readonly #posts: PostLane
  readonly #streams: StreamLane
  readonly #topologyPool: Pool
  readonly #declinedMs: number
  #usesStreams: boolean
  /** Largest value that the node takes: as every node, until it says otherwise. */
  #valueBytesMax = defaultLimits.valueBytesMax
  /** When streams are tried again. */
  #retryMs = Number.POSITIVE_INFINITY

  constructor(options: ConnectionOptions) {
    const { url, connectTimeoutMs, transport, declinedMs = 30_000 } = options
    const onHello = ({ limits }: Hello) => {
      this.#valueBytesMax = limits.valueBytesMax
    }
    this.#declinedMs = declinedMs
    this.url = url
    this.#usesStreams = transport === 'stream'
    this.#posts = new PostLane({ ...options, onHello })
    this.#streams = new StreamLane({ ...options, onHello, onDeclined: (waiting) => this.#declined(waiting) })
    const timeouts = { connect: { timeout: connectTimeoutMs }, headersTimeout: 0, bodyTimeout: 0 }
    this.#topologyPool = new Pool(url, { ...timeouts, connections: 1 })
  }

  submit(attempt: Attempt): void {
    const { command } = attempt
    if (command.type === 'set' && command.value.length > this.#valueBytesMax)
      this.#refuse(attempt, command.value.length)
    else if (this.#usesStreams || this.#streams.isOpen) this.#streams.submit(attempt)
    else {
      this.#posts.submit(attempt)
      if (performance.now() >= this.#retryMs) this.#retry()
    }
  }

  topology(etag: string | undefined, scope: Scope): Promise<Answer<TopologyReply>> {
    if (scope.interruption) return Promise.resolve({ type: 'interrupted', isSent: false })
    return new Promise((resolve) => {
      const wire = { url: this.url, pool: this.#topologyPool, bytesMax: topologyBytesMax }
      const headers: Record<string, string> = etag === undefined ? {} : { 'if-none-match': etag }
      const exchange = new HttpExchange(wire, { method: 'GET', path: '/v1/topology', headers }, (exchanged) => {
        scope.leave(onInterrupt)
        resolve(topologyAnswerOf(exchanged))
      })
      const onInterrupt = () => {
        exchange.abort()
        resolve({ type: 'interrupted', isSent: exchange.isSent })
      }
      scope.enter(onInterrupt)
    })
  }

  async close(): Promise<void> {
    await Promise.all([this.#posts.close(), this.#streams.close(), this.#topologyPool.close()])
  }

  async destroy(): Promise<void> {
    await Promise.all([this.#posts.destroy(), this.#streams.destroy(), this.#topologyPool.destroy()])
  }

  /** A node that cannot read a frame ends the connection, and with it what others have under way there. */
  #refuse(attempt: Attempt, bytes: number): void {
    const detail = `the value has ${bytes} bytes, and the node takes ${this.#valueBytesMax}`
    const error = new RingholdError('RINGHOLD_VALUE_TOO_LARGE', { detail, node: this.url })
    queueMicrotask(() => {
      if (!attempt.isCancelled) attempt.fail({ type: 'reply', error, ring: undefined })
    })
  }

  #declined(waiting: readonly Attempt[]): void {
    this.#usesStreams = false
    this.#planRetry()
    for (const attempt of waiting) if (!attempt.isCancelled) this.#posts.submit(attempt)
  }

  #retry(): void {
    this.#planRetry()
    this.#streams.connect()
  }

  #planRetry(): void {
    this.#retryMs = performance.now() + this.#declinedMs * (1 + Math.random() / 2)
  }
}

/** execute sends a command within a scope. Never rejects; every answer comes before the scope is over or at that moment. */
export function execute<K extends string | Uint8Array>(
  connection: Pick<Connection, 'submit'>,
  { command, isDirect }: { readonly command: Command<K>; readonly isDirect: boolean },
  scope: Scope,
): Promise<Answer<Outcome>> {
  if (scope.interruption) return Promise.resolve({ type: 'interrupted', isSent: false })
  return new Promise((resolve) => connection.submit(new ScopedAttempt({ command, isDirect }, scope, resolve)))
}

class ScopedAttempt implements Attempt {
  readonly command: Command<string | Uint8Array>
  readonly isDirect: boolean
  id = 0
  isCancelled = false
  carrier = undefined
  readonly #scope: Scope
  readonly #resolve: (answer: Answer<Outcome>) => void
  readonly #onInterrupt = () => this.#resolve({ type: 'interrupted', isSent: cancel(this) })

  constructor(
    { command, isDirect }: { readonly command: Command<string | Uint8Array>; readonly isDirect: boolean },
    scope: Scope,
    resolve: (answer: Answer<Outcome>) => void,
  ) {
    this.command = command
    this.isDirect = isDirect
    this.#scope = scope
    this.#resolve = resolve
    scope.enter(this.#onInterrupt)
  }

  succeed(outcome: Outcome): void {
    this.#scope.leave(this.#onInterrupt)
    // Whoever waits comes by in a later turn.
    this.#resolve({ type: 'outcome', outcome: outcome instanceof ReceivedHit ? outcome.kept() : outcome })
  }

  fail(failure: Unanswered): void {
    this.#scope.leave(this.#onInterrupt)
    this.#resolve(failure)
  }
}

function topologyAnswerOf(exchanged: Exchanged): Answer<TopologyReply> {
  if (exchanged.type !== 'answered') return exchanged
  try {
    return { type: 'outcome', outcome: topologyReplyOf(exchanged.reply) }
  } catch (error) {
    if (error instanceof RingholdError) return { type: 'reply', error, ring: undefined }
    throw error
  }
}

function topologyReplyOf(reply: HttpReply): TopologyReply {
  if (reply.status === 304) return undefined
  if (reply.status !== 200) throw errorOf(reply)
  const { etag } = reply.headers
  return { topology: readTopology(reply.body), etag: typeof etag === 'string' ? etag : undefined }
}
