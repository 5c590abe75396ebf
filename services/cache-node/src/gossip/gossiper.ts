/**
 * The shell of membership: the core decides, this performs. It owns the clock, the timer and the connections.
 *
 *      timer ─ tick ──►┌────────────┐── exchange ──► POST {peer}/v1/peer/gossip ── settled ──┐
 *      peer  ─ receive►│ Membership │── answer ────► the reply to a peer                     │
 *                      └────────────┘── view, woke, drop-entries, … ──► the node             │
 *                            ▲───────────────────────────────────────────────────────────────┘
 */
import { RingholdError } from '@ringhold/sdk/protocol'
import type { FastifyBaseLogger } from 'fastify'
import {
  type Effect,
  type Membership,
  messageBytesMax,
  type PeerMessage,
  parsePeerMessage,
} from '../membership/membership.ts'
import { isRefused, PeerLinks } from '../peer-links.ts'

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
  readonly events: GossipEvents
}

type Exchange = Extract<Effect, { type: 'exchange' }>

const tickMs = 100
/** An exchange is given up for good after so many times its deadline; the core has long drawn its conclusions. */
const abortAfterDeadlines = 4
/** How long a leave may take to be announced. */
const announceMsMax = 500
/** Requests of peers that wait for their answer, and for how long at most: a probe for another peer may take its time. */
const pendingMax = 1_024
const answerMsMax = 60_000

export const gossipPath = '/v1/peer/gossip'

export class Gossiper {
  readonly counters: GossipCounters = { exchangesSent: 0, exchangesFailed: 0, bytesSent: 0, bytesReceived: 0 }
  readonly #membership: Membership
  readonly #logger: FastifyBaseLogger
  readonly #events: GossipEvents
  readonly #links: PeerLinks
  readonly #pending = new Map<number, (message: PeerMessage) => void>()
  #timer: NodeJS.Timeout | undefined
  #requests = 0
  #join: { joined: () => void; failed: (error: RingholdError) => void } | undefined

  constructor({ membership, logger, events }: GossiperOptions) {
    this.#membership = membership
    this.#logger = logger
    this.#events = events
    this.#links = new PeerLinks({
      connectionsMax: 8,
      connectTimeoutMs: 1_000,
      replyBytesMax: messageBytesMax,
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
    this.#timer = setInterval(() => this.#perform(this.#membership.tick(this.now())), tickMs)
    this.#perform(this.#membership.start(this.now()))
    return joined
  }

  /** receive takes the message of a peer and resolves to the answer. */
  receive(body: unknown, bytes: number): Promise<PeerMessage> {
    const message = parsePeerMessage(body)
    if (message === undefined) throw new RingholdError('RINGHOLD_BAD_REQUEST', { detail: 'this is no gossip message' })
    if (this.#pending.size >= pendingMax) throw new RingholdError('RINGHOLD_OVERLOADED', { retryAfterMs: 1_000 })
    this.counters.bytesReceived += bytes
    const requestId = ++this.#requests
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(requestId)
        reject(new RingholdError('RINGHOLD_OVERLOADED', { detail: 'no answer in time', retryAfterMs: 1_000 }))
      }, answerMsMax)
      this.#pending.set(requestId, (answer) => {
        clearTimeout(timer)
        this.#pending.delete(requestId)
        resolve(answer)
      })
      this.#perform(this.#membership.receive(requestId, message, this.now()))
    })
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

  /** close stops the timer and cuts all connections. */
  close(): void {
    clearInterval(this.#timer)
    this.#links.destroy()
  }

  #perform(effects: readonly Effect[]): Promise<void>[] {
    const exchanges: Promise<void>[] = []
    for (const effect of effects) {
      if (effect.type === 'exchange') exchanges.push(this.#exchange(effect))
      else if (effect.type === 'answer') this.#pending.get(effect.requestId)?.(effect.message)
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

  async #exchange({ id, to, message, deadlineMs }: Exchange): Promise<void> {
    const body = JSON.stringify(message)
    this.counters.exchangesSent++
    this.counters.bytesSent += Buffer.byteLength(body)
    const abort = new AbortController()
    const timer = setTimeout(() => abort.abort(), abortAfterDeadlines * deadlineMs)
    try {
      const reply = await this.#post(to, body, abort.signal)
      this.#perform(this.#membership.settled(id, { type: 'reply', message: reply }, this.now()))
    } catch (error) {
      this.counters.exchangesFailed++
      this.#logger.trace({ to, err: error }, 'an exchange failed')
      const type = isRefused(error) ? 'refused' : 'failed'
      this.#perform(this.#membership.settled(id, { type }, this.now()))
    } finally {
      clearTimeout(timer)
    }
  }

  async #post(to: string, body: string, signal: AbortSignal): Promise<PeerMessage> {
    const reply = await this.#links.post(to, { path: gossipPath, body, signal })
    this.counters.bytesReceived += Buffer.byteLength(reply.body)
    const message = reply.status === 200 ? parsePeerMessage(JSON.parse(reply.body)) : undefined
    if (message === undefined) throw new RingholdError('RINGHOLD_BAD_REPLY', { detail: `status ${reply.status}` })
    return message
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
    clearInterval(this.#timer)
    if (this.#join === undefined) this.#events.onFatal(error)
    else this.#join.failed(error)
    this.#join = undefined
  }
}
