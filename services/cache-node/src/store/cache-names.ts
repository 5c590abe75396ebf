/** CacheNames gives every cache that holds something a number of 16 bits, and keeps its tally. */
import { cacheMarkOf } from './digests.ts'

const cachesMax = 65_535

export interface CacheTally {
  readonly id: number
  readonly name: string
  /** Where the marks of its keys start, see digests.ts. */
  readonly mark: number
  entries: number
  bytes: number
  tombstones: number
}

export class CacheNames {
  readonly #byName = new Map<string, CacheTally>()
  readonly #byId: (CacheTally | undefined)[] = [undefined]
  readonly #free: number[] = []

  find(name: string): CacheTally | undefined {
    return this.#byName.get(name)
  }

  of(id: number): CacheTally {
    return this.#byId[id] as CacheTally
  }

  /** claim finds or adds a cache; undefined when there are 65,535 that hold something. */
  claim(name: string): CacheTally | undefined {
    const present = this.#byName.get(name)
    if (present !== undefined) return present
    if (this.#free.length === 0 && this.#byId.length > cachesMax) this.prune()
    const id = this.#free.pop() ?? this.#byId.length
    if (id > cachesMax) return undefined
    const tally = { id, name, mark: cacheMarkOf(name), entries: 0, bytes: 0, tombstones: 0 }
    this.#byId[id] = tally
    this.#byName.set(name, tally)
    return tally
  }

  /** prune forgets the caches that hold nothing. Not in the middle of a write: its cache may still be empty. */
  prune(): void {
    for (const { id, name, entries, tombstones } of this.#byName.values()) {
      if (entries > 0 || tombstones > 0) continue
      this.#byName.delete(name)
      this.#byId[id] = undefined
      this.#free.push(id)
    }
  }

  values(): IterableIterator<CacheTally> {
    return this.#byName.values()
  }
}
