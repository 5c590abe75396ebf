/**
 * The one entrance: execute(command, origin) → outcome. REST, peers and whatever comes later are thin faces on it.
 *
 *      face ─► check ─► decide ─┬─► local     apply to the store, in this turn of the event loop
 *                               ├─► forward   once, to the coordinator; its outcome is ours
 *                               └─► refuse    a coded error
 *
 * It guarantees: an entry lies only on the coordinator of its token by this node's ring; reading, deciding and writing
 * are one step, so that of two conditional writes one wins; nothing waits longer than the forwarder's deadline.
 */
import type { View } from '@ringhold/sdk/membership'
import {
  ackOf,
  type ByteCommand,
  checkCacheName,
  checkContentType,
  checkKeyBytes,
  checkTtlMs,
  type Limits,
  type Outcome,
  RingholdError,
} from '@ringhold/sdk/protocol'
import type { Ring } from '@ringhold/sdk/ring'
import type { HybridClock } from '../clock/hybrid-clock.ts'
import type { KeyRange, Place, Store } from '../store/store.ts'
import { applyCommand, readHit } from './apply.ts'
import type { Counters } from './counters.ts'
import { type Answers, type Decision, decide, type Origin } from './decide.ts'
import type { Forwarder } from './forwarder.ts'
import type { HitSink } from './hit-sink.ts'

/** Executed is an outcome and the name of the node that it comes from. */
export interface Executed {
  readonly outcome: Outcome
  readonly by: string
}

/** Surroundings is what the core needs of the node around it. */
export interface Surroundings {
  readonly self: string
  readonly store: Store
  readonly clock: HybridClock
  readonly counters: Counters
  readonly forwarder: Forwarder
  readonly limits: Limits
  readonly ring: () => Ring
  readonly view: () => View
  readonly answers: (now: number) => Answers
  /** Milliseconds on the monotonic clock. */
  readonly now: () => number
  /** Milliseconds since 1970 on the wall clock. */
  readonly wallMs: () => number
  /** Called with the peer URL of a node that coordinates a token by our ring but not by its own. */
  readonly onRingSuspect: (peerUrl: string) => void
}

/** Ahead is what prepares for commands that are about to come to execute: a hint, see Store.expect. */
export interface Ahead {
  /** Whether that is worth its time. */
  readonly looksAhead: boolean
  expect(key: KeyRange): void
  prefetch(): void
}

const retryAfterMs = 1_000
const accepted: Outcome = { type: 'accepted' }

export class Executor implements Ahead {
  readonly #around: Surroundings
  readonly #nextVersion: () => number
  /** The cache name that was checked last: one comparison instead of a pattern for nearly every command. */
  #checkedCache = ''

  constructor(around: Surroundings) {
    this.#around = around
    this.#nextVersion = () => around.clock.next(around.wallMs())
  }

  /**
   * execute runs a command here or at its coordinator. Throws, or rejects with, a RingholdError. With a sink, a hit of this
   * node goes there before it returns, and it returns undefined; everything else is returned as without one.
   */
  execute(command: ByteCommand, origin: Origin): Executed | Promise<Executed>
  execute(command: ByteCommand, origin: Origin, sink: HitSink): Executed | Promise<Executed> | undefined
  execute(command: ByteCommand, origin: Origin, sink?: HitSink): Executed | Promise<Executed> | undefined {
    this.#check(command)
    const { self, answers, ring: ringNow, now: clockNow, store } = this.#around
    const now = clockNow()
    const ring = ringNow()
    const token = ring.tokenOfBytes(command.key)
    const decision = decide({ self, answers: answers(now), origin, coordinator: ring.coordinator(token) })
    if (decision.type === 'forward') return this.#forward(command, decision.to)
    if (decision.type === 'refuse') throw this.#refusal(decision, ring)
    if (sink !== undefined && command.type === 'get')
      return this.#readInto(sink, { token, cache: command.cache, key: command.key }, now)
    const outcome = applyCommand(store, command, { now, token, nextVersion: this.#nextVersion })
    this.#count(outcome)
    return { outcome: ackOf(command) === 'none' ? accepted : outcome, by: self }
  }

  get looksAhead(): boolean {
    return this.#around.store.looksAhead
  }

  expect(key: KeyRange): void {
    const { ring, store } = this.#around
    store.expect(ring().tokenOfRange(key), key)
  }

  prefetch(): void {
    this.#around.store.prefetch()
  }

  #readInto(sink: HitSink, place: Place, now: number): Executed | undefined {
    const { store, counters, self } = this.#around
    sink.now = now
    const outcome = readHit(store, place, sink)
    if (outcome === undefined) counters.hits++
    else this.#count(outcome)
    return outcome && { outcome, by: self }
  }

  #check(command: ByteCommand): void {
    const { limits } = this.#around
    if (command.cache !== this.#checkedCache) {
      checkCacheName(command.cache)
      this.#checkedCache = command.cache
    }
    checkKeyBytes(command.key, limits)
    if (command.type !== 'set') return
    if (command.ttlMs !== undefined) checkTtlMs(command.ttlMs)
    if (command.value.length > limits.valueBytesMax) {
      throw new RingholdError('RINGHOLD_VALUE_TOO_LARGE', { detail: `the value exceeds ${limits.valueBytesMax} bytes` })
    }
    checkContentType(command.contentType, limits)
  }

  async #forward(command: ByteCommand, to: string): Promise<Executed> {
    const { counters, view, forwarder, clock, wallMs } = this.#around
    const peerUrl = view().get(to)?.urls.peer
    if (peerUrl === undefined) throw new RingholdError('RINGHOLD_OWNER_UNREACHABLE', { node: to })
    counters.forwarded++
    try {
      const outcome = await forwarder.forward(command, { name: to, peerUrl })
      // What a client has seen must not be overtaken by a lower version, should this node coordinate the key next.
      if ('version' in outcome && outcome.version !== undefined) clock.accept(outcome.version, wallMs())
      return { outcome, by: to }
    } catch (error) {
      throw this.#isWrongOwner(error) ? this.#unsettled(to, peerUrl) : error
    }
  }

  #isWrongOwner(error: unknown): boolean {
    return error instanceof RingholdError && error.code === 'RINGHOLD_WRONG_OWNER'
  }

  #unsettled(to: string, peerUrl: string): RingholdError {
    const { self, ring, onRingSuspect } = this.#around
    onRingSuspect(peerUrl)
    const detail = `${to} owns this key by the ring of ${self}, but not by its own`
    return new RingholdError('RINGHOLD_RING_UNSETTLED', { detail, ring: ring().checksum, retryAfterMs })
  }

  #refusal({ code, detail, owner }: Decision & { type: 'refuse' }, ring: Ring): RingholdError {
    if (owner === undefined) return new RingholdError(code, { detail, retryAfterMs })
    this.#around.counters.wrongOwner++
    return new RingholdError(code, { detail, owner, ring: ring.checksum })
  }

  #count({ type }: Outcome): void {
    const { counters } = this.#around
    if (type === 'hit') counters.hits++
    else if (type === 'miss') counters.misses++
    else if (type === 'created' || type === 'replaced') counters.sets++
    else if (type === 'deleted') counters.deletes++
  }
}
