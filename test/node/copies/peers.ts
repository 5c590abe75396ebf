/**
 * Some nodes without sockets: stores, the parts that move copies, and a network of virtual milliseconds between them.
 * Who coordinates what is set by hand. Messages take a millisecond unless a test says otherwise; a node that is cut off
 * neither sends nor hears.
 */
import type { Member, Status, View } from '@ringhold/sdk/membership'
import { Ring } from '@ringhold/sdk/ring'
import { HybridClock } from '#node/clock/hybrid-clock.js'
import { Core } from '#node/copies/core.js'
import { dataParts } from '#node/copies/data-parts.js'
import type { DataParts, Holdings, ShelfRequest, TokenState } from '#node/copies/parts.js'
import type { PeerReply, PeerRequest, TokenDigest } from '#node/copies/peer-request.js'
import { type CopiesSettings, defaultCopiesSettings } from '#node/copies/settings.js'
import { TokenSet } from '#node/copies/token-set.js'
import { ByteStore } from '#node/store/byte-store.js'
import type { Change, Place } from '#node/store/store.js'
import { lent } from '../../sim/copies/messages.ts'

export const seed = 7
const tickMs = 20

export class Holder implements Holdings {
  readonly tokens = new TokenSet()
  isClaiming = false

  holds(token: number): boolean {
    return this.tokens.has(token)
  }

  state(token: number): TokenState {
    return this.tokens.has(token) ? 'held' : 'none'
  }
}

export interface Node {
  readonly name: string
  readonly core: Core
  readonly holder: Holder
  readonly store: ByteStore
  readonly parts: DataParts
  /** Neither sends nor hears. */
  isCutOff: boolean
}

export interface PeersOptions {
  readonly names: readonly string[]
  readonly copies?: number
  readonly settings?: Partial<CopiesSettings>
  readonly bytesMax?: number
}

/** Sent is a request that reached a node, and what it answered. */
export interface Sent {
  readonly from: string
  readonly to: string
  readonly request: PeerRequest
  readonly reply: PeerReply
}

export class Peers {
  now = 1_000
  /** What a request, and its answer, take each way. */
  latencyMsOf: (request: PeerRequest) => number = () => 1
  /** Every exchange so far. */
  readonly sent: Sent[] = []
  readonly nodes = new Map<string, Node>()
  readonly #members = new Map<string, Member>()
  readonly #due: { readonly at: number; readonly run: () => void }[] = []
  readonly #options: PeersOptions
  #ringNames: readonly string[] = []

  constructor(options: PeersOptions) {
    this.#options = options
    for (const name of options.names) this.start(name)
    this.ring(options.names)
    this.#tick()
  }

  /** start begins a node with an empty store; one of the same name is forgotten. */
  start(name: string): Node {
    const settings = { ...defaultCopiesSettings, ...this.#options.settings }
    const bytesMax = this.#options.bytesMax ?? 16 * 1_048_576
    const store = new ByteStore({ bytesMax, secret: [this.nodes.size + 1, this.now], now: this.now })
    const core = new Core({ self: name, seed, store, clock: new HybridClock(name), settings, random: () => 0.5 })
    core.now = this.now
    const holder = new Holder()
    const node: Node = { name, core, holder, store, parts: dataParts({ core, holdings: holder }), isCutOff: false }
    this.nodes.set(name, node)
    const incarnation = (this.#members.get(name)?.incarnation ?? 0) + 1
    const urls = { client: `http://${name}`, peer: `http://${name}` }
    this.#members.set(name, {
      name,
      urls,
      incarnation,
      status: 'alive',
      zone: '',
      weight: 1,
      instance: `${incarnation}`,
    })
    return node
  }

  node(name: string): Node {
    return this.nodes.get(name) as Node
  }

  /** ring tells all nodes of a ring of these members. */
  ring(names: readonly string[]): void {
    this.#ringNames = names
    this.#tellView()
  }

  status(name: string, status: Status): void {
    this.#members.set(name, { ...(this.#members.get(name) as Member), status })
    this.#tellView()
  }

  /** claim hands the tokens of the present ring over as a claim does: with the digests of all others. */
  claim(): void {
    for (const node of this.nodes.values()) {
      for (const token of node.holder.tokens) {
        if (node.core.ring.coordinator(token) === node.name) continue
        node.holder.tokens.delete(token)
      }
    }
    for (const node of this.nodes.values()) {
      if (node.isCutOff) continue
      const tokens = new TokenSet()
      for (let token = 0; token < 16_384; token++) {
        if (node.core.ring.coordinator(token) === node.name && node.holder.tokens.add(token)) tokens.add(token)
      }
      if (tokens.size > 0) this.claimed(node.name, tokens)
    }
    this.#flush()
  }

