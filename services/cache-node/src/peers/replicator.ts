/**
 * The shell of copies: the core decides, this performs. It owns the clocks, the timer and the connections, which are not
 * those of gossip: a burst of copies never holds up a heartbeat.
 *
 *      timer ─ tick ────────►┌────────┐── ask ─────► a link to the peer ── settled ──┐
 *      peer  ─ receive ─────►│ Copies │── answer ──► the peer that asked             │
 *      node  ─ viewChanged, …►└────────┘── suspect-ring ─► gossip                     │
 *                                 ▲──────────────────────────────────────────────────┘
 */
import type { View } from '@ringhold/sdk/membership'
import type { Limits } from '@ringhold/sdk/protocol'
import type { FastifyBaseLogger } from 'fastify'
import type { Copies, Moment, ViewChange } from '../copies/copies.ts'
import type { Effect } from '../copies/effect.ts'
import type { CopiesSettings } from '../copies/settings.ts'
import type { Metronome } from '../metronome.ts'
import { PeerLink, type Settled } from './peer-link.ts'
import type { PeerRoom } from './peer-room.ts'
import { PeerServer } from './peer-server.ts'

export interface ReplicatorOptions {
  readonly self: string
  readonly fleet: string
  readonly limits: Limits
  readonly copies: Copies
  readonly room: PeerRoom
  readonly logger: FastifyBaseLogger
  readonly metronome: Pick<Metronome, 'every'>
  readonly settings: Pick<CopiesSettings, 'tickIntervalMs' | 'restIntervalMs'>
  readonly view: () => View
  /** Called with the peer URL of a node that has another ring. */
  readonly onRingSuspect: (peerUrl: string) => void
}

const lookIntervalMs = 1_000

export class Replicator {
  /** What the listener for peers hands its connections to. */
  readonly server: PeerServer
  readonly #options: ReplicatorOptions
  readonly #links = new Map<string, PeerLink>()
  /** Effects that are not performed yet, in their order. */
  readonly #effects: Effect[] = []
  #isPerforming = false
  #isScheduled = false
  #nextTick: NodeJS.Timeout | undefined
  /** Whether ticks come with the metronome, as rarely as may be at rest. */
  #isResting = false
  #stopTicks = () => {}
  #stopLooks = () => {}
  #isClosed = false

  constructor(options: ReplicatorOptions) {
    this.#options = options
    const { self, fleet, limits, copies, room, logger } = options
    this.server = new PeerServer({
      self,
      fleet,
      limits,
      room,
      receive: (requestId, envelope, request) =>
        this.#perform(copies.receive(requestId, envelope, request, this.#moment())),
      onProblem: ({ code, message }) => logger.warn({ code }, `what a peer sent cannot be read: ${message}`),
    })
  }

  /** start begins to tick. */
  start(): void {
    const { metronome, settings } = this.#options
    this.#tickLater()
    this.#stopTicks = metronome.every(settings.restIntervalMs, () => {
      if (this.#isResting) this.#tick()
    })
    this.#stopLooks = metronome.every(lookIntervalMs, () => {
      for (const link of this.#links.values()) link.look()
    })
  }

  /** performSoon performs what commands led to, once for all that are executed in this turn of the event loop. */
  performSoon(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#perform(this.#options.copies.takeEffects())
      for (const link of this.#links.values()) link.flush()
    })
  }

  viewChanged(change: ViewChange): void {
    for (const [name, link] of this.#links) if (change.view.get(name)?.urls.peer !== link.url) this.#cut(name, link)
    this.#perform(this.#options.copies.viewChanged(change, this.#moment()))
  }

  woke(): void {
    this.#perform(this.#options.copies.woke(this.#moment()))
  }

  dropEverything(): void {
    this.#perform(this.#options.copies.dropEverything(this.#moment()))
  }

  /** close stops the timers and cuts all connections. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#nextTick)
    this.#stopTicks()
    this.#stopLooks()
    for (const [name, link] of this.#links) this.#cut(name, link)
    this.server.destroy()
  }

  #moment(): Moment {
    return { now: performance.now(), wallMs: Date.now() }
  }

  /** Sets the time of the next tick; the one that was set before does not count any more. */
  #tickLater(): void {
    const { copies, settings } = this.#options
    if (this.#isClosed) return
    clearTimeout(this.#nextTick)
    this.#isResting = copies.isAtRest
    if (!this.#isResting) this.#nextTick = setTimeout(() => this.#tick(), settings.tickIntervalMs)
  }

  #tick(): void {
    this.#perform(this.#options.copies.tick(this.#moment()))
    this.#tickLater()
  }

  /** Performs effects in the order in which they came, also when performing one leads to others. */
  #perform(effects: readonly Effect[]): void {
    for (const effect of effects) this.#effects.push(effect)
    if (this.#isPerforming) return
    this.#isPerforming = true
    try {
      for (let at = 0; at < this.#effects.length; at++) this.#performOne(this.#effects[at] as Effect)
    } finally {
      this.#effects.length = 0
      this.#isPerforming = false
    }
    if (this.#isResting && !this.#options.copies.isAtRest) this.#tickLater()
  }

  #performOne(effect: Effect): void {
    const { logger, view, onRingSuspect } = this.#options
    switch (effect.type) {
      case 'ask':
        this.#ask(effect)
        break
      case 'answer':
        this.server.answer(effect.requestId, effect.envelope, effect.reply)
        break
      case 'suspect-ring': {
        const peerUrl = view().get(effect.member)?.urls.peer
        if (peerUrl !== undefined) onRingSuspect(peerUrl)
        break
      }
      case 'log':
        logger[effect.level](effect.fields, effect.text)
    }
  }

  #ask({ id, to, envelope, request }: Extract<Effect, { type: 'ask' }>): void {
    const link = this.#links.get(to) ?? this.#linkTo(to)
    if (link !== undefined) link.ask(id, envelope, request)
    else setImmediate(() => this.#settled(id, { type: 'refused' }))
  }

  /** Undefined for a name that the view does not have, and once all is closed. */
  #linkTo(name: string): PeerLink | undefined {
    const { fleet, limits, room, view, logger } = this.#options
    const url = view().get(name)?.urls.peer
    if (url === undefined || this.#isClosed) return undefined
    const link = new PeerLink({
      peer: { name, url },
      fleet,
      limits,
      room,
      onSettled: (id, outcome) => this.#settled(id, outcome),
      onProblem: (problem) => logger.debug({ peer: name, err: problem }, 'a connection to a peer failed'),
    })
    this.#links.set(name, link)
    return link
  }

  #cut(name: string, link: PeerLink): void {
    this.#links.delete(name)
    link.destroy()
  }

  #settled(id: number, outcome: Settled): void {
    if (!this.#isClosed) this.#perform(this.#options.copies.settled(id, outcome, this.#moment()))
  }
}
