/**
 * One cache node: the pure parts wired to each other, and its life from the first listener to the last announcement.
 *
 *      start   listen on both ports ─► join ─► claim ─► ready          Listening comes first: nodes that start together
 *      stop    leave ─► hand over ─► drain ─► depart ─► closed         find each other in any order.
 */
import { getRandomValues, randomUUID } from 'node:crypto'
import type { Server } from 'node:http'
import { performance } from 'node:perf_hooks'
import type { Member, View } from '@ringhold/sdk/membership'
import { defaultLimits, type RingholdError } from '@ringhold/sdk/protocol'
import { seedOfFleet } from '@ringhold/sdk/ring'
import type { FastifyBaseLogger } from 'fastify'
import { advertisedUrl } from './addresses.ts'
import { type ClientListener, clientListener, type Listener, peerListener } from './apps.ts'
import { HybridClock } from './clock/hybrid-clock.ts'
import type { NodeConfig } from './config.ts'
import { Copies } from './copies/copies.ts'
import { isHandedOver } from './copies/handover.ts'
import { defaultCopiesSettings } from './copies/settings.ts'
import type { CopiesStatus } from './copies/status.ts'
import { type Counters, newCounters } from './core/counters.ts'
import type { Answers } from './core/decide.ts'
import { Executor } from './core/executor.ts'
import { RingOfView } from './core/ring-of-view.ts'
import { GossipServer } from './gossip/gossip-server.ts'
import { type GossipCounters, Gossiper } from './gossip/gossiper.ts'
import { TopologyFeed } from './http/topology-feed.ts'
import { listenOn } from './listen.ts'
import { Membership, type Sightings } from './membership/membership.ts'
import type { MembershipSettings } from './membership/settings.ts'
import { Metronome } from './metronome.ts'
import { PeerRoom } from './peers/peer-room.ts'
import { Replicator } from './peers/replicator.ts'
import { topologyOf } from './reports.ts'
import { ByteStore } from './store/byte-store.ts'
import { Rooms } from './stream/rooms.ts'
import { Upkeep } from './upkeep.ts'

export interface NodeOptions {
  readonly config: NodeConfig
  readonly logger: FastifyBaseLogger
  /** Called when the node cannot stay a member of its fleet; it does not stop by itself. */
  readonly onFatal: (error: RingholdError) => void
  readonly membershipSettings?: Partial<MembershipSettings>
}

/** How long requests under way may take to finish when the node stops. */
const drainMsMax = 2_000
/** How often a leaving node looks whether others have what it holds. */
const handOverLookMs = 20
/** How often it looks who holds room that others wait for. */
const roomLookMs = 500

const nobody: View = new Map()

