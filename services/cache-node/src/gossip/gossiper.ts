/**
 * The shell of membership: the core decides, this performs. It owns the clock, the ticks and the connections.
 *
 *      beat ── tick ──►┌────────────┐── exchange ──► a connection to the peer ── settled ──┐
 *      peer  ─ receive►│ Membership │── answer ────► the reply to a peer                   │
 *                      └────────────┘── view, woke, drop-entries, … ──► the node           │
 *                            ▲─────────────────────────────────────────────────────────────┘
 */
import { RingholdError } from '@ringhold/sdk/protocol'
import type { FastifyBaseLogger } from 'fastify'
import type { Effect, Membership, PeerMessage } from '../membership/membership.ts'
import type { Metronome } from '../metronome.ts'
import { GossipLinks } from './gossip-links.ts'
import type { Receive } from './gossip-server.ts'

/** GossipCounters only rise; bytes are those of message bodies. */
export interface GossipCounters {
  exchangesSent: number
  exchangesFailed: number
  bytesSent: number
  bytesReceived: number
}

/** GossipEvents is what the node around does when the core says so. */
export interface GossipEvents {
  /** The view has changed. */
  readonly onView: () => void
  /** The node stood still: whatever it was in charge of may be with others by now. */
  readonly onWake: () => void
  /** What this node holds may be outdated: drop it before anything else is sent. */
  readonly onDropEntries: (why: string) => void
  /** The node cannot be a member any more, after it had joined. */
  readonly onFatal: (error: RingholdError) => void
}

export interface GossiperOptions {
  readonly membership: Membership
  readonly logger: FastifyBaseLogger
  readonly metronome: Pick<Metronome, 'every'>
  readonly events: GossipEvents
}

type Exchange = Extract<Effect, { type: 'exchange' }>

/** Pending is a message of a peer that waits for its answer. */
interface Pending {
  readonly reply: Parameters<Receive>[1]
  readonly giveUpAt: number
}

const tickMs = 100
/** An exchange is given up for good after so many times its deadline; the core has long drawn its conclusions. */
const giveUpAfterDeadlines = 4
/** Until a connection to a peer stands: as long as the core lets any exchange take. */
const connectTimeoutMs = 4_000
/** How long a leave may take to be announced. */
const announceMsMax = 500
/** Messages of peers that wait for their answer, and for how long at most: a probe for another peer may take its time. */
const pendingMax = 1_024
const answerMsMax = 60_000

export class Gossiper {
  readonly counters: GossipCounters = { exchangesSent: 0, exchangesFailed: 0, bytesSent: 0, bytesReceived: 0 }
  readonly #membership: Membership
  readonly #logger: FastifyBaseLogger
  readonly #metronome: Pick<Metronome, 'every'>
  readonly #events: GossipEvents
  readonly #links: GossipLinks
  readonly #pending = new Map<number, Pending>()
  #stopTicks = () => {}
  #requests = 0
  #join: { joined: () => void; failed: (error: RingholdError) => void } | undefined

