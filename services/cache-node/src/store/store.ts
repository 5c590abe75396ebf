/**
 * The store: where a node keeps its entries. Bytes in, bytes out; `now` is passed in, on the monotonic clock of the
 * process, so that wall clocks never matter to expiry.
 *
 *      face ─► core ─► Store ◄── MapStore (this release: a plain Map)
 *
 * It guarantees: an entry that has expired is never read and never counted; the bytes it accounts for never exceed its
 * bound, the least useful entries go first; what retain drops is gone when retain returns. It decides nothing about
 * ownership, conditions or versions: that is the core's business, which reads, decides and writes in one turn.
 */
import type { Version } from '@ringhold/sdk/protocol'

/** Place is where an entry lies. */
export interface Place {
  /** Of the key, by the ring seed of the fleet: what retain selects by. */
  readonly token: number
  readonly cache: string
  /** The key in UTF-8. */
  readonly key: Uint8Array
}

/** Entry is what lies there. */
export interface Entry {
  readonly value: Uint8Array
  readonly contentType: string
  readonly version: Version
  /** On the monotonic clock, in milliseconds; undefined: never. */
  readonly expiresAt: number | undefined
}

/** CacheStats is the size of one cache. `bytes` includes the accounted overhead of entries. */
export interface CacheStats {
  readonly entries: number
  readonly bytes: number
}

/** StoreStats counts what can be read at that time, and what went away by itself since the start. */
export interface StoreStats extends CacheStats {
  readonly bytesMax: number
  readonly caches: ReadonlyMap<string, CacheStats>
  readonly evictions: number
  readonly expirations: number
}

export interface Store {
  /** The entry, which counts as used now; undefined where there is none. The caller must not change its bytes. */
  read(place: Place, now: number): Entry | undefined
  /** Puts or replaces an entry; keeps a copy of its bytes. 'too-large': it alone exceeds the bound, nothing changed. */
  write(place: Place, entry: Entry, now: number): 'created' | 'replaced' | 'too-large'
  /** Whether there was an entry to remove. */
  remove(place: Place, now: number): boolean
  /** Drops every entry whose token is not kept; returns how many. */
  retain(keep: (token: number) => boolean): number
  /** Frees at most `budget` expired entries and returns how many it freed: fewer than the budget means none is left. */
  sweep(now: number, budget: number): number
  stats(now: number): StoreStats
}
