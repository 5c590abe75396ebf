/**
 * One process of a node: the pure parts of production, wired to each other as services/cache-node/src/node.ts does it,
 * on a network and clocks of the simulation.
 *
 *      gossip, commands, requests of peers, timers ─► Membership, Copies ─► effects ─► network
 *                                                          │ WatchedStore, WatchedClock ─► oracle
 */
import { isGone, type Member } from '@ringhold/sdk/membership'
import { type ByteCommand, defaultLimits, type Outcome, RingholdError } from '@ringhold/sdk/protocol'
import { type Ring, seedOfFleet } from '@ringhold/sdk/ring'
import { HybridClock, marksMax } from '#node/clock/hybrid-clock.js'
import { Copies, HIT_IN_SINK } from '#node/copies/copies.js'
import type { Effect as CopiesEffect } from '#node/copies/effect.js'
import { isHandedOver } from '#node/copies/handover.js'
import type { Envelope, PeerReply, PeerRequest } from '#node/copies/peer-request.js'
import { defaultCopiesSettings } from '#node/copies/settings.js'
import { newCounters } from '#node/core/counters.js'
import type { Origin } from '#node/core/decide.js'
import type { Executed } from '#node/core/executed.js'
import { RingOfView } from '#node/core/ring-of-view.js'
import type { Effect as MembershipEffect, PeerMessage } from '#node/membership/membership.js'
import { Membership } from '#node/membership/membership.js'
import { defaultSettings } from '#node/membership/settings.js'
import { fleetName, keysOf } from './keys.ts'
import type { LocalClock } from './local-clock.ts'
import { copyOfReply, copyOfRequest, lent, spoilingMemory } from './messages.ts'
import type { Condition, Server } from './network.ts'
import { ringOf } from './rings.ts'
import { copiesSettings, membershipSettings } from './sim-settings.ts'
import { streamOf } from './streams.ts'
import { WatchedStore } from './watched-store.ts'
import type { World } from './world.ts'

/** Answer is what a client gets. */
export type Answer =
  | { readonly type: 'outcome'; readonly outcome: Outcome; readonly by: string; readonly ring: string }
  | { readonly type: 'error'; readonly error: RingholdError; readonly ring: string }

const gossipTickMs = 100
const { tickIntervalMs: copiesTickMs, restIntervalMs: restTickMs } = defaultCopiesSettings
const sweepMs = 100
/** As in production: a node that leaves waits so long for others to take over. */
const leaveTimeoutMs = 10_000

export class SimNode implements Server {
  readonly name: string
  readonly url: string
  readonly instance: string
  readonly membership: Membership
  readonly store: WatchedStore
  readonly copies: Copies
  readonly broken = new Set<() => void>()
  condition: Condition = 'up'
  isDroppingAll = false
  isLeaving = false
  ringChangedAt = Number.NEGATIVE_INFINITY
  readonly #world: World
  readonly #clock: LocalClock
  readonly #mark: number
  readonly #rings: RingOfView
  readonly #waiting: (() => void)[] = []
  readonly #gossipAnswers = new Map<number, (message: PeerMessage) => void>()
  readonly #answers = new Map<number, { command: ByteCommand | undefined; reply: (answered: Replied) => void }>()
  readonly #effects: CopiesEffect[] = []
  #isPerforming = false
  #isZombie = false
  #frozenAt = 0
  /** When it last woke from a freeze that makes a zombie. Replies to what it asked before shorter ones still count. */
  #wokeAt = 0
  #requests = 0
  /** Numbers of the ticks of copies: only the one that was asked for last counts. */
  #ticks = 0
  #isResting = false

