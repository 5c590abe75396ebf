/**
 * MapStore: the store as one Map in order of use, and a heap of deadlines beside it.
 *
 *      Map    least recently used ──────────────────► most recently used
 *             evicted first                           reading or writing an entry moves it here
 *      heap   expires first ──► expires last          sweep takes from the front, in slices
 *
 * Memory is accounted, not measured: key, value and content type in bytes plus `entryOverheadBytes` for each entry.
 */
import type { Version } from '@ringhold/sdk/protocol'
import { Deadlines } from './deadlines.ts'
import type { Entry, Place, Store, StoreStats } from './store.ts'

/**
 * entryOverheadBytes is what an entry costs beside its bytes: the Map slot, the key string, the entry object, its deadline
 * and the typed array. Measured on Node 20 with 300,000 entries of 20 to 1,000 bytes: 400 to 427 bytes of heap and
 * external memory. The garbage collector's own reserve comes on top.
 */
export const entryOverheadBytes = 430

/** Left-over deadlines are thrown away when they outnumber the entries, but not for the sake of a few. */
const deadlinesMin = 1_024

interface Stored extends Entry {
  readonly id: string
  readonly token: number
  readonly cache: string
  readonly bytes: number
  readonly at: number
  readonly version: Version
}

interface Tally {
  entries: number
  bytes: number
}

export class MapStore implements Store {
  readonly #bytesMax: number
  readonly #entries = new Map<string, Stored>()
  readonly #deadlines = new Deadlines<Stored>()
  readonly #caches = new Map<string, Tally>()
  #bytes = 0
  #evictions = 0
  #expirations = 0

  constructor(options: { readonly bytesMax: number }) {
    this.#bytesMax = options.bytesMax
  }

  read(place: Place, now: number): Entry | undefined {
    const id = idOf(place)
    const stored = this.#live(id, now)
    if (stored === undefined) return undefined
    this.#entries.delete(id)
    this.#entries.set(id, stored)
    return stored
  }

  write(place: Place, entry: Entry, now: number): 'created' | 'replaced' | 'too-large' {
    const bytes = entryOverheadBytes + place.key.length + entry.value.length + entry.contentType.length
    if (bytes > this.#bytesMax) return 'too-large'
    const id = idOf(place)
    const before = this.#live(id, now)
    if (before !== undefined) this.#drop(before)
    this.#makeRoom(bytes, now)
    this.#add({
      id,
      token: place.token,
      cache: place.cache,
      bytes,
      at: entry.expiresAt ?? Number.POSITIVE_INFINITY,
      // A copy of its own: the caller's bytes may be a slice that holds a whole network buffer in memory.
      value: new Uint8Array(entry.value),
      contentType: entry.contentType,
      version: entry.version,
      expiresAt: entry.expiresAt,
    })
    return before === undefined ? 'created' : 'replaced'
  }

  remove(place: Place, now: number): boolean {
    const stored = this.#live(idOf(place), now)
    if (stored === undefined) return false
    this.#drop(stored)
    return true
  }

  retain(keep: (token: number) => boolean): number {
    let dropped = 0
    for (const stored of this.#entries.values()) {
      if (keep(stored.token)) continue
      this.#drop(stored)
      dropped++
    }
    this.#deadlines.keep((stored) => this.#stands(stored))
    return dropped
  }

  sweep(now: number, budget: number): number {
    let freed = 0
    while (freed < budget) {
      const due = this.#deadlines.takeDue(now)
      if (due === undefined) break
      if (!this.#stands(due)) continue
      this.#drop(due)
      this.#expirations++
      freed++
    }
    return freed
  }

  stats(now: number): StoreStats {
    this.sweep(now, Number.POSITIVE_INFINITY)
    return {
      entries: this.#entries.size,
      bytes: this.#bytes,
      bytesMax: this.#bytesMax,
      caches: new Map([...this.#caches].map(([cache, tally]) => [cache, { ...tally }])),
      evictions: this.#evictions,
      expirations: this.#expirations,
    }
  }

  #live(id: string, now: number): Stored | undefined {
    const stored = this.#entries.get(id)
    if (stored === undefined || stored.at > now) return stored
    this.#drop(stored)
    this.#expirations++
    return undefined
  }

  #makeRoom(bytes: number, now: number): void {
    const room = this.#bytesMax - bytes
    while (this.#bytes > room) {
      if (this.sweep(now, 1) > 0) continue
      this.#drop(this.#entries.values().next().value as Stored)
      this.#evictions++
    }
  }

  #add(stored: Stored): void {
    this.#entries.set(stored.id, stored)
    this.#bytes += stored.bytes
    const tally = this.#caches.get(stored.cache)
    if (tally === undefined) this.#caches.set(stored.cache, { entries: 1, bytes: stored.bytes })
    else {
      tally.entries++
      tally.bytes += stored.bytes
    }
    if (stored.expiresAt === undefined) return
    if (this.#deadlines.size >= Math.max(deadlinesMin, 2 * this.#entries.size)) {
      this.#deadlines.keep((deadline) => this.#stands(deadline))
    }
    this.#deadlines.add(stored)
  }

  #drop(stored: Stored): void {
    this.#entries.delete(stored.id)
    this.#bytes -= stored.bytes
    const tally = this.#caches.get(stored.cache) as Tally
    tally.entries--
    tally.bytes -= stored.bytes
    if (tally.entries === 0) this.#caches.delete(stored.cache)
  }

  #stands(stored: Stored): boolean {
    return this.#entries.get(stored.id) === stored
  }
}

/** One string for cache and key; cache names have no slash. Latin-1 maps bytes to characters one to one. */
function idOf({ cache, key }: Place): string {
  return `${cache}/${Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')}`
}
