/**
 * NaiveStore says what a store may answer: a map that forgets nothing but what has expired or was deleted. A store under
 * test may hold less, by eviction, but whatever it answers must be what this one holds.
 */
import type { Change, Place } from '#node/store/store.js'

export interface Known {
  readonly place: Place
  readonly change: Change
}

export class NaiveStore {
  readonly #known = new Map<string, Known>()
  /** Entries that the store under test was found to have lost. */
  lost = 0

  get(place: Place, now: number): Change | undefined {
    const known = this.#known.get(idOf(place))
    if (known === undefined) return undefined
    if (endOf(known.change) > now) return known.change
    this.#known.delete(idOf(place))
    return undefined
  }

  set(place: Place, change: Change): void {
    const key = new Uint8Array(place.key)
    this.#known.set(idOf(place), { place: { ...place, key }, change })
  }

  delete(place: Place): void {
    this.#known.delete(idOf(place))
  }

  /** The store under test no longer has an entry: it must have evicted it. */
  lose(place: Place): void {
    this.#known.delete(idOf(place))
    this.lost++
  }

  values(now: number): Known[] {
    return [...this.#known.values()].filter(({ change }) => endOf(change) > now)
  }
}

function idOf({ cache, key }: Place): string {
  return `${cache}/${Buffer.from(key).toString('latin1')}`
}

function endOf(change: Change): number {
  return (change.type === 'entry' ? change.expiresAt : change.keptUntil) ?? Number.POSITIVE_INFINITY
}
