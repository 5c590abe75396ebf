/** A fleet of real processes that a scenario breaks, and what its nodes say of themselves meanwhile. */
import type { Topology } from '@ringhold/sdk/protocol'
import type { Network } from './network.ts'
import { type NodePlace, NodeProcess } from './node-process.ts'
import { freePorts } from './ports.ts'
import { patienceMs, waitUntil } from './wait-until.ts'

export interface FleetOptions {
  readonly size: number
  /** Room for nodes that join later. Default: 1. */
  readonly spare?: number
  readonly copies?: number
  readonly memory?: string
  /** Where the nodes live; undefined: all on the loopback of this machine. */
  readonly network?: Network | undefined
  readonly preload?: readonly string[]
  /** Variables for one node, by its index. */
  readonly envOf?: (index: number) => Readonly<Record<string, string>>
}

/** Report is what a node says at /v1/stats, as far as scenarios ask. */
export interface Report {
  readonly node: string
  readonly ring: string
  readonly entries: number
  readonly bytes: number
  readonly gossip: { readonly deaths: number; readonly suspicions: number }
  readonly copies: {
    readonly tokens: { readonly held: number; readonly claiming: number; readonly provisional: number }
    readonly underReplicatedTokens: number
    readonly syncingTokens: number
    readonly strayTokens: number
    readonly entriesLeft: number
    readonly pulledEntries: number
    readonly entries: { readonly coordinated: number; readonly replicas: number; readonly strays: number }
    readonly hints: number
    readonly waiting: number
    readonly repairBytesSent: number
    readonly bytesReplicated: number
  }
}

const askTimeoutMs = 3_000
/** Asking costs the nodes what they should settle with. */
const pollMs = 100

export class Fleet {
  readonly nodes: (NodeProcess | undefined)[] = []
  readonly #options: FleetOptions
  readonly #places: readonly NodePlace[]
  /** Every process that was started, those that are gone included. */
  readonly #processes: NodeProcess[] = []

  private constructor(options: FleetOptions, places: readonly NodePlace[]) {
    this.#options = options
    this.#places = places
  }

  /** start starts a fleet and resolves when it is settled. */
  static async start(options: FleetOptions): Promise<Fleet> {
    const fleet = new Fleet(options, await placesOf(options))
    try {
      for (let index = 0; index < options.size; index++) fleet.#spawn(index)
      await fleet.settle()
      const ended = fleet.#processes.find(({ isRunning }) => !isRunning)
      if (ended !== undefined) throw new Error(`${ended.name} ended at once: ${ended.output}`)
    } catch (error) {
      await fleet.end()
      throw new Error(`${(error as Error).message}; nodes warned of ${JSON.stringify(fleet.warnings)}`, {
        cause: (error as Error).cause,
      })
    }
    return fleet
  }

  get copies(): number {
    return this.#options.copies ?? 2
  }

  get running(): NodeProcess[] {
    return this.nodes.filter((node) => node?.isRunning) as NodeProcess[]
  }

  get urls(): string[] {
    return this.running.map(({ url }) => url)
  }

  get pids(): number[] {
    return this.running.flatMap(({ child }) => child.pid ?? [])
  }

  node(index: number): NodeProcess {
    const node = this.nodes[index]
    if (node === undefined) throw new Error(`no node was started at place ${index}`)
    return node
  }

  /** spawn starts a node at a place, where one ran before or nobody did; it does not wait until it has joined. */
  spawn(index: number): NodeProcess {
    return this.#spawn(index)
  }

  async kill(index: number): Promise<void> {
    await this.node(index).end('SIGKILL')
  }

  /** reports asks the running nodes what they hold. Rejects when one does not answer. */
  async reports(): Promise<Report[]> {
    return Promise.all(this.running.map((node) => ask<Report>(node, '/v1/stats')))
  }

  /** topologies asks the running nodes, or those of them that are wanted, for their rings. */
  async topologies(wants: (node: NodeProcess) => boolean = () => true): Promise<Topology[]> {
    return Promise.all(this.running.filter(wants).map((node) => ask<Topology>(node, '/v1/topology')))
  }

  /** agree waits until the running nodes have one ring of exactly themselves; returns how long that took. */
  async agree(withinMs = patienceMs): Promise<number> {
    const since = performance.now()
    await this.#until('the nodes agree on one ring', withinMs, async () => (await this.#disagreements()) === undefined)
    return performance.now() - since
  }