export class CacheNode {
  readonly config: NodeConfig
  readonly counters: Counters = newCounters()
  readonly store: ByteStore
  readonly rooms: Rooms
  readonly feed = new TopologyFeed(() => topologyOf(this))
  readonly executor: Executor
  readonly replicator: Replicator
  readonly gossipServer: GossipServer
  readonly startedAt = performance.now()
  readonly #options: NodeOptions
  readonly #rings: RingOfView
  readonly #copies: Copies
  readonly #clients: ClientListener
  readonly #peers: Listener
  #membership: Membership | undefined
  #gossiper: Gossiper | undefined
  readonly #metronome = new Metronome()
  readonly #upkeep: Upkeep
  #stopRoomLooks = () => {}
  /** Whether it has coordinated whatever it should, once. */
  #hasClaimed = false
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
    this.rooms = new Rooms(config.memoryBytesMax)
    this.#upkeep = new Upkeep(this.store, this.#metronome)
    const fleet = { seed: seedOfFleet(config.fleet), copies: config.copies }
    this.#rings = new RingOfView(fleet)
    const room = new PeerRoom(config.memoryBytesMax)
    this.#copies = new Copies({
      self: config.name,
      fleet,
      store: this.store,
      clock: new HybridClock(config.name),
      limits: defaultLimits,
      counters: this.counters,
      random: Math.random,
      answers: (now) => this.answers(now),
      memory: room,
    })
    this.replicator = new Replicator({
      self: config.name,
      fleet: config.fleet,
      limits: defaultLimits,
      copies: this.#copies,
      room,
      logger,
      metronome: this.#metronome,
      settings: defaultCopiesSettings,
      view: () => this.view,
      onRingSuspect: (peerUrl) => this.#gossiper?.suspectRing(peerUrl),
    })
    this.executor = new Executor({
      copies: this.#copies,
      store: this.store,
      limits: defaultLimits,
      now: () => performance.now(),
      wallMs: () => Date.now(),
      onEffects: () => this.replicator.performSoon(),
    })
    this.gossipServer = new GossipServer({
      receive: () => this.#gossiper?.receive,
      onProblem: ({ code, message }) => logger.debug({ code }, `gossip was refused: ${message}`),
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

  /** What this node tells of gossip. */
  get gossip(): GossipCounters & Readonly<Sightings> & { readonly stretch: number } {
    const traffic = this.#gossiper?.counters ?? { exchangesSent: 0, exchangesFailed: 0, bytesSent: 0, bytesReceived: 0 }
    const sightings = this.#membership?.sightings ?? { suspicions: 0, deaths: 0, refutations: 0 }
    return { ...traffic, ...sightings, stretch: this.#membership?.stretch ?? 1 }
  }

  /** What this node tells of copies. */
  get copies(): CopiesStatus {
    return this.#copies.status
  }

  /** Whether the tokens that were this node's when it joined have been claimed. */
  get hasClaimed(): boolean {
    const { ring } = this
    this.#hasClaimed ||= ring.members.some(({ name }) => name === this.config.name) && this.copies.tokens.claiming === 0
    return this.#hasClaimed
  }

  /** The server of the listener for clients. */
  get clientServer(): Server {
    return this.#clients.app.server
  }

  /** How many streams are open, of clients and of peers. */
  get streams(): number {
    return this.#clients.streams.size + this.replicator.server.size
  }

  /** What lies ready for clients that do not read their streams, in bytes. */
  get unsentBytes(): number {
    return this.#clients.streams.unsentBytes
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
      settings: { apartMsMax: defaultCopiesSettings.tombstoneGraceMs / 2, ...membershipSettings },
    })
    this.#gossiper = new Gossiper({
      membership: this.#membership,
      logger,
      metronome: this.#metronome,
      events: {
        onView: () => this.#viewChanged(),
        onWake: () => this.replicator.woke(),
        onDropEntries: (why) => this.#dropEntries(why),
        onFatal,
      },
    })
    this.#upkeep.start()
    this.#stopRoomLooks = this.#metronome.every(roomLookMs, () => this.rooms.look(performance.now()))
    this.replicator.start()
    await this.#gossiper.join()
    logger.info({ urls, ring: this.ring.checksum, members: this.view.size }, 'ready')
  }

  /** stop leaves the fleet in good order and closes everything: within 5 s and the leave timeout, whatever peers and clients do. */
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
    await this.#handOver()
    this.feed.close()
    await closeWithin(this.#clients, drainMsMax)
    await this.#gossiper?.depart()
    await this.#close([this.#peers], drainMsMax)
    this.#options.logger.info('stopped')
  }

  /** Waits until others coordinate and hold what this node did. It answers, and passes commands on, meanwhile. */
  async #handOver(): Promise<void> {
    const { leaveTimeoutMs } = this.config
    const startedAt = performance.now()
    const isOver = () => isHandedOver(this.config.name, this.view, this.copies)
    while (!isOver() && performance.now() - startedAt < leaveTimeoutMs) {
      await new Promise((resolve) => setTimeout(resolve, handOverLookMs))
    }
    const { tokens, entries } = this.copies
    const ms = Math.round(performance.now() - startedAt)
    this.#options.logger.info({ ms, tokens, strays: entries.strays }, 'handed over')
  }

  async #close(listeners: readonly Listener[], drainMs: number): Promise<void> {
    this.#upkeep.stop()
    this.#stopRoomLooks()
    this.feed.close()
    this.replicator.close()
    this.#gossiper?.close()
    this.gossipServer.destroy()
    await Promise.all(listeners.map((listener) => closeWithin(listener, drainMs)))
  }

  #viewChanged(): void {
    const { view } = this
    const isOtherRing = this.#rings.update(view)
    const { ring } = this
    this.replicator.viewChanged({ view, ring, incarnation: this.self?.incarnation ?? 0 })
    if (isOtherRing) {
      this.#clients.streams.tellRing(ring.checksum)
      const members = ring.members.map((member) => member.name)
      const tokens = ring.tokensOf().get(this.config.name) ?? 0
      this.#options.logger.info({ ring: ring.checksum, members, tokens }, 'the ring changed')
    }
    const peerUrls = new Set([...view.values()].map(({ urls }) => urls.peer))
    for (const seed of this.config.seeds) peerUrls.add(seed)
    this.#gossiper?.keepOnly(peerUrls)
    this.feed.changed()
  }

  #dropEntries(why: string): void {
    this.replicator.dropEverything()
    this.#options.logger.warn({ why }, 'entries dropped')
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
