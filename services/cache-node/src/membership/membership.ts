/**
 * Who belongs to the fleet, as one node sees it: SWIM-style gossip with heartbeats, suspicion and refutation.
 *
 *     start, tick, receive, settled, disconnected, …          (inputs, with the time)
 *          │
 *          ▼
 *   ┌─ Membership ──────────────────────────────────────────────────────────────────────────┐
 *   │ seeds · contest    finding the fleet; one process per name                            │
 *   │ hearing · record   what messages say, of others and of this node itself               │
 *   │ spread · sync      rounds of gossip and urgent news; whole views, page by page        │
 *   │ detector · relays  probing, suspicion, verdicts; probing for others                   │
 *   │ revisits           calling on the dead, so that splits heal                           │
 *   │ fence · clock      what standing still means for us, and for how we judge others      │
 *   │           all on one Core: roster (the view), heartbeats, rumours, exchanges          │
 *   └───────────────────────────────────────────────────────────────────────────────────────┘
 *          │
 *          ▼
 *     effects: exchange, answer, view, joined, woke, declared-dead, drop-entries, stop, log   (the shell performs them)
 *
 * Guarantees: views merge whatever the order and repetition of messages; only a node itself raises its incarnation, so
 * nothing old revives a dead member; every queue, message and table is bounded; a node that stood still serves nothing
 * before a peer replied. It does not guarantee that two nodes hold the same view at the same time.
 *
 * It is pure: no clock, no sockets, no randomness but what is passed in.
 */
import { AwakeClock, type Member, type View } from '@ringhold/sdk/membership'
import { type ErrorCode, RingholdError } from '@ringhold/sdk/protocol'
import { Composer } from './composer.ts'
import { Contest } from './contest.ts'
import { Core, type Sightings } from './core.ts'
import { Detector } from './detector.ts'
import type { Effect, Settlement } from './effect.ts'
import { outcomeOf } from './exchanges.ts'
import { Fence } from './fence.ts'
import { Hearing } from './hearing.ts'
import type { Gossip, PeerMessage } from './message.ts'
import { OwnRecord } from './own-record.ts'
import { parsePeerMessage } from './parse-message.ts'
import { Relays } from './relays.ts'
import { Revisits } from './revisits.ts'
import { Seeds } from './seeds.ts'
import { type MembershipSettings, settingsOf } from './settings.ts'
import { Spread } from './spread.ts'
import { Sync } from './sync.ts'

export type { Sightings } from './core.ts'
export type { Effect, Settlement } from './effect.ts'
export { messageBytesMax, type PeerMessage } from './message.ts'
export { parsePeerMessage } from './parse-message.ts'

/** A tick that is late by less than an interval is in time: so many intervals between two ticks count as waking time. */
const ticksUnheard = 2

export interface MembershipOptions {
  readonly self: Pick<Member, 'name' | 'urls' | 'zone' | 'weight' | 'instance'>
  /** Both must be equal in the whole fleet. */
  readonly fleet: { readonly name: string; readonly copies: number }
  /** Peer URLs, as the shell can resolve them. The node's own may be among them. */
  readonly seeds: readonly string[]
  /** How long to wait for the first seed that answers. Default: 15,000. */
  readonly joinTimeoutMs?: number
  readonly settings?: Partial<MembershipSettings>
  /** A number in [0, 1). */
  readonly random: () => number
}

export class Membership {
  readonly #core: Core
  readonly #composer: Composer
  readonly #seedUrls: readonly string[]
  readonly #joinTimeoutMs: number
  readonly #hearing: Hearing
  readonly #ownRecord: OwnRecord
  readonly #spread: Spread
  readonly #sync: Sync
  readonly #detector: Detector
  readonly #relays: Relays
  readonly #revisits: Revisits
  readonly #seeds: Seeds
  readonly #contest: Contest
  #clock: AwakeClock
  #fence: Fence
  #joinBy = 0
  /** The views were exchanged with a seed; only a contest for the name may still be open. */
  #met = false
  #stopped = false
  #viewChanged = false

