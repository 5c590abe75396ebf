/** Chaos makes the faults of a plan happen, and ends all of them when it is over. */
import type { Fault } from './plan.ts'
import { streamOf } from './streams.ts'
import type { World } from './world.ts'

/** A node that crashed for longer than this stays away. */
const awayForGoodMs = 9_000

export class Chaos {
  readonly #world: World
  /** What undoes the faults that go on. */
  readonly #undo = new Set<() => void>()
  readonly #stayAway = new Set<string>()

  constructor(world: World) {
    this.#world = world
  }

  begin(): void {
    const { schedule, plan } = this.#world
    for (const fault of plan.faults) schedule.after(fault.at, () => this.#happen(fault))
  }

  /** end heals everything; a node that was away for long stays away, unless nobody else is there. */
  end(): void {
    const world = this.#world
    for (const undo of this.#undo) undo()
    this.#undo.clear()
    const names = world.everStarted.filter((name) => !this.#stayAway.has(name))
    if (names.length === 0) names.push(world.everStarted[0] as string)
    for (const name of names) if (world.named(name)?.isRunning !== true) world.start(name)
  }

  #happen(fault: Fault) {
    const world = this.#world
    world.say(`fault ${JSON.stringify(fault)}`)
    switch (fault.type) {
      case 'crash':
      case 'unplug':
        return this.#crash(nameOf(fault.node), fault)
      case 'freeze': {
        const node = world.named(nameOf(fault.node))
        node?.freeze()
        if (node) world.troubled(node)
        return this.#for(fault.ms, () => node?.thaw())
      }
      case 'leave':
        world.named(nameOf(fault.node))?.leave()
        return this.#return(nameOf(fault.node), fault.ms)
      case 'join':
        for (const number of fault.nodes) world.start(nameOf(number))
        return
      case 'split':
        return this.#split(fault.side.map(nameOf), this.#rest(fault.side), fault)
      case 'bridge': {
        const side = fault.side.filter((node) => node !== fault.middle)
        return this.#split(side.map(nameOf), this.#rest([...side, fault.middle]), { ms: fault.ms, ways: 'both' })
      }
      case 'flap':
        return this.#flap(fault.node, fault.times, fault.periodMs)
      case 'lose':
        world.network.loss += fault.share
        return this.#for(fault.ms, () => {
          world.network.loss = Math.max(0, world.network.loss - fault.share)
        })
      case 'slow':
        world.network.slow.set(nameOf(fault.node), fault.latencyMs)
        return this.#for(fault.ms, () => world.network.slow.delete(nameOf(fault.node)))
      case 'reset':
        world.network.resets += fault.share
        return this.#for(fault.ms, () => {
          world.network.resets = Math.max(0, world.network.resets - fault.share)
        })
      case 'jump-clock':
        return world.clockOf(nameOf(fault.node)).jump(fault.byMs)
      case 'replay-gossip':
        return world.replayGossip(nameOf(fault.node), streamOf(world.plan.seed, `replay ${fault.at}`))
      case 'old-ring': {
        const client = world.clients[fault.client - 1]
        if (client) client.isDeaf = true
        return this.#for(fault.ms, () => {
          if (client) client.isDeaf = false
        })
      }
      case 'cut-client': {
        const [client, node] = [`client-${fault.client}`, nameOf(fault.node)]
        world.network.cut(client, node)
        return this.#for(fault.ms, () => world.network.mend(client, node))
      }
      case 'squeeze':
        world.traffic.isSqueezing = true
        return this.#for(fault.ms, () => {
          world.traffic.isSqueezing = false
        })
    }
  }

  #crash(name: string, { type, ms }: { type: 'crash' | 'unplug'; ms: number }): void {
    const node = this.#world.named(name)
    if (node?.isRunning) node.end(type === 'crash' ? 'down' : 'silent')
    this.#return(name, ms)
  }

  #return(name: string, ms: number): void {
    if (ms > awayForGoodMs) {
      this.#stayAway.add(name)
      return
    }
    this.#world.schedule.after(ms, () => {
      const world = this.#world
      const node = world.named(name)
      if (world.isChaos && node && !node.isRunning) world.start(name)
    })
  }

  #split(side: readonly string[], rest: readonly string[], { ways, ms }: { ways: 'one' | 'both'; ms: number }): void {
    const { network } = this.#world
    const pairs = side.flatMap((a) => rest.map((b) => [a, b] as const))
    for (const [a, b] of pairs) {
      network.cut(a, b)
      if (ways === 'both') network.cut(b, a)
    }
    this.#for(ms, () => {
      for (const [a, b] of pairs) {
        network.mend(a, b)
        if (ways === 'both') network.mend(b, a)
        this.#world.coordination.trouble(a, b)
      }
    })
  }

  #flap(node: number, times: number, periodMs: number): void {
    if (times === 0 || !this.#world.isChaos) return
    this.#split([nameOf(node)], this.#rest([node]), { ways: 'both', ms: periodMs })
    this.#world.schedule.after(2 * periodMs, () => this.#flap(node, times - 1, periodMs))
  }

  #rest(side: readonly number[]): string[] {
    return this.#world.everStarted.filter((name) => !side.some((node) => nameOf(node) === name))
  }

  /** Undoes something when the time has come, or when the chaos is over. */
  #for(ms: number, undo: () => void): void {
    const once = () => {
      if (!this.#undo.delete(once)) return
      undo()
      this.#world.breakages()
    }
    this.#undo.add(once)
    this.#world.breakages()
    this.#world.schedule.after(ms, once)
  }
}

export function nameOf(node: number): string {
  return `node-${node}`
}
