/**
 * The store: where a node keeps its entries. Bytes in, bytes out; `now` is passed in, on the monotonic clock of the
 * process, so that wall clocks never matter to expiry.
 *
 *      face ─► core ─────────────────► Store ◄── ByteStore
 *      sync, anti-entropy ─► ReplicatedStore ◄──┘
 *
 * It guarantees: an entry that has expired is never read; the bytes it accounts for never exceed its bound, the least
 * useful entries go first and are counted; what drop and retain drop is gone when they return. It decides nothing about
 * ownership or conditions: that is the core's business, which reads, decides and writes in one turn. What it must know
 * of ownership it is told: the tokens that its node coordinates, for eviction is the coordinator's.
 */
import type { MissReason, Version } from '@ringhold/sdk/protocol'
import type { KeyRange } from './key-range.ts'

/** Place is where an entry lies. */
export interface Place {
  /** Of the key, by the ring seed of the fleet: what retain, digest and page select by. */
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

/** Tombstone is a deleted entry that is kept until the grace is over, so that no older copy of it comes back. */
export interface Tombstone {
  readonly version: Version
  /** On the monotonic clock, in milliseconds. Until then it is neither evicted nor forgotten. */
  readonly keptUntil: number
}

/** Change is what one node tells another of a key. */
export type Change = ({ readonly type: 'entry' } & Entry) | ({ readonly type: 'tombstone' } & Tombstone)

/** Written is what became of a write. 'too-large': it can never fit. 'full': tombstones leave no room now. In both cases nothing changed. */
export type Written = 'created' | 'replaced' | 'too-large' | 'full'

/** Applied is what became of a change. 'stale': the store has the same version or a higher one. */
export type Applied = 'applied' | 'stale' | 'too-large' | 'full'

/** Digest stands for the set of (cache, key, version) held of a token, tombstones included. Equal sets, equal digests. */
export interface Digest {
  readonly entries: number
  readonly low: number
  readonly high: number
}

/** Role is what a node is to a token: eviction is up to its coordinator. */
export type Role = 'coordinator' | 'replica'

/** Evicted is an entry that the store let go by itself, for want of room. What evict removed is not among these. */
export interface Evicted {
  readonly place: Place
  readonly version: Version
  /** What the node was to it. 'replica': nothing that it coordinates was left to evict. */
  readonly role: Role
}

/** Evictions is what was evicted since the list was taken before, in that order. */
export interface Evictions {
  readonly evicted: readonly Evicted[]
  /** How many more were evicted that the list had no room for: digests will differ by these until they are repaired. */
  readonly unlisted: number
}

/** PageRequest selects what to page over. */
export interface PageRequest {
  readonly tokens: (token: number) => boolean
  /** Where the page before ended; undefined: from the beginning. */
  readonly cursor?: number | undefined
  /** About how many changes a page has at most, and bytes of keys and values; one is returned however large it is. */
  readonly changesMax: number
  readonly bytesMax: number
  /** What will have expired by then is left out. Default: now. */
  readonly aliveAt?: number | undefined
}

/** Page is part of what a store holds. Pages have no order, and may be empty. */
export interface Page {
  readonly changes: readonly { readonly place: Place; readonly change: Change }[]
  /** Where to go on; undefined: that was the last page. */
  readonly cursor: number | undefined
}

/** List is a page of keys and their versions, of entries and tombstones alike. */
export interface List {
  readonly stamps: readonly { readonly place: Place; readonly version: Version }[]
  /** Where to go on; undefined: that was the last one. */
  readonly cursor: number | undefined
}

/** CacheStats is the size of one cache. `bytes` includes headers, and replicas like all else. */
export interface CacheStats {
  readonly entries: number
  /** How many of the entries it does not coordinate; for a moment after coordinate() some are counted by their old role. */
  readonly replicas: number
  readonly bytes: number
}

/** Reading is where readInto puts what it finds: the caller keeps one and uses it again and again. */
export interface Reading {
  /** Where the value goes, from `at` on. */
  target: Uint8Array
  at: number
  /** Length of the value; it was copied if there was room for it. */
  length: number
  contentType: string
  version: Version
  expiresAt: number | undefined
  /** Called when all of the above is known but for where the value goes: it may set `target` and `at` only then. */
  onFound?(): void
}

/** Absence is why there is no entry. 'never': it never was there or is forgotten. */
export type Absence = MissReason | 'never'

/** StoreStats counts what it holds, and what happened since the start. */
export interface StoreStats {
  readonly entries: number
  readonly bytes: number
  readonly bytesMax: number
  readonly caches: ReadonlyMap<string, CacheStats>
  readonly evictions: number
  readonly expirations: number
}

export interface Store {
  /** The entry, which counts as used now; undefined where there is none. The bytes are a copy, the caller's own. */
  read(place: Place, now: number): Entry | undefined
  /** The same without any garbage, for faces that write values straight into a reply: 'hit', or why there is none. */
  readInto(token: number, key: KeyRange, now: number, reading: Reading): 'hit' | Absence
  /** Why a read finds nothing; undefined when it never was there or is forgotten. */
  missReason(place: Place, now: number): MissReason | undefined
  /**
   * expect says which key is about to be read, or also written, up to 32 of them, and gives it a ticket by which readInto and
   * supersede know it again; prefetch then has brought in from memory what they need, all at a time. They change nothing
   * but how long the commands take.
   */
  expect(token: number, key: KeyRange, isWrite: boolean): void
  prefetch(): void
  /** Puts or replaces an entry, whatever is there; keeps a copy of its bytes. */
  write(place: Place, entry: Entry, now: number): Written
  /** Whether there was an entry to remove. It leaves no tombstone. */
  remove(place: Place, now: number): boolean
  /**
   * drop drops every entry and tombstone of these tokens, and returns how many. Nobody gets to see any of them from then
   * on, nor are they counted as evicted, expired or deleted; the memory of many, and the figures of single caches, follow in slices by settle.
   */
  drop(tokens: (token: number) => boolean): number
  /** Drops every entry and tombstone whose token is not kept; returns how many. */
  retain(keep: (token: number) => boolean): number
  /** Frees at most `budget` expired entries and returns how many it freed: fewer than the budget means none is left. */
  sweep(now: number, budget: number): number
  stats(now: number): StoreStats
}

/** ReplicatedStore is a store whose entries have copies on other nodes. */
export interface ReplicatedStore extends Store {
  /** The version that a key has, of its entry or its tombstone. It does not count as use. */
  version(place: Place, now: number): Version | undefined
  /**
   * The highest version of a key that has expired here, as far as that is remembered: what is older was overwritten, wherever
   * it turns up.
   */
  expiredVersion(place: Place): Version | undefined
  /**
   * Of a key that was evicted here, the lowest version that may come back, as far as that is remembered: those above what
   * had to go for want of room, those from what `evict` was told to let go.
   */
  welcomeFrom(place: Place): Version | undefined
  /** What one node tells another of a key: its entry or its tombstone. It does not count as use. */
  change(place: Place, now: number): Change | undefined
  /** supersede is write, if the version is higher than what is there: 'stale' where it is not. */
  supersede(token: number, key: KeyRange, entry: Entry, now: number): Written | 'stale'
  /** Takes over a change if its version is higher than what is there: order and duplicates do not matter. */
  apply(place: Place, change: Change, now: number): Applied
  digest(token: number): Digest
  /** How many of the entries that the digest counts are tombstones. */
  tombstones(token: number): number
  /**
   * coordinate says which tokens this node coordinates from now on; of the others it holds replicas. Entries of replicas
   * are evicted only when there is nothing else to evict, the longest held first. Until it is called the node coordinates
   * everything, and nothing is listed for takeEvicted. Entries that are here already take on their new role in slices, by settle.
   */
  coordinate(tokens: (token: number) => boolean): void
  /**
   * takeEvicted hands over what was evicted since it was called last, at most `max` (default: all), the earliest first.
   * The list holds 16,384: take it often, and tell the replicas, who evict exactly these; report to the coordinator what
   * had to be evicted as a replica.
   */
  takeEvicted(max?: number): Evictions
  /**
   * evict follows the decision of the coordinator: the entry goes if it has exactly this version, counts as evicted
   * and is not listed for takeEvicted. False where there is no such entry: a tombstone or another version stays.
   */
  evict(place: Place, version: Version, now: number): boolean
  /** settle goes on, for about two milliseconds at most, with what drop and coordinate left to do; false when nothing is left. */
  settle(): boolean
  /**
   * page returns a part of what the store holds of some tokens. An entry that is there from the first page to the last
   * is returned at least once, whatever is written, evicted or compacted in between.
   */
  page(request: PageRequest, now: number): Page
  /** list is the same without values; `bytesMax` is about keys and headers alone. */
  list(request: PageRequest, now: number): List
  /** Drops the entry or tombstone of a key if it has exactly this version. It counts as nothing: others hold it. */
  discard(place: Place, version: Version, now: number): boolean
  /** Moves entries together for about two milliseconds at most; false when there is nothing to win. */
  compact(): boolean
}