  /** Throws a TypeError for settings that contradict each other, and for a name, URL or fleet that peers would not read. */
  constructor({ self, fleet, seeds, joinTimeoutMs = 15_000, settings, random }: MembershipOptions) {
    const { name, urls, zone, weight, instance } = self
    const record: Member = { name, urls, incarnation: 1, status: 'joining', zone, weight, instance }
    const core = new Core({ self: record, fleet, settings: settingsOf(settings), random })
    const composer = new Composer(core)
    if (!parsePeerMessage(composer.gossip(name))) {
      throw new TypeError(`no peer would read messages of ${JSON.stringify({ fleet, self })}`)
    }
    this.#core = core
    this.#composer = composer
    this.#seedUrls = seeds
    this.#joinTimeoutMs = joinTimeoutMs
    this.#clock = new AwakeClock(0, ticksUnheard * core.settings.tickIntervalMs)
    this.#fence = new Fence(0, core.settings.fenceAfterMs)
    this.#sync = new Sync(core, composer)
    this.#detector = new Detector(core, composer, {
      pronounce: (verdict) => this.#hearing.pronounce(verdict),
      tell: (member) => this.#spread.contact(member),
      confirmed: (member) => core.rumours.add(member),
    })
    this.#spread = new Spread(core, composer, {
      missed: (member, how) => this.#detector.missed(member, how),
      replied: (peer, digest) => this.#sync.compare(peer, digest),
    })
    this.#hearing = new Hearing(core, this.#detector, {
      ownName: (heard) => this.#ownRecord.hear(heard),
      viewChanged: () => this.#noteView(),
      returned: (name) => {
        core.separation.returned(name)
        this.#ownRecord.judgeAgain()
      },
      news: () => this.#spread.news(),
    })
    this.#ownRecord = new OwnRecord(core, {
      changed: () => {
        this.#noteView()
        this.#spread.news()
      },
      rival: (heard) => this.#contest.begin(heard),
    })
    this.#relays = new Relays(core, composer)
    this.#revisits = new Revisits(core, composer, (peerUrl) => this.#sync.hint(peerUrl))
    this.#seeds = new Seeds(core, this.#sync, {
      met: () => this.#metSeed(),
      refused: (url, { code, detail }) => this.#refusedBySeed(url, code, detail),
    })
    this.#contest = new Contest(core, composer, {
      lost: (rival) => this.#stop('RINGHOLD_NAME_TAKEN', `${name} runs at ${rival.urls.peer} already`),
      won: (rival) => {
        this.#ownRecord.become({ incarnation: Math.max(core.self.incarnation, rival.incarnation + 1) })
        if (this.#met) this.#joined()
      },
    })
  }

  get self(): Member {
    return this.#core.self
  }

  /** What this node saw happen since it started. */
  get sightings(): Readonly<Sightings> {
    return this.#core.sightings
  }

  /** What the timeouts of suspicion are multiplied by; 1 unless this node itself is late. */
  get stretch(): number {
    return this.#core.health.stretch
  }

  get view(): View {
    return this.#core.roster.view
  }

  /** answers tells whether this node may serve commands at this moment. It is cheap: ask for every request. */
  answers(now: number): 'yes' | 'joining' | 'fenced' {
    const { self, liveCount } = this.#core
    if (this.#stopped || self.status === 'left') return 'fenced'
    if (self.status === 'joining') return 'joining'
    // Alone there is nobody who could have declared this node dead.
    return liveCount > 1 && this.#fence.isDown(now) ? 'fenced' : 'yes'
  }

  /** start begins to join by the seeds; without any the node is a fleet of its own at once. */
  start(now: number): Effect[] {
    this.#clock = new AwakeClock(now, ticksUnheard * this.#core.settings.tickIntervalMs)
    this.#fence = new Fence(now, this.#core.settings.fenceAfterMs)
    return this.#handle(now, () => {
      this.#joinBy = this.#core.awake + this.#joinTimeoutMs
      this.#seeds.begin(this.#seedUrls)
      if (this.#seeds.none) this.#joined()
      else this.#seeds.tick()
    })
  }

  /** tick must be called every tickIntervalMs; all deadlines are judged in it. */
  tick(now: number): Effect[] {
    return this.#handle(now, () => {
      const core = this.#core
      if (this.#clock.tick(now) > 0) core.health.trouble()
      this.#fence.tick(now)
      core.exchanges.tick(core.awake)
      if (core.self.status === 'left') return
      this.#seeds.tick()
      if (core.self.status === 'joining') return this.#awaitSeeds()
      this.#spread.tick()
      this.#detector.tick()
      this.#sync.tick()
      this.#revisits.tick()
      core.obituaries.tick()
      core.separation.tick()
      if (core.roster.forget(now).length > 0) this.#noteView()
      if (core.liveCount === 1) this.#fence.lift()
    })
  }

  /** receive takes a request of a peer in; it leads to exactly one 'answer' effect with that id, at once or later. */
  receive(requestId: number, message: PeerMessage, now: number): Effect[] {
    if (this.#stopped) return [refusal(requestId, 'RINGHOLD_NOT_READY', 'This node is stopping')]
    if (message.type !== 'gossip' && message.type !== 'probe') {
      return [refusal(requestId, 'RINGHOLD_BAD_REQUEST', 'Only gossip and probes are requests')]
    }
    const strange = this.#strangeness(message)
    if (strange) return [refusal(requestId, 'RINGHOLD_WRONG_FLEET', strange)]
    return this.#handle(now, () => {
      const outdated = this.#hearing.absorb(message)
      const { self, effects } = this.#core
      if (self.status === 'joining' && message.from.name !== self.name) this.#seeds.stranger(message.from.urls.peer)
      if (message.type === 'probe') return this.#relays.handle(requestId, message)
      const answer = message.page
        ? this.#composer.answerPage(message.from.name, message.page.after)
        : this.#composer.gossip(message.from.name, outdated)
      effects.push({ type: 'answer', requestId, message: answer })
    })
  }

  /** settled tells how an exchange ended. An id that is not under way changes nothing. */
  settled(exchangeId: number, settlement: Settlement, now: number): Effect[] {
    return this.#handle(now, () => {
      const sent = this.#core.exchanges.take(exchangeId)
      if (!sent) return
      const outcome = outcomeOf(settlement)
      if (outcome.type !== 'reply') return this.#core.exchanges.settle(sent, outcome)
      if (this.#strangeness(outcome.message)) {
        return this.#core.exchanges.settle(sent, { type: 'foreign', refusal: undefined })
      }
      this.#hearing.absorb(outcome.message)
      const { from } = outcome.message
      if (from.instance !== this.self.instance) this.#fence.replied(sent.sentAt)
      this.#detector.spoke(from.name, from.incarnation)
      this.#core.exchanges.settle(sent, outcome)
    })
  }

  /** disconnected hints that a warm connection to that peer broke: it is probed at once, unless that was done just now. */
  disconnected(peerUrl: string, now: number): Effect[] {
    return this.#handle(now, () => {
      const { roster } = this.#core
      for (const name of roster.live) if (roster.livePeer(name)?.urls.peer === peerUrl) this.#detector.hint(name)
    })
  }

  /** suspectRing hints that the peer computed another ring: views are exchanged at once, unless that was done just now. */
  suspectRing(peerUrl: string, now: number): Effect[] {
    return this.#handle(now, () => this.#sync.hint(peerUrl))
  }

  /** leave announces a planned leave: the node is off the ring, but still answers. Call departed() before the process ends. */
  leave(now: number): Effect[] {
    return this.#go(now, 'leaving')
  }

  /** departed says farewell. From then on the node only answers what peers still ask. */
  departed(now: number): Effect[] {
    return this.#go(now, 'left')
  }

  #go(now: number, status: 'leaving' | 'left'): Effect[] {
    return this.#handle(now, () => {
      this.#ownRecord.become({ status })
      this.#spread.forwardNow()
    })
  }

  /** The frame of every input: note the time, handle it, pass on urgent news, hand over the effects. */
  #handle(now: number, input: () => void): Effect[] {
    if (this.#stopped) return []
    const core = this.#core
    core.at(now, this.#clock)
    core.speaker = ''
    const stoodStillMs = this.#fence.notice(now)
    if (stoodStillMs !== undefined) {
      core.separation.woke(stoodStillMs)
      core.effects.push({ type: 'woke', stoodStillMs })
      core.log('warn', 'the event loop of this node stood still, so it serves nothing until a peer has replied')
      this.#spread.wake()
    }
    input()
    if (!this.#stopped) this.#spread.forward()
    this.#viewChanged = false
    return core.effects.splice(0)
  }

  #noteView(): void {
    this.#sync.changed()
    if (this.#viewChanged) return
    this.#viewChanged = true
    this.#core.effects.push({ type: 'view' })
  }

  #metSeed(): void {
    this.#met = true
    if (!this.#contest.running) this.#joined()
  }

  #joined(): void {
    if (this.self.status !== 'joining') return
    this.#ownRecord.become({ status: 'alive' })
    this.#core.effects.push({ type: 'joined' })
    this.#sync.begin()
  }

  #awaitSeeds(): void {
    if (this.#seeds.none) this.#joined()
    if (this.#met || this.self.status !== 'joining' || this.#core.awake < this.#joinBy) return
    const urls = this.#seeds.urls.join(', ')
    this.#stop('RINGHOLD_SEEDS_UNREACHABLE', `None of ${urls} answered within ${this.#joinTimeoutMs} ms`)
  }

  #refusedBySeed(url: string, code: ErrorCode, detail: string): void {
    if (this.self.status === 'joining' && code === 'RINGHOLD_WRONG_FLEET') this.#stop(code, `${url}: ${detail}`)
    else this.#core.log('warn', `refused by the seed ${url}: ${detail}`, { seed: url, code })
  }

  #stop(code: ErrorCode, detail: string): void {
    this.#stopped = true
    this.#core.effects.push({ type: 'stop', error: new RingholdError(code, { detail }) })
  }

  /** What makes a message one of another fleet; undefined when it is of ours. */
  #strangeness({ fleet, copies }: Pick<Gossip, 'fleet' | 'copies'>): string | undefined {
    const ours = this.#core.fleet
    if (fleet !== ours.name) return `This is fleet ${ours.name}, not ${fleet}`
    if (copies !== ours.copies) return `Fleet ${ours.name} keeps ${ours.copies} copies, not ${copies}`
    return undefined
  }
}

function refusal(requestId: number, code: ErrorCode, detail: string): Effect {
  return { type: 'answer', requestId, message: { type: 'refusal', code, detail } }
}