  /** settle waits until they agree, hold as many copies as they should, and nothing moves; returns how long that took. */
  async settle(withinMs = patienceMs): Promise<number> {
    const since = performance.now()
    let last: string | undefined
    await this.#until('the fleet is settled', withinMs, async () => {
      last = (await this.#disagreements()) ?? (await this.#unsettled())
      if (last !== undefined) throw new Error(last)
      return true
    })
    return performance.now() - since
  }

  /** surprises lists the nodes that ended by themselves, with what they said last. */
  get surprises(): string[] {
    return this.#processes.flatMap((node) => (node.endedByItself ? [`${node.name}: ${node.output}`] : []))
  }

  /** warnings counts what nodes warned of, by node and text. */
  get warnings(): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const node of this.#processes) {
      for (const warning of warningsOf(node)) counts[warning] = (counts[warning] ?? 0) + 1
    }
    return counts
  }

  /** end kills what runs. */
  async end(): Promise<void> {
    await Promise.all(this.#processes.map((node) => node.end('SIGKILL')))
  }

  #until(what: string, withinMs: number, condition: () => Promise<boolean>): Promise<unknown> {
    return waitUntil(what, withinMs, condition, pollMs)
  }

  async #disagreements(): Promise<string | undefined> {
    const topologies = await this.topologies()
    if (topologies.length === 0) return 'no node runs'
    const names = this.running.map(({ name }) => name).sort()
    for (const { node, ring, members } of topologies) {
      const alive = members.flatMap(({ name, status }) => (status === 'alive' ? [name] : []))
      const onRing = members.filter(({ status }) => status === 'alive' || status === 'suspect')
      if (alive.join() !== names.join() || onRing.length !== alive.length) return `${node} sees ${alive.join()} alive`
      if (ring !== topologies[0]?.ring) return `${node} has another ring than ${topologies[0]?.node}`
    }
    return undefined
  }

  async #unsettled(): Promise<string | undefined> {
    for (const { node, copies } of await this.reports()) {
      const { tokens, underReplicatedTokens, syncingTokens, entries } = copies
      const left = tokens.claiming + tokens.provisional + underReplicatedTokens + syncingTokens + entries.strays
      if (left > 0) return `${node}: ${JSON.stringify(copies)}`
    }
    return undefined
  }

  #spawn(index: number): NodeProcess {
    const { copies, memory, envOf, preload } = this.#options
    const place = this.#places[index]
    if (place === undefined) throw new Error(`the fleet has no place ${index}`)
    const seeds = this.#places.slice(0, this.#options.size).map(({ host, peerPort }) => `${host}:${peerPort}`)
    const node = new NodeProcess({
      place,
      ...(preload !== undefined && { preload }),
      env: {
        RINGHOLD_SEEDS: seeds.join(','),
        ...(copies !== undefined && { RINGHOLD_COPIES: String(copies) }),
        ...(memory !== undefined && { RINGHOLD_MEMORY: memory }),
        ...envOf?.(index),
      },
    })
    this.nodes[index] = node
    this.#processes.push(node)
    return node
  }
}

/** Lines that are no JSON of our logger count as they are. */
function warningsOf({ name, output }: NodeProcess): string[] {
  return output.split('\n').flatMap((line) => {
    if (line === '') return []
    try {
      const { msg, waitsFor, code } = JSON.parse(line) as Record<string, unknown>
      return [[name, msg, waitsFor, code].filter((part) => part !== undefined).join(' ')]
    } catch {
      return [`${name} ${line}`]
    }
  })
}

async function placesOf({ size, spare = 1, network }: FleetOptions): Promise<NodePlace[]> {
  const count = size + spare
  const name = (index: number) => `node-${index + 1}`
  if (network !== undefined) {
    return Array.from({ length: count }, (_, index) => {
      const [host, namespace] = [network.hostOf(index), network.namespaceOf(index)]
      return { name: name(index), host, namespace, port: 7001, peerPort: 7101 }
    })
  }
  const ports = await freePorts(count * 2)
  return Array.from({ length: count }, (_, index) => {
    const [port, peerPort] = [ports[index], ports[count + index]] as [number, number]
    return { name: name(index), host: '127.0.0.1', port, peerPort }
  })
}

async function ask<T>(node: NodeProcess, path: string): Promise<T> {
  const reply = await fetch(node.url + path, { signal: AbortSignal.timeout(askTimeoutMs) })
  if (!reply.ok) throw new Error(`${node.name} answered ${reply.status} to ${path}: ${node.output}`)
  return (await reply.json()) as T
}