  constructor({ membership, logger, metronome, events }: GossiperOptions) {
    this.#membership = membership
    this.#logger = logger
    this.#metronome = metronome
    this.#events = events
    this.#links = new GossipLinks({
      traffic: this.counters,
      connectTimeoutMs,
      onLost: (peerUrl) => this.#perform(membership.disconnected(peerUrl, this.now())),
    })
  }

  /** now is the clock of membership and store: monotonic, in milliseconds. */
  now(): number {
    return performance.now()
  }

  /** join resolves when the node is a member of its fleet, and rejects with what keeps it from becoming one. */
  join(): Promise<void> {
    const joined = new Promise<void>((resolve, reject) => {
      this.#join = { joined: resolve, failed: reject }
    })
    this.#stopTicks = this.#metronome.every(tickMs, () => this.#tick(this.now()))
    this.#perform(this.#membership.start(this.now()))
    return joined
  }

  /** receive takes the message of a peer. A function of its own, for the server of gossip to call. */
  readonly receive: Receive = ({ message, bytes }, reply) => {
    this.counters.bytesReceived += bytes
    if (this.#pending.size >= pendingMax) {
      reply(new RingholdError('RINGHOLD_OVERLOADED', { retryAfterMs: 1_000 }))
      return
    }
    const now = this.now()
    const requestId = ++this.#requests
    this.#pending.set(requestId, { reply, giveUpAt: now + answerMsMax })
    this.#perform(this.#membership.receive(requestId, message, now))
  }

  /** suspectRing asks for an exchange with a peer whose ring is not ours. */
  suspectRing(peerUrl: string): void {
    this.#perform(this.#membership.suspectRing(peerUrl, this.now()))
  }

  /** leave announces that the node is about to go; resolves when its peers know, or after 500 ms. */
  leave(): Promise<void> {
    return this.#announce(this.#membership.leave(this.now()))
  }

  /** depart announces that the node is gone; resolves when its peers know, or after 500 ms. */
  depart(): Promise<void> {
    return this.#announce(this.#membership.departed(this.now()))
  }

  /** keepOnly closes the connections to all other peers. */
  keepOnly(peerUrls: ReadonlySet<string>): void {
    this.#links.keepOnly(peerUrls)
  }

  /** close stops the ticks and cuts all connections. */
  close(): void {
    this.#stopTicks()
    this.#links.destroy()
  }

  #tick(now: number): void {
    this.#links.look(now)
    for (const [requestId, { reply, giveUpAt }] of this.#pending) {
      if (now < giveUpAt) break
      this.#pending.delete(requestId)
      reply(new RingholdError('RINGHOLD_OVERLOADED', { detail: 'no answer in time', retryAfterMs: 1_000 }))
    }
    this.#perform(this.#membership.tick(now))
  }

  #perform(effects: readonly Effect[]): Promise<void>[] {
    const exchanges: Promise<void>[] = []
    for (const effect of effects) {
      if (effect.type === 'exchange') exchanges.push(this.#exchange(effect))
      else if (effect.type === 'answer') this.#answer(effect.requestId, effect.message)
      else if (effect.type === 'view') this.#events.onView()
      else if (effect.type === 'woke') this.#events.onWake()
      else if (effect.type === 'declared-dead') this.#logger.warn({ apartMs: effect.apartMs }, effect.why)
      else if (effect.type === 'drop-entries') this.#events.onDropEntries(effect.why)
      else if (effect.type === 'joined') this.#settleJoin()
      else if (effect.type === 'stop') this.#stop(effect.error)
      else if (effect.type === 'log') this.#logger[effect.level](effect.fields, effect.text)
    }
    return exchanges
  }

  #answer(requestId: number, message: PeerMessage): void {
    const pending = this.#pending.get(requestId)
    this.#pending.delete(requestId)
    pending?.reply(message)
  }

  /** Resolves when the exchange is settled. */
  #exchange({ id, to, message, deadlineMs }: Exchange): Promise<void> {
    this.counters.exchangesSent++
    return new Promise((resolve) => {
      this.#links.ask(to, {
        message,
        giveUpAt: this.now() + giveUpAfterDeadlines * deadlineMs,
        settled: (settlement, why) => {
          if (settlement.type !== 'reply') {
            this.counters.exchangesFailed++
            this.#logger.trace({ to, err: why }, 'an exchange failed')
          }
          this.#perform(this.#membership.settled(id, settlement, this.now()))
          resolve()
        },
      })
    })
  }

  async #announce(effects: readonly Effect[]): Promise<void> {
    const announced = Promise.all(this.#perform(effects))
    let timer: NodeJS.Timeout | undefined
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, announceMsMax)
    })
    await Promise.race([announced, late])
    clearTimeout(timer)
  }

  #settleJoin(): void {
    this.#join?.joined()
    this.#join = undefined
  }

  #stop(error: RingholdError): void {
    this.#stopTicks()
    if (this.#join === undefined) this.#events.onFatal(error)
    else this.#join.failed(error)
    this.#join = undefined
  }
}