  constructor(world: World, { name, clock, run }: { name: string; clock: LocalClock; run: number }) {
    const { plan } = world
    this.#world = world
    this.#clock = clock
    this.name = name
    this.url = urlOf(name)
    const random = streamOf(plan.seed, `${name}/${run}`)
    this.instance = `${name}-${run}`
    this.#rings = new RingOfView({ seed: seedOfFleet(fleetName), copies: plan.copies }, ringOf)
    const fleet = { name: fleetName, copies: plan.copies }
    this.membership = new Membership({
      self: { name, urls: { client: clientUrlOf(name), peer: this.url }, zone: '', weight: 1, instance: this.instance },
      fleet,
      seeds: world.seeds.filter((url) => url !== this.url),
      joinTimeoutMs: 60_000,
      settings: membershipSettings(plan),
      random,
    })
    const { oracle } = world
    const versions = new RisingClock(name, (text) => oracle.breach(`${name}: ${text}`))
    this.#mark = versions.after(0) % marksMax
    const index = new Map(keysOf(plan.keys).map((key) => [key.name, key]))
    this.store = new WatchedStore(
      {
        changed: (key, change, cause) => oracle.changed(this, key, change, cause),
        held: () => world.heldBy(this, index),
        isSmall: plan.faults.some(({ type }) => type === 'squeeze'),
      },
      { secret: [1, 2], now: this.localNow },
    )
    this.copies = new Copies({
      self: name,
      fleet: { seed: seedOfFleet(fleetName), copies: plan.copies },
      store: this.store,
      clock: versions,
      limits: defaultLimits,
      counters: newCounters(),
      settings: copiesSettings(plan),
      random,
      answers: (now) => this.membership.answers(now),
      memory: spoilingMemory,
    })
  }

  get localNow(): number {
    return this.#clock.now(this.#world.now)
  }

  get wallMs(): number {
    return this.#clock.wallMs(this.#world.now)
  }

  get ring(): Ring {
    return this.#rings.ring
  }

  /**
   * Whether it stood still for so long that others may have taken over, and has not heard from any of them since. Who knows
   * of nobody else has nobody to wait for.
   */
  get isZombie(): boolean {
    return this.#isZombie && this.#hasPeers
  }

  get isRunning(): boolean {
    return this.condition === 'up' || this.condition === 'frozen'
  }

  /** Whether it is party to anything. Who has said farewell runs for a moment still, but nobody asks it for what it has. */
  get isParty(): boolean {
    return this.isRunning && this.membership.self.status !== 'left'
  }

  get transferMs(): number {
    return this.#world.transferMs
  }

  trueMs(localMs: number): number {
    return this.#clock.trueMs(localMs)
  }

  /** hasIssued tells whether a version is of this node: names of a simulation differ in their last character. */
  hasIssued(version: number): boolean {
    return version % marksMax === this.#mark
  }

  member(name: string): Member | undefined {
    return this.membership.view.get(name)
  }

  // Its life.