  /** claimed tells a node that it has claimed tokens, all others having answered. */
  claimed(name: string, tokens: TokenSet): void {
    const digests = new Map<string, TokenDigest[]>()
    for (const other of this.nodes.values()) {
      if (other.name === name || other.isCutOff) continue
      const held = [...tokens].map((token) => ({ token, ...other.store.digest(token) }))
      digests.set(
        other.name,
        held.filter(({ entries }) => entries > 0),
      )
    }
    const { core, parts } = this.node(name)
    core.now = this.now
    parts.sync.claimed(tokens, digests)
  }

  place(key: string): Place {
    const bytes = new TextEncoder().encode(key)
    return {
      token: this.node([...this.nodes.keys()][0] as string).core.ring.tokenOfBytes(bytes),
      cache: 'default',
      key: bytes,
    }
  }

  put(name: string, key: string, change: { version: number; value?: string; ttlMs?: number }): void {
    const { version, value = `${key}@${version}`, ttlMs } = change
    const expiresAt = ttlMs === undefined ? undefined : this.now + ttlMs
    const entry = {
      type: 'entry',
      value: new TextEncoder().encode(value),
      contentType: 'text/plain',
      version,
      expiresAt,
    } as const
    this.node(name).store.apply(this.place(key), entry, this.now)
  }

  bury(name: string, key: string, version: number, keptMs = 600_000): void {
    this.node(name).store.apply(this.place(key), { type: 'tombstone', version, keptUntil: this.now + keptMs }, this.now)
  }

  change(name: string, key: string): Change | undefined {
    return this.node(name).store.change(this.place(key), this.now)
  }

  /** version is that of an entry; negative for a tombstone; undefined where there is neither. */
  version(name: string, key: string): number | undefined {
    const change = this.change(name, key)
    return change === undefined ? undefined : change.type === 'entry' ? change.version : -change.version
  }

  /** write is what a coordinator does: to the replicas, then to itself. */
  write(name: string, key: string, version: number): void {
    const place = this.place(key)
    const { ring } = this.node(name).core
    for (const owner of ring.owners(place.token)) this.put(owner, key, { version })
  }

  /** run lets time pass. */
  run(ms: number): void {
    const until = this.now + ms
    for (;;) {
      const next = this.#due[0]
      if (next === undefined || next.at > until) break
      this.#due.shift()
      this.now = next.at
      next.run()
      this.#flush()
    }
    this.now = until
  }

  /** runUntil lets time pass until something is so; false when it is not so in time. */
  runUntil(isSo: () => boolean, msMax: number): boolean {
    for (const end = this.now + msMax; this.now < end; ) {
      if (isSo()) return true
      this.run(tickMs)
    }
    return isSo()
  }

  #tick(): void {
    for (const node of this.nodes.values()) {
      this.#enter(node)
      node.core.asks.tick()
      for (const part of [node.parts.sync, node.parts.repair, node.parts.strays, node.parts.evictions]) part.tick()
    }
    this.#at(this.now + tickMs, () => this.#tick())
  }

  /** copiesSent counts copies that were handed out. */
  get copiesSent(): number {
    let count = 0
    for (const { reply } of this.sent) if (reply.type === 'copies') count += reply.copies.length
    return count
  }

  #tellView(): void {
    const members = [...this.#members.values()]
    const view: View = new Map(members.map((member) => [member.name, member]))
    const { copies = 2 } = this.#options
    const ring = new Ring({ members: this.#ringNames.map((name) => ({ name })), seed, copies })
    for (const node of this.nodes.values()) {
      node.core.view = view
      if (ring.checksum !== node.core.ring.checksum || node.core.ring.members.length === 0) node.core.ring = ring
      this.#enter(node)
      node.parts.sync.ringChanged()
      node.parts.repair.ringChanged()
      const { core, holder } = node
      node.store.coordinate((token) => holder.holds(token) || core.ring.coordinator(token) === core.self)
    }
    this.#flush()
  }

  #enter({ core }: Node): void {
    core.now = this.now
    core.wallMs = 1_800_000_000_000 + this.now
  }

  #flush(): void {
    for (const node of this.nodes.values()) {
      for (const effect of node.core.takeEffects()) {
        if (effect.type === 'ask') this.#deliver(node, effect.id, effect.to, effect.request)
      }
    }
  }

  #deliver(from: Node, id: number, name: string, request: PeerRequest): void {
    if (from.isCutOff) return
    const latencyMs = this.latencyMsOf(request)
    this.#at(this.now + latencyMs, () => {
      const to = this.nodes.get(name)
      if (to === undefined || to.isCutOff) return
      this.#enter(to)
      const reply = to.parts.shelf.serve(request as ShelfRequest, from.name)
      this.sent.push({ from: from.name, to: name, request, reply })
      this.#at(this.now + latencyMs, () => {
        if (to.isCutOff || from.isCutOff || this.nodes.get(from.name) !== from) return
        this.#enter(from)
        lent(reply, (read) => from.core.asks.settle(id, { type: 'reply', reply: read }))
      })
    })
  }

  #at(at: number, run: () => void): void {
    let index = this.#due.length
    while (index > 0 && (this.#due[index - 1] as { at: number }).at > at) index--
    this.#due.splice(index, 0, { at, run })
  }
}
