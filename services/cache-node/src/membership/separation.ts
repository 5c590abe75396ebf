/**
 * How long this node was apart from the others, when it learns that they held it dead: it may have missed deletes for so
 * long. Beyond `apartMsMax` its entries are outdated, unless the others are those that were apart.
 *
 *      it stood still           so long, whoever else was there
 *      a split                  as long as it has held those dead that now turn out alive; of the two sides the smaller one
 *                               is outdated, and of two equal ones that without the smallest name
 *
 * The sides are told by when this node took their members for dead: a split takes all of the other side within
 * `togetherMs`. Whom it takes for dead only now, at the reunion, since the others did, was on its own side. It is each
 * node's own judgement: a crash at the time of the split may make both sides take themselves for the smaller one.
 */
import type { Core } from './core.ts'

/** How long after a return what is heard belongs to it. */
const reunionMs = 60_000
/** Those that were held dead within so long of each other are one side. */
const togetherMs = 30_000

/** Apart is how long this node was, and whether its entries count as outdated by that. */
export interface Apart {
  readonly ms: number
  readonly isOutdated: boolean
}

export class Separation {
  readonly #core: Core
  /** Since when this node has held members dead, whatever others say. */
  readonly #heldDeadAt = new Map<string, number>()
  /** The same of members that are not, and when they came back. */
  readonly #returned = new Map<string, { readonly goneAt: number; readonly at: number }>()
  #still: { readonly ms: number; readonly wokeAt: number } | undefined
  #declaredDeadAt: number | undefined

  constructor(core: Core) {
    this.#core = core
  }

  /** woke notes that this node stood still. */
  woke(stoodStillMs: number): void {
    this.#still = { ms: stoodStillMs, wokeAt: this.#core.now }
  }

  /** died notes that this node holds a member dead from now on. */
  died(name: string): void {
    this.#heldDeadAt.set(name, this.#core.now)
  }

  /** returned notes that a member which this node held dead is not. */
  returned(name: string): void {
    const goneAt = this.#heldDeadAt.get(name)
    this.#heldDeadAt.delete(name)
    if (goneAt !== undefined) this.#returned.set(name, { goneAt, at: this.#core.now })
  }

  /** declaredDead notes that others held this node dead. */
  declaredDead(): void {
    this.#declaredDeadAt = this.#core.now
  }

  /** apart judges by all that is known now; undefined when nobody held this node dead of late. */
  get apart(): Apart | undefined {
    const { now, settings } = this.#core
    if (this.#declaredDeadAt === undefined || now - this.#declaredDeadAt > reunionMs) return undefined
    const stillMs = this.#still !== undefined && now - this.#still.wokeAt <= reunionMs ? this.#still.ms : 0
    const goneAt = this.#othersGoneAt()
    const splitMs = goneAt === undefined ? 0 : now - goneAt
    const isOutdated =
      stillMs >= settings.apartMsMax ||
      (goneAt !== undefined && splitMs >= settings.apartMsMax && this.#isSmallerThan(this.#goneTogether(goneAt)))
    return { ms: Math.max(stillMs, splitMs), isOutdated }
  }

  /** forget is called when the entries were dropped: there is nothing more to judge. */
  forget(): void {
    this.#declaredDeadAt = undefined
    this.#still = undefined
    this.#returned.clear()
  }

  tick(): void {
    const { now, roster } = this.#core
    for (const [name, { at }] of this.#returned) if (now - at > reunionMs) this.#returned.delete(name)
    for (const name of this.#heldDeadAt.keys()) if (roster.get(name)?.status !== 'dead') this.#heldDeadAt.delete(name)
  }

  /** When the one was held dead that has been so the longest and is not: one that returned, or that speaks right now. */
  #othersGoneAt(): number | undefined {
    let earliest = this.#heldDeadAt.get(this.#core.speaker)
    for (const { goneAt } of this.#returned.values()) earliest = Math.min(earliest ?? goneAt, goneAt)
    return earliest
  }

  #goneTogether(goneAt: number): string[] {
    const names: string[] = []
    const add = (name: string, at: number) => {
      if (Math.abs(at - goneAt) <= togetherMs) names.push(name)
    }
    for (const [name, at] of this.#heldDeadAt) add(name, at)
    for (const [name, returned] of this.#returned) add(name, returned.goneAt)
    return names
  }

  #isSmallerThan(others: readonly string[]): boolean {
    const { now, roster } = this.#core
    const apart = new Set(others)
    const ours = [...roster.live].filter((name) => !apart.has(name))
    for (const [name, at] of this.#heldDeadAt) if (now - at <= reunionMs && !apart.has(name)) ours.push(name)
    if (ours.length !== others.length) return ours.length < others.length
    return smallest(others) < smallest(ours)
  }
}

function smallest(names: readonly string[]): string {
  return names.reduce((least, name) => (name < least ? name : least))
}
