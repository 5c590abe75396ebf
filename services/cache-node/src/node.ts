/**
 * One cache node: the pure parts wired to each other, and its life from the first listener to the last announcement.
 *
 *      start   listen on both ports ─► join ─► ready          Listening comes first: nodes that start together find
 *      stop    leave ─► drain ─► depart ─► closed             each other in any order.
 */
import { getRandomValues, randomUUID } from 'node:crypto'
import type { Server } from 'node:http'
import type { Member, View } from '@ringhold/sdk/membership'
import { defaultLimits, type RingholdError } from '@ringhold/sdk/protocol'
import { seedOfFleet } from '@ringhold/sdk/ring'
import type { FastifyBaseLogger } from 'fastify'
import { advertisedUrl } from './addresses.ts'
import { clientListener, type Listener, peerListener } from './apps.ts'
import { HybridClock } from './clock/hybrid-clock.ts'
import type { NodeConfig } from './config.ts'
import { Copies } from './copies/copies.ts'
import { type Counters, newCounters } from './core/counters.ts'
import type { Answers } from './core/decide.ts'
import { Executor } from './core/executor.ts'
import { RingOfView } from './core/ring-of-view.ts'
import { PeerForwarder } from './forward/peer-forwarder.ts'
import { type GossipCounters, Gossiper } from './gossip/gossiper.ts'
import { TopologyFeed } from './http/topology-feed.ts'
import { listenOn } from './listen.ts'
import { Membership, type Sightings } from './membership/membership.ts'
import type { MembershipSettings } from './membership/settings.ts'
import { topologyOf } from './reports.ts'
import { ByteStore } from './store/byte-store.ts'

export interface NodeOptions {
  readonly config: NodeConfig
  readonly logger: FastifyBaseLogger
  /** Called when the node cannot stay a member of its fleet; it does not stop by itself. */
  readonly onFatal: (error: RingholdError) => void
  readonly membershipSettings?: Partial<MembershipSettings>
}

/** How long requests under way may take to finish when the node stops. */
const drainMsMax = 2_000
/** Expired entries are freed so often, and so many in one go. */
const sweepIntervalMs = 100
const sweepBudget = 2_000

const nobody: View = new Map()

export class CacheNode {
  readonly config: NodeConfig
  readonly counters: Counters = newCounters()
  readonly store: ByteStore
  readonly feed = new TopologyFeed(() => topologyOf(this))
  readonly copies: Copies
  readonly executor: Executor
  readonly startedAt = performance.now()
  readonly #options: NodeOptions
  readonly #rings: RingOfView
  readonly #forwarder: PeerForwarder
  readonly #clients: Listener
  readonly #peers: Listener
  #membership: Membership | undefined
  #gossiper: Gossiper | undefined
  #sweeper: NodeJS.Timeout | undefined
  #tokens = 0
  #stopped: Promise<void> | undefined

  constructor(options: NodeOptions) {
    const { config, logger } = options
    this.#options = options
    this.config = config
    const [secret0 = 0, secret1 = 0] = getRandomValues(new Uint32Array(2))
    this.store = new ByteStore({
      bytesMax: config.memoryBytesMax,
      secret: [secret0, secret1],
      now: performance.now(),
    })
    this.#rings = new RingOfView({ seed: seedOfFleet(config.fleet), copies: config.copies })
    this.#forwarder = new PeerForwarder({ limits: defaultLimits })
    this.copies = new Copies({
      self: config.name,
      fleet: { seed: seedOfFleet(config.fleet), copies: config.copies },
      store: this.store,
      clock: new HybridClock(),
      limits: defaultLimits,
      counters: this.counters,
      random: Math.random,
      answers: (now) => this.answers(now),
    })
    this.executor = new Executor({
      copies: this.copies,
      store: this.store,
      limits: defaultLimits,
      now: () => performance.now(),
      wallMs: () => Date.now(),
      onEffects: () => {},
    })
    this.#clients = clientListener(this, logger)
    this.#peers = peerListener(this, logger)
  }

  get ring() {
    return this.#rings.ring
  }

  get view(): View {
    return this.#membership?.view ?? nobody
  }

  /** What the fleet knows of this node; undefined until it listens. */
  get self(): Member | undefined {
    return this.#membership?.self
  }

  /** The advertised URL for clients; empty until the node listens. */
  get clientUrl(): string {
    return this.self?.urls.client ?? ''
  }

  /** The advertised URL for peers; empty until the node listens. */
  get peerUrl(): string {
    return this.self?.urls.peer ?? ''
  }

  get gossiper(): Gossiper | undefined {
    return this.#gossiper
  }

