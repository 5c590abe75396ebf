/**
 * What the parts of one node's membership share: its knowledge, its means, and the moment of the input at hand. The
 * parts hold no clock and no sockets; they read `now` and `awake`, and push effects.
 */
import type { AwakeClock, Member } from '@ringhold/sdk/membership'
import type { Effect } from './effect.ts'
import { Exchanges, type Outcome } from './exchanges.ts'
import { Health } from './health.ts'
import { Heartbeats } from './heartbeats.ts'
import type { PeerMessage } from './message.ts'
import { Obituaries } from './obituaries.ts'
import { PeersOrder } from './peers-order.ts'
import { Roster } from './roster.ts'
import { Rumours } from './rumours.ts'
import { Separation } from './separation.ts'
import type { MembershipSettings } from './settings.ts'
import type { Suspicion } from './suspicion.ts'

/** Sightings count what a calm fleet does not have; they only rise. */
export interface Sightings {
  /** Members that came under suspicion, whoever accused them. */
  suspicions: number
  /** Members that were alive to this node and then declared dead, by whomever. */
  deaths: number
  /** How often this node refuted what others said of it. */
  refutations: number
}

export interface CoreOptions {
  readonly self: Member
  readonly fleet: { readonly name: string; readonly copies: number }
  readonly settings: MembershipSettings
  readonly random: () => number
}

export class Core {
  readonly settings: MembershipSettings
  readonly fleet: { readonly name: string; readonly copies: number }
  readonly random: () => number
  readonly roster: Roster
  readonly heartbeats: Heartbeats
  readonly rumours = new Rumours()
  readonly suspicions = new Map<string, Suspicion>()
  readonly obituaries: Obituaries
  readonly separation: Separation
  readonly order: PeersOrder
  readonly health: Health
  readonly exchanges: Exchanges
  readonly effects: Effect[] = []
  /** What this node saw happen since it started. */
  readonly sightings: Sightings = { suspicions: 0, deaths: 0, refutations: 0 }
  /** The node's own heartbeat. */
  heartbeat = 1
  /** Who sent the message at hand; empty when there is none. */
  speaker = ''
  /** Real time of the input at hand. */
  now = 0
  /** Waking time of the input at hand. */
  awake = 0

  constructor({ self, fleet, settings, random }: CoreOptions) {
    this.settings = settings
    this.fleet = fleet
    this.random = random
    this.roster = new Roster({ self, membersMax: settings.membersMax, rememberMs: settings.rememberMs })
    this.heartbeats = new Heartbeats(settings.gossipIntervalMs)
    this.obituaries = new Obituaries(this)
    this.separation = new Separation(this)
    this.order = new PeersOrder(random)
    this.health = new Health(settings.healthMax)
    this.exchanges = new Exchanges(settings.exchangesMax, this.effects)
  }

  get self(): Member {
    return this.roster.self
  }

  /** liveCount is N in all formulas: the members that may run, this node included. */
  get liveCount(): number {
    return this.roster.live.size
  }

  /** deadlineMs is how long this node waits for a reply at present. */
  get deadlineMs(): number {
    return this.settings.probeTimeoutMs * this.health.stretch
  }

  at(now: number, clock: AwakeClock): void {
    this.now = now
    this.awake = clock.at(now)
  }

  /** send opens an exchange; false when too many are under way. */
  send(to: string, message: PeerMessage, done: (outcome: Outcome) => void, deadlineMs = this.deadlineMs): boolean {
    return this.exchanges.send({ to, message, deadlineMs, done }, this.now, this.awake)
  }

  log(level: 'debug' | 'info' | 'warn', text: string, fields: Record<string, unknown> = {}): void {
    this.effects.push({ type: 'log', level, text, fields })
  }
}