  start(): void {
    this.#input(() => this.#gossip(this.membership.start(this.localNow)))
    this.#every(gossipTickMs, () => {
      const effects = this.membership.tick(this.localNow)
      this.#isZombie = this.isZombie
      this.#gossip(effects)
    })
    this.#tickLater()
    this.#every(sweepMs, () => {
      this.store.sweep(this.localNow, 2_000)
      while (this.store.settle());
      if (this.store.isFragmented) this.store.compact()
    })
  }

  /** end stops the process: 'down' when the host goes on, 'silent' when it does not. */
  end(condition: 'down' | 'silent'): void {
    this.condition = condition
    this.#world.ended(this)
    const broken = [...this.broken]
    this.broken.clear()
    if (condition === 'down') for (const broke of broken) broke()
  }

  freeze(): void {
    if (this.condition !== 'up') return
    this.condition = 'frozen'
    this.#frozenAt = this.localNow
  }

  thaw(): void {
    if (this.condition !== 'frozen') return
    this.condition = 'up'
    if (this.localNow - this.#frozenAt > defaultSettings.fenceAfterMs) {
      this.#wokeAt = this.#world.now
      this.#isZombie = this.#hasPeers
    }
    for (const run of this.#waiting.splice(0)) this.#input(run)
  }

  /** leave goes in good order: off the ring, until others have what it holds, then away. */
  leave(): void {
    if (this.isLeaving || this.condition !== 'up') return
    this.isLeaving = true
    const giveUpAt = this.#world.now + leaveTimeoutMs
    this.#input(() => this.#gossip(this.membership.leave(this.localNow)))
    const depart = () => {
      const isOver = isHandedOver(this.name, this.membership.view, this.copies.status)
      if (!isOver && this.#world.now < giveUpAt) return this.#later(copiesTickMs, depart)
      this.#gossip(this.membership.departed(this.localNow))
      this.#world.departed(this)
      this.#later(50, () => this.end('down'))
    }
    this.#later(200, depart)
  }

  // What reaches it.

  /** command is a command of a client. */
  command(command: ByteCommand, origin: Origin, reply: (answer: Answer) => void): void {
    this.#input(() => {
      const succeed = ({ outcome, by }: Executed) => {
        if (by === this.name) this.#world.oracle.executed(this, command, outcome)
        reply({ type: 'outcome', outcome, by, ring: this.ring.checksum })
      }
      const fail = (error: RingholdError) => reply({ type: 'error', error, ring: this.ring.checksum })
      try {
        const done = { succeed, fail }
        const executed = this.copies.execute(command, origin, this.#moment, done)
        if (executed !== undefined && executed !== HIT_IN_SINK) succeed(executed)
      } catch (error) {
        if (!(error instanceof RingholdError)) throw error
        fail(error)
      }
      this.#perform(this.copies.takeEffects())
    })
  }

  /** topology is what a client asks for its ring. */
  topology(reply: (ring: Ring) => void): void {
    this.#input(() => reply(this.ring))
  }

  gossip(message: PeerMessage, reply: (message: PeerMessage) => void): void {
    this.#input(() => {
      const id = ++this.#requests
      this.#gossipAnswers.set(id, reply)
      this.#gossip(this.membership.receive(id, message, this.localNow))
    })
  }

  request(envelope: Envelope, request: PeerRequest, reply: (answered: Replied) => void): void {
    this.#input(() => {
      const id = ++this.#requests
      this.#answers.set(id, { command: request.type === 'command' ? request.command : undefined, reply })
      lent(request, (read) => this.#perform(this.copies.receive(id, envelope, read, this.#moment)))
    })
  }

  disconnected(url: string): void {
    this.#input(() => this.#gossip(this.membership.disconnected(url, this.localNow)))
  }

  get #hasPeers(): boolean {
    for (const { name, status } of this.membership.view.values()) {
      if (name !== this.name && !isGone(status)) return true
    }
    return false
  }

  get #moment(): { now: number; wallMs: number } {
    return { now: this.localNow, wallMs: this.wallMs }
  }

  /** Runs an input now, or when the process runs again; what comes of it is looked at by the world. */
  #input(run: () => void): void {
    if (this.condition === 'frozen') this.#waiting.push(run)
    if (this.condition !== 'up') return
    run()
    this.#world.looked(this)
  }

  #every(localMs: number, run: () => void): void {
    const again = () => {
      run()
      this.#later(localMs, again)
    }
    this.#later(localMs, again)
  }

  /** As the replicator does: rarely at rest, and soon again when that is over. */
  #tickLater(): void {
    const tick = ++this.#ticks
    this.#isResting = this.copies.isAtRest
    this.#later(this.#isResting ? restTickMs : copiesTickMs, () => {
      if (tick !== this.#ticks) return
      this.#perform(this.copies.tick(this.#moment))
      this.#tickLater()
    })
  }

  #later(localMs: number, run: () => void): void {
    this.#world.schedule.after(this.trueMs(localMs), () => this.#input(run))
  }

  // What comes of it.

  #gossip(effects: readonly MembershipEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'exchange') this.#exchange(effect)
      else if (effect.type === 'answer') {
        this.#gossipAnswers.get(effect.requestId)?.(effect.message)
        this.#gossipAnswers.delete(effect.requestId)
      } else if (effect.type === 'view') this.#viewChanged()
      else if (effect.type === 'woke') this.#perform(this.copies.woke(this.#moment))
      else if (effect.type === 'drop-entries') this.#dropEverything()
      else if (effect.type === 'stop') this.end('down')
    }
  }

  #exchange({ id, to, message, deadlineMs }: Extract<MembershipEffect, { type: 'exchange' }>): void {
    const world = this.#world
    let isOpen = true
    const sentAt = world.now
    const settle = (sent: Parameters<Membership['settled']>[1]) => {
      if (!isOpen) return
      isOpen = false
      if (sent.type === 'reply' && sentAt >= this.#wokeAt) this.#isZombie = false
      this.#input(() => this.#gossip(this.membership.settled(id, sent, this.localNow)))
    }
    world.schedule.after(4 * deadlineMs, () => settle({ type: 'failed' }))
    const target = world.at(to)
    world.recordGossip(to, message)
    world.network.exchange<PeerMessage>({
      from: this,
      to: target,
      serve: (reply) => target?.gossip(message, reply),
      settled: (sent) => settle(sent.type === 'reply' ? { type: 'reply', message: sent.reply } : sent),
    })
  }

  #viewChanged(): void {
    if (this.#rings.update(this.membership.view)) this.ringChangedAt = this.#world.now
    const { view, self } = this.membership
    this.#perform(this.copies.viewChanged({ view, ring: this.ring, incarnation: self.incarnation }, this.#moment))
    this.#world.viewed(this)
  }

  #dropEverything(): void {
    this.isDroppingAll = true
    this.#perform(this.copies.dropEverything(this.#moment))
    this.isDroppingAll = false
  }

  #perform(effects: readonly CopiesEffect[]): void {
    this.#effects.push(...effects)
    if (this.#isPerforming) return
    this.#isPerforming = true
    for (let effect = this.#effects.shift(); effect; effect = this.#effects.shift()) {
      if (effect.type === 'ask') this.#ask(effect)
      else if (effect.type === 'answer') this.#answer(effect)
      else if (effect.type === 'suspect-ring') {
        const url = this.member(effect.member)?.urls.peer
        if (url !== undefined) this.#gossip(this.membership.suspectRing(url, this.localNow))
      }
    }
    this.#isPerforming = false
    if (this.#isResting && !this.copies.isAtRest) this.#tickLater()
  }

  #ask({ id, to, envelope, request }: Extract<CopiesEffect, { type: 'ask' }>): void {
    const world = this.#world
    const target = world.at(this.member(to)?.urls.peer ?? '')
    const sent = copyOfRequest(request)
    world.asked(this, to, request)
    world.network.exchange<Replied>({
      from: this,
      to: target,
      serve: (reply) => target?.request(envelope, sent, reply),
      settled: (settled) =>
        this.#input(() => {
          if (settled.type !== 'reply') return this.#perform(this.copies.settled(id, settled, this.#moment))
          const { envelope, reply } = settled.reply
          lent(reply, (read) =>
            this.#perform(this.copies.settled(id, { type: 'reply', envelope, reply: read }, this.#moment)),
          )
        }),
      mayRepeat: request.type !== 'command',
    })
  }

  #answer({ requestId, envelope, reply }: Extract<CopiesEffect, { type: 'answer' }>): void {
    const waiting = this.#answers.get(requestId)
    this.#answers.delete(requestId)
    if (waiting?.command && reply.type === 'outcome') {
      this.#world.oracle.executed(this, waiting.command, reply.outcome)
    }
    this.#world.replied(this, reply)
    waiting?.reply({ envelope, reply: copyOfReply(reply) })
  }
}

/** Replied is what a peer answers. */
export interface Replied {
  readonly envelope: Envelope
  readonly reply: PeerReply
}

/** A hybrid clock that reports when it does not rise. */
class RisingClock extends HybridClock {
  readonly #breach: (text: string) => void
  #issued = 0

  constructor(name: string, breach: (text: string) => void) {
    super(name)
    this.#breach = breach
  }

  override next(wallMs: number): number {
    const version = super.next(wallMs)
    if (version <= this.#issued) this.#breach(`version ${version} was issued after ${this.#issued}`)
    this.#issued = version
    return version
  }
}

export function urlOf(name: string): string {
  return `http://${name}:7101`
}

function clientUrlOf(name: string): string {
  return `http://${name}:7001`
}