  get gossipCounters(): GossipCounters & Readonly<Sightings> {
    const traffic = this.#gossiper?.counters ?? { exchangesSent: 0, exchangesFailed: 0, bytesSent: 0, bytesReceived: 0 }
    return { ...traffic, ...(this.#membership?.sightings ?? { suspicions: 0, deaths: 0, refutations: 0 }) }
  }

  /** How many tokens this node coordinates. */
  get tokens(): number {
    return this.#tokens
  }

  /** The server of the listener for clients. */
  get clientServer(): Server {
    return this.#clients.app.server
  }

  /** How many streams are open, of clients and of peers. */
  get streams(): number {
    return this.#clients.streams.size + this.#peers.streams.size
  }

  /** What lies ready for those who do not read their streams, in bytes. */
  get unsentBytes(): number {
    return this.#clients.streams.unsentBytes + this.#peers.streams.unsentBytes
  }

  answers(now: number): Answers {
    return this.#membership?.answers(now) ?? 'joining'
  }

  /**
   * start listens, joins the fleet and resolves when the node is a member. Rejects with RINGHOLD_PORT_IN_USE,
   * RINGHOLD_BAD_CONFIG (an address that is not ours), RINGHOLD_NAME_TAKEN, RINGHOLD_WRONG_FLEET or
   * RINGHOLD_SEEDS_UNREACHABLE; stop it all the same then.
   */
  async start(): Promise<void> {
    const { config, logger, onFatal, membershipSettings } = this.#options
    const { host } = config
    const peerPort = await listenOn(this.#peers.app, { host, port: config.peerPort, variable: 'RINGHOLD_PEER_PORT' })
    const clientPort = await listenOn(this.#clients.app, { host, port: config.port, variable: 'RINGHOLD_PORT' })
    const urls = {
      client: config.url ?? advertisedUrl(host, clientPort),
      peer: config.peerUrl ?? advertisedUrl(host, peerPort),
    }
    const { name, zone, weight, fleet, copies, joinTimeoutMs } = config
    this.#membership = new Membership({
      self: { name, urls, zone, weight, instance: randomUUID() },
      fleet: { name: fleet, copies },
      seeds: config.seeds.filter((seed) => seed !== urls.peer),
      joinTimeoutMs,
      random: Math.random,
      ...(membershipSettings && { settings: membershipSettings }),
    })
    this.#gossiper = new Gossiper({
      membership: this.#membership,
      logger,
      events: {
        onView: () => this.#viewChanged(),
        onDropEntries: (why) => this.#dropEntries(why),
        onFatal,
      },
    })
    this.#sweeper = setInterval(() => this.#sweep(), sweepIntervalMs)
    await this.#gossiper.join()
    logger.info({ urls, ring: this.ring.checksum, members: this.view.size }, 'ready')
  }

  /** stop leaves the fleet in good order and closes everything: within about 5 s, whatever peers and clients do. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  /** cut ends the node without a word to anyone, as a crash would. */
  async cut(): Promise<void> {
    this.#stopped ??= this.#close([this.#clients, this.#peers], 0)
    await this.#stopped
  }

  async #stop(): Promise<void> {
    await this.#gossiper?.leave()
    this.feed.close()
    await closeWithin(this.#clients, drainMsMax)
    await this.#gossiper?.depart()
    await this.#close([this.#peers], drainMsMax)
    this.#options.logger.info('stopped')
  }

  async #close(listeners: readonly Listener[], drainMs: number): Promise<void> {
    clearInterval(this.#sweeper)
    this.feed.close()
    await Promise.all([
      this.#gossiper?.close(),
      this.#forwarder.destroy(),
      ...listeners.map((listener) => closeWithin(listener, drainMs)),
    ])
  }

  #viewChanged(): void {
    const moment = { now: performance.now(), wallMs: Date.now() }
    const { name } = this.config
    if (this.#rings.update(this.view)) {
      const { ring } = this
      const dropped = this.store.retain((token) => ring.coordinator(token) === name)
      this.#clients.streams.tellRing(ring.checksum)
      this.#tokens = ring.tokensOf().get(name) ?? 0
      const members = ring.members.map((member) => member.name)
      this.#options.logger.info({ ring: ring.checksum, members, tokens: this.#tokens, dropped }, 'the ring changed')
    }
    const { view, ring, self } = this
    this.copies.viewChanged({ view, ring, incarnation: self?.incarnation ?? 0 }, moment)
    const peerUrls = new Set([...this.view.values()].map(({ urls }) => urls.peer))
    this.#forwarder.keepOnly(peerUrls)
    for (const seed of this.config.seeds) peerUrls.add(seed)
    this.#gossiper?.keepOnly(peerUrls)
    this.feed.changed()
  }

  #dropEntries(why: string): void {
    const dropped = this.store.retain(() => false)
    this.#options.logger.warn({ why, dropped }, 'entries dropped')
  }

  #sweep(): void {
    // A full slice means that there may be more: it follows once others had their turn.
    if (this.store.sweep(performance.now(), sweepBudget) === sweepBudget) setImmediate(() => this.#sweep())
    else if (this.store.settle()) setImmediate(() => this.#sweep())
    else if (this.store.isFragmented) this.store.compact()
  }
}

/** Closes a listener: idle connections at once, busy ones when they are done, or when the time is up. */
async function closeWithin({ app, streams }: Listener, ms: number): Promise<void> {
  const timer = setTimeout(() => {
    app.server.closeAllConnections()
    streams.destroy()
  }, ms)
  await app.close()
  clearTimeout(timer)
}
