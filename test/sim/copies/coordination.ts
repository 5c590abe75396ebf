/**
 * Who coordinates the tokens of the traffic, checked after every event: never two processes the same token, unless they
 * had reason to hold each other gone: a broken link, a freeze, a false verdict, now or a short while ago. Of two who had,
 * one may hand the token to a third, who had none; then the other and the third are two until the other is asked too.
 */
import type { SimNode } from './sim-node.ts'

/** How long after the end of the trouble two may still coordinate the same. */
const aftermathMs = 15_000

export interface CoordinationEvents {
  readonly now: () => number
  readonly breach: (text: string) => void
  /** Called when the rules have exceptions until the fleet is at rest. */
  readonly unsettled: (why: string) => void
  readonly isBroken: (a: SimNode, b: SimNode) => boolean
}

export class Coordination {
  readonly #tokens: readonly number[]
  readonly #coordinators: Set<SimNode>[]
  /** Until when two may coordinate a token of which one did so beside another that had reason to. */
  readonly #excusedUntil: Map<SimNode, number>[]
  readonly #events: CoordinationEvents
  readonly #trouble = new Map<string, number>()
  /** How often a token was coordinated in another's stead. */
  provisional = 0

  constructor(tokens: Iterable<number>, events: CoordinationEvents) {
    this.#tokens = [...new Set(tokens)]
    this.#coordinators = this.#tokens.map(() => new Set())
    this.#excusedUntil = this.#tokens.map(() => new Map())
    this.#events = events
  }

  /** trouble notes that two processes have, or just had, reason to hold each other gone. */
  trouble(a: string, b: string): void {
    this.#trouble.set(a < b ? `${a} ${b}` : `${b} ${a}`, this.#events.now())
  }

  look(node: SimNode): void {
    for (let index = 0; index < this.#tokens.length; index++) {
      const token = this.#tokens[index] as number
      const tenure = node.isParty ? node.copies.tenureOf(token) : 'none'
      const coordinators = this.#coordinators[index] as Set<SimNode>
      const isCoordinator = tenure === 'held' || tenure === 'provisional'
      if (isCoordinator === coordinators.has(node)) continue
      if (!isCoordinator) {
        coordinators.delete(node)
        this.#excusedUntil[index]?.delete(node)
      } else {
        if (tenure === 'provisional') this.#standsIn(node)
        for (const other of coordinators) this.#both(node, other, index)
        coordinators.add(node)
      }
    }
  }

  gone(node: SimNode): void {
    for (const coordinators of this.#coordinators) coordinators.delete(node)
    for (const excused of this.#excusedUntil) excused.delete(node)
  }

  /** otherThan returns who coordinates a token beside a process. */
  otherThan(node: SimNode, token: number): SimNode | undefined {
    const coordinators = this.#coordinators[this.#tokens.indexOf(token)] ?? []
    for (const coordinator of coordinators) if (coordinator !== node) return coordinator
    return undefined
  }

  /** doubles returns tokens that two processes coordinate now. */
  doubles(): string[] {
    const found: string[] = []
    for (const [index, coordinators] of this.#coordinators.entries()) {
      if (coordinators.size > 1)
        found.push(`${this.#tokens[index]}: ${[...coordinators].map(({ name }) => name).join(', ')}`)
    }
    return found
  }

  /** A replica that is one since just now may lack what others hold, and stands in all the same: it must not be relied on. */
  #standsIn(node: SimNode): void {
    const { now, unsettled } = this.#events
    this.provisional++
    if (now() - node.ringChangedAt < aftermathMs) unsettled(`${node.name} stands in soon after a change of its ring`)
  }

  #both(a: SimNode, b: SimNode, index: number): void {
    const { now, breach, isBroken } = this.#events
    const pair = a.name < b.name ? `${a.name} ${b.name}` : `${b.name} ${a.name}`
    // Until they have sorted it out, each may take from the other what it gave it just before.
    if (isBroken(a, b)) this.#trouble.set(pair, now())
    const troubleAt = this.#trouble.get(pair) ?? Number.NEGATIVE_INFINITY
    const excusedUntil = this.#excusedUntil[index] as Map<SimNode, number>
    if (now() - troubleAt < aftermathMs) {
      for (const node of [a, b]) excusedUntil.set(node, now() + aftermathMs)
    } else if ((excusedUntil.get(b) ?? Number.NEGATIVE_INFINITY) < now()) {
      const [mine, theirs] = [a, b].map(({ copies }) => copies.tenureOf(this.#tokens[index] as number))
      breach(`${a.name} (${mine}) and ${b.name} (${theirs}) both coordinate token ${this.#tokens[index]}`)
    }
  }
}
