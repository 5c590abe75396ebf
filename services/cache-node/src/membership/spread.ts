/**
 * Spreads what this node knows: a round of push–pull gossip each interval, and status news at once instead of with the
 * next round, so that a crash, a leave or a join is known to all in milliseconds.
 */
import type { Member } from '@ringhold/sdk/membership'
import type { Composer } from './composer.ts'
import type { Core } from './core.ts'
import { missedOf, type Outcome } from './exchanges.ts'
import type { Missed } from './investigation.ts'
import { sample } from './peers-order.ts'

/** With so few peers news go to all of them at once. */
const fewPeers = 8

export interface SpreadEvents {
  /** An exchange with a live member failed. */
  readonly missed: (name: string, how: Missed) => void
  /** A peer replied; what it said has been merged. */
  readonly replied: (peer: Member, digest: number) => void
}

export class Spread {
  readonly #core: Core
  readonly #composer: Composer
  readonly #events: SpreadEvents
  /** Peers whose reply is being waited for. */
  readonly #busy = new Set<string>()
  #roundAt = 0
  #forwardedAt = Number.NEGATIVE_INFINITY
  #news = false

  constructor(core: Core, composer: Composer, events: SpreadEvents) {
    this.#core = core
    this.#composer = composer
    this.#events = events
  }

  /** news notes that something must be passed on without delay. */
  news(): void {
    this.#news = true
  }

  /** wake is called after this node stood still: it gossips at once, also with those who owe it a reply from before. */
  wake(): void {
    this.#busy.clear()
    this.#news = true
    this.#forwardedAt = Number.NEGATIVE_INFINITY
  }

  tick(): void {
    const { awake, settings, random } = this.#core
    if (awake < this.#roundAt) return
    const jitter = 1 + settings.gossipJitter * (2 * random() - 1)
    this.#roundAt = awake + settings.gossipIntervalMs * jitter
    this.#round()
  }

  /** forward passes news on, if there are any and the last ones were not just now. */
  forward(): void {
    const { awake, settings } = this.#core
    if (this.#news && awake - this.#forwardedAt >= settings.urgentGapMs) this.forwardNow()
  }

  forwardNow(): void {
    const { awake, settings, roster, random } = this.#core
    this.#news = false
    this.#forwardedAt = awake
    const count = roster.live.size - 1 <= fewPeers ? fewPeers : settings.fanout
    const accept = (name: string): boolean => roster.livePeer(name) !== undefined
    for (const name of sample([...roster.live], count, { random, accept })) this.contact(name)
  }

  /** contact exchanges gossip with a member now. Its own record leads when it has something to refute. */
  contact(name: string): void {
    const member = this.#core.roster.get(name)
    if (!member) return
    const message = this.#composer.gossip(name, member.status === 'alive' ? [] : [name])
    const sent = this.#core.send(member.urls.peer, message, (outcome) => this.#settled(name, outcome))
    if (sent) this.#busy.add(name)
  }

  #round(): void {
    const core = this.#core
    core.heartbeat++
    core.health.round()
    const accept = (name: string): boolean => core.roster.livePeer(name) !== undefined && !this.#busy.has(name)
    for (const name of core.order.next(core.settings.fanout, core.roster.live, accept)) this.contact(name)
  }

  #settled(name: string, outcome: Outcome): void {
    this.#busy.delete(name)
    if (outcome.type === 'reply' && outcome.message.from.name === name) {
      if (outcome.message.type === 'gossip') this.#events.replied(outcome.message.from, outcome.message.digest)
      return
    }
    this.#events.missed(name, missedOf(outcome))
  }
}
