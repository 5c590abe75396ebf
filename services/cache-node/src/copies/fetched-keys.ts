/**
 * FetchedKeys: the keys of syncing tokens that were fetched from all their sources. What is here of them is right from
 * then on, also when it is nothing: an older copy that comes later must not stand in for a value that was written here
 * meanwhile and has expired or was evicted.
 *
 * It is bounded: keys beyond that are fetched again each time.
 */
import type { Place } from '../store/store.ts'
import { spotText } from './spot.ts'

const keysMax = 131_072

export class FetchedKeys {
  readonly #ofTokens = new Map<number, Set<string>>()
  #size = 0

  has(place: Place): boolean {
    return this.#ofTokens.get(place.token)?.has(spotText(place)) ?? false
  }

  add(place: Place): void {
    if (this.#size >= keysMax) return
    let keys = this.#ofTokens.get(place.token)
    if (keys === undefined) {
      keys = new Set()
      this.#ofTokens.set(place.token, keys)
    }
    const before = keys.size
    keys.add(spotText(place))
    this.#size += keys.size - before
  }

  /** forget is for tokens that are settled, or whose sources are others now. */
  forget(token: number): void {
    const keys = this.#ofTokens.get(token)
    if (keys === undefined) return
    this.#size -= keys.size
    this.#ofTokens.delete(token)
  }

  clear(): void {
    this.#ofTokens.clear()
    this.#size = 0
  }
}
