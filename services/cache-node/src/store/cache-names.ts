/** CacheNames gives every cache that holds something a number of 16 bits, and keeps its tally. */
import { cacheMarkOf } from './digests.ts'

const cachesMax = 65_535

export interface CacheTally {
  readonly id: number
  readonly name: string
  /** Where the marks of its keys start, see digests.ts. */
  readonly mark: number
  entries: number
  /** How many of the entries lie in the log of replicas. */
  replicas: number
  bytes: number
  tombstones: number
}

export class CacheNames {
  readonly #byName = new Map<string, CacheTally>()
  readonly #byId: (CacheTally | undefined)[] = [undefined]
  readonly #free: number[] = []
  /** The one found last: most commands in a row are for the same cache. */
  #last: CacheTally | undefined

  find(name: string): CacheTally | undefined {
    if (name !== this.#last?.name) this.#last = this.#byName.get(name)
    return this.#last
  }

  of(id: number): CacheTally {
    return this.#byId[id] as CacheTally
  }

  /** claim finds or adds a cache; undefined when there are 65,535 that hold something. */
  claim(name: string): CacheTally | undefined {
    const present = this.find(name)
    if (present !== undefined) return present
    if (this.#free.length === 0 && this.#byId.length > cachesMax) this.prune()
    const id = this.#free.pop() ?? this.#byId.length
    if (id > cachesMax) return undefined
    const tally = { id, name, mark: cacheMarkOf(name), entries: 0, replicas: 0, bytes: 0, tombstones: 0 }
    this.#byId[id] = tally
    this.#byName.set(name, tally)
    return tally
  }

  /** prune forgets the caches that hold nothing. Not in the middle of a write: its cache may still be empty. */
  prune(): void {
    this.#last = undefined
    for (const { id, name, entries, tombstones } of this.#byName.values()) {
      if (entries > 0 || tombstones > 0) continue
      this.#byName.delete(name)
      this.#byId[id] = undefined
      this.#free.push(id)
    }
  }

  clear(): void {
    for (const tally of this.#byName.values()) {
      tally.entries = 0
      tally.replicas = 0
      tally.bytes = 0
      tally.tombstones = 0
    }
    this.prune()
  }

  values(): IterableIterator<CacheTally> {
    return this.#byName.values()
  }
}
