/**
 * What the parts of one node's copies share: its store, its clocks, its ring and view, the means to ask peers, and the
 * moment of the input at hand. The parts hold no clock and no sockets; they read `now`, and push effects.
 */
import { isGone, type View } from '@ringhold/sdk/membership'
import type { Version } from '@ringhold/sdk/protocol'
import { Ring } from '@ringhold/sdk/ring'
import type { HybridClock } from '../clock/hybrid-clock.ts'
import type { Place, ReplicatedStore } from '../store/store.ts'
import { Asks } from './asks.ts'
import type { Effect } from './effect.ts'
import type { AskSettled, Envelope, PeerReply, PeerRequest } from './peer-request.ts'
import type { CopiesSettings } from './settings.ts'

export interface CoreOptions {
  readonly self: string
  readonly seed: number
  readonly store: ReplicatedStore
  readonly clock: HybridClock
  readonly settings: CopiesSettings
  /** A number in [0, 1). */
  readonly random: () => number
}

export class Core {
  readonly self: string
  readonly store: ReplicatedStore
  readonly clock: HybridClock
  readonly settings: CopiesSettings
  readonly random: () => number
  readonly effects: Effect[] = []
  readonly asks: Asks
  /** Of this node, as membership last told. */
  ring: Ring
  view: View = new Map()
  /** Present incarnation of this node. */
  incarnation = 0
  /** Of the input at hand: the monotonic clock, and the wall clock in milliseconds since 1970. */
  now = 0
  wallMs = 0
  #mayBeOutrun = false

  constructor({ self, seed, store, clock, settings, random }: CoreOptions) {
    this.self = self
    this.store = store
    this.clock = clock
    this.settings = settings
    this.random = random
    this.ring = new Ring({ members: [], seed })
    this.asks = new Asks(this)
  }

  /** takeEffects hands over what the parts have asked for: from here on it counts as sent. */
  takeEffects(): Effect[] {
    this.asks.sent()
    return this.effects.splice(0)
  }

  get envelope(): Envelope {
    return { from: this.self, incarnation: this.incarnation, clock: this.clock.last }
  }

  /**
   * peers are the members that may hold entries or coordinate tokens, without this node: all that are not dead and have not
   * left. Joining ones do not yet; but of nodes that start together each sees the others join, and whom it does not ask might
   * do the same alone.
   */
  get peers(): string[] {
    const names: string[] = []
    for (const { name, status } of this.view.values()) {
      if (name !== this.self && !isGone(status)) names.push(name)
    }
    return names
  }

  isAway(member: string): boolean {
    const status = this.view.get(member)?.status
    return status === undefined || status === 'dead' || status === 'left' || status === 'joining'
  }

  /** hear takes note of a version, or of a clock, that came from elsewhere. */
  hear(version: Version): void {
    if (!this.clock.accept(version, this.wallMs)) this.#mayBeOutrun = true
  }

  /** Whether the store may hold versions that the clock did not accept: then its next one is not enough, see nextVersion. */
  get mayBeOutrun(): boolean {
    return this.#mayBeOutrun
  }

  /** nextVersion is higher than the version that the place has, and than all that this node heard of. */
  nextVersion(place: Place): Version {
    const next = this.clock.next(this.wallMs)
    if (!this.#mayBeOutrun) return next
    // A clock far ahead of ours is not followed, but its writes are not lost either.
    return Math.max(next, this.clock.after(this.store.version(place, this.now) ?? 0))
  }

  /** ask sends a request; `settled` is called exactly once, at the deadline ('failed') at the latest. */
  ask(to: string, request: PeerRequest, settled: (outcome: AskSettled) => void, timeoutMs?: number): void {
    this.asks.send({ to, request, settled, timeoutMs: timeoutMs ?? this.settings.askTimeoutMs })
  }

  answer(requestId: number, reply: PeerReply): void {
    this.effects.push({ type: 'answer', requestId, envelope: this.envelope, reply })
  }

  log(level: 'debug' | 'info' | 'warn', text: string, fields: Record<string, unknown> = {}): void {
    this.effects.push({ type: 'log', level, text, fields })
  }
}
