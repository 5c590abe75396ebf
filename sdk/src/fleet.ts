/**
 * The nodes that the client knows: the seeds it was given, kept for ever, and the members of the newest topology with
 * the connection and the breaker of each. Connections belong to addresses: a node that comes back under another URL
 * gets a new one, and what belongs to no seed and no member any more is closed.
 */
import { Breaker, type BreakerState } from './breaker.ts'
import type { Connection } from './connection.ts'
import { type AddressMap, originOf } from './options.ts'
import { isOnRing, RingholdError, type Topology, type TopologyMember } from './protocol/index.ts'
import { type Routes, routesOf } from './router.ts'

/** Peer is an address with everything that is known about it. */
export interface Peer {
  readonly url: string
  /** Name of the node on the ring that has the address now; undefined: none. */
  name: string | undefined
  readonly connection: Connection
  readonly breaker: Breaker
  requests: number
  failures: number
  lastError: RingholdError | undefined
}

/** NodeStats are the counters of one node. */
export interface NodeStats {
  readonly url: string
  readonly requests: number
  /** Attempts that brought no answer: refused, broken or out of time. */
  readonly failures: number
  readonly breaker: BreakerState
}

export interface FleetOptions {
  readonly seeds: readonly string[]
  readonly addressMap: AddressMap
  open(url: string): Connection
}

export class Fleet {
  readonly #options: FleetOptions
  readonly #peers = new Map<string, Peer>()
  /** Connections to addresses that belong to nobody any more, until what is under way there has ended. */
  readonly #departing = new Set<Connection>()
  #urls = new Map<string, string>()
  #routes: Routes | undefined
  #coordinators: readonly (Peer | undefined)[] = []

  constructor(options: FleetOptions) {
    this.#options = options
  }

  /** routes are those of the newest topology; undefined before the first. */
  get routes(): Routes | undefined {
    return this.#routes
  }

  /** urls are where the nodes on the ring are reached, by name. */
  get urls(): ReadonlyMap<string, string> {
    return this.#urls
  }

  /** coordinators are the peers of the members of the ring, in its order; undefined where one has no usable address. */
  get coordinators(): readonly (Peer | undefined)[] {
    return this.#coordinators
  }

  /** ownerOf returns the name of the coordinator of a key; undefined before the first topology. */
  ownerOf(key: string): string | undefined {
    const ring = this.#routes?.ring
    return ring?.coordinator(ring.token(key))
  }

  /** node returns the peer of a node on the ring; undefined where there is none or it has no usable address. */
  node(name: string): Peer | undefined {
    const url = this.#urls.get(name)
    return url === undefined ? undefined : this.peer(url)
  }

  /** peer returns the peer of an address, and makes it where there is none. */
  peer(url: string): Peer {
    let peer = this.#peers.get(url)
    if (!peer) {
      const connection = this.#options.open(url)
      peer = {
        url,
        name: undefined,
        connection,
        breaker: new Breaker(),
        requests: 0,
        failures: 0,
        lastError: undefined,
      }
      this.#peers.set(url, peer)
    }
    return peer
  }

  /**
   * adopt makes a topology the present one, and returns what is wrong with addresses in it: a node without a usable one
   * is reached through the others. Throws RINGHOLD_BAD_REPLY where nothing can be routed by the topology.
   */
  adopt(topology: Topology): RingholdError[] {
    const fleet = this.#routes?.topology.fleet ?? topology.fleet
    if (topology.fleet !== fleet) throw badReply(`${topology.node} belongs to fleet ${topology.fleet}, not ${fleet}`)
    const isSameRing = this.#routes?.ring.checksum === topology.ring
    const routes = isSameRing ? { ring: (this.#routes as Routes).ring, topology } : routesOf(topology)
    if (routes.ring.members.length === 0) throw badReply(`${topology.node} has no ring yet`)
    if (routes.ring.checksum !== topology.ring) {
      throw badReply(`${topology.node} has another ring than its members make: its release does not fit this client`)
    }
    this.#routes = routes
    const problems = this.#readAddresses(topology)
    for (const peer of this.#peers.values()) peer.name = undefined
    this.#coordinators = routes.ring.members.map(({ name }) => {
      const peer = this.node(name)
      if (peer) peer.name = name
      return peer
    })
    this.#closeDeparted()
    return problems
  }

  stats(): Record<string, NodeStats> {
    const now = performance.now()
    const stats: [string, NodeStats][] = []
    for (const [name, address] of this.#urls) {
      const { url, requests, failures, breaker } = this.peer(address)
      stats.push([name, { url, requests, failures, breaker: breaker.state(now) }])
    }
    return Object.fromEntries(stats)
  }

  async destroy(): Promise<void> {
    const connections = [...this.#peers.values()].map(({ connection }) => connection)
    await Promise.all([...connections, ...this.#departing].map((connection) => connection.destroy()))
  }

  #readAddresses({ members }: Topology): RingholdError[] {
    const problems: RingholdError[] = []
    this.#urls = new Map()
    for (const member of members) {
      if (!isOnRing(member.status)) continue
      try {
        this.#urls.set(member.name, this.#addressOf(member))
      } catch (cause) {
        problems.push(
          new RingholdError('RINGHOLD_BAD_OPTION', { detail: `${member.name} has no usable address`, cause }),
        )
      }
    }
    return problems
  }

  #addressOf({ name, url }: TopologyMember): string {
    const { addressMap } = this.#options
    if (typeof addressMap === 'function') return originOf(addressMap({ name, url }) ?? url, 'addressMap')
    const from = [name, url].find((known) => Object.hasOwn(addressMap, known))
    return originOf(from === undefined ? url : addressMap[from], from === undefined ? `url of ${name}` : 'addressMap')
  }

  #closeDeparted(): void {
    const wanted = new Set([...this.#options.seeds, ...this.#urls.values()])
    for (const [url, { connection }] of this.#peers) {
      if (wanted.has(url)) continue
      this.#peers.delete(url)
      // What is under way there ends by itself, by its answer or by its deadline.
      this.#departing.add(connection)
      const forget = () => this.#departing.delete(connection)
      connection.close().then(forget, forget)
    }
  }
}

function badReply(detail: string): RingholdError {
  return new RingholdError('RINGHOLD_BAD_REPLY', { detail })
}
