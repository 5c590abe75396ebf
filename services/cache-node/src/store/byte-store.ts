/**
 * ByteStore: the store off the JavaScript heap. No object and no string lives as long as an entry does; what grows with
 * the number of entries are typed arrays, which the garbage collector does not look into.
 *
 *      key bytes ─► secret hash ─► index ─► address ─► segment: | header | key | value |
 *
 *      write (writer.ts)   same shape: in place ─► or make room, by expiry, then eviction ─► append
 *      read (reader.ts)    find ─► two bits of use ─► copy the value out
 *
 * All that can take long is done in slices: tables of the index grow one by one, compaction keeps pace with writes,
 * expiry goes second by second. Values are copied once in, once out.
 */
import type { MissReason, Version } from '@ringhold/sdk/protocol'
import { tokenCount } from '@ringhold/sdk/ring'
import { Engine } from './engine.ts'
import { tombstones } from './entry.ts'
import { type KeyRange, rangeOf } from './key-range.ts'
import type { BytesByKind, MissCounts } from './ledger.ts'
import { pageOf } from './pages.ts'
import { Reader } from './reader.ts'
import { settle } from './settling.ts'
import type {
  Absence,
  Applied,
  CacheStats,
  Change,
  Digest,
  Entry,
  Evictions,
  List,
  Page,
  PageRequest,
  Place,
  Reading,
  ReplicatedStore,
  StoreStats,
  Written,
} from './store.ts'
import { Writer } from './writer.ts'

/** bytesMaxMin is the smallest memory that a ByteStore works with. */
export const bytesMaxMin = 16 * 1024 * 1024

/** Memory in segments over memory in use, from which on they count as fragmented. */
const fragmentedShare = 1.05
/** What compact does in one slice: about two milliseconds with small entries, less with large ones. */
const compactSliceBytes = 1_500_000
/** Steps over the wheel that sweep may take for each entry that it may free, and at least. */
const stepsPerFree = 4
const stepsMin = 1_024
/** What stats sweeps first, so that it does not count what has expired. */
const sweepOfStats = 1_000
const tokens = Array.from({ length: tokenCount }, (_, token) => token)

export interface ByteStoreOptions {
  /** Bytes for values, keys, headers, index and tombstones; at least 16 MiB. */
  readonly bytesMax: number
  /** Two random 32-bit numbers of this process, known to nobody. */
  readonly secret: readonly [number, number]
  /** The monotonic clock at the start. */
  readonly now: number
}

/** ByteStoreStats is what a ByteStore tells beyond the common. */
export interface ByteStoreStats extends StoreStats {
  readonly tombstones: number
  readonly bytesByKind: BytesByKind
  readonly hits: number
  readonly misses: MissCounts
  /** How long ago the oldest entry expired that may still take memory, in milliseconds. */
  readonly expiryLagMs: number
  /** Share of the slots of the index that are taken. */
  readonly indexLoad: number
  /** Share of the memory in segments that is neither entries nor index. */
  readonly fragmentation: number
  /** Bytes that compaction has moved. */
  readonly compactedBytes: number
  /** The share of the memory that eviction gives to new entries now. */
  readonly probationShare: number
}

export class ByteStore implements ReplicatedStore {
  readonly #engine: Engine
  readonly #reader: Reader
  readonly #writer: Writer

  constructor({ bytesMax, secret, now }: ByteStoreOptions) {
    if (!(bytesMax >= bytesMaxMin)) throw new TypeError(`bytesMax must be at least ${bytesMaxMin}, not ${bytesMax}`)
    this.#engine = new Engine({ bytesMax, secret, now })
    this.#reader = new Reader(this.#engine)
    this.#writer = new Writer(this.#engine)
  }

  read(place: Place, now: number): Entry | undefined {
    this.#engine.observe(now)
    return this.#reader.read(place)
  }

  readInto(token: number, key: KeyRange, now: number, reading: Reading): 'hit' | Absence {
    this.#engine.observe(now)
    return this.#reader.readInto(token, key, reading)
  }

  expect(token: number, key: KeyRange, isWrite: boolean): void {
    this.#engine.ahead.expect(token, key, isWrite)
  }

  prefetch(): void {
    this.#engine.ahead.prefetch()
  }

  missReason(place: Place, now: number): MissReason | undefined {
    this.#engine.observe(now)
    return this.#reader.missReason(place)
  }

  version(place: Place, now: number): Version | undefined {
    this.#engine.observe(now)
    return this.#reader.version(place)
  }

  expiredVersion(place: Place): Version | undefined {
    return this.#reader.expiredVersion(place)
  }

  welcomeFrom(place: Place): Version | undefined {
    return this.#reader.welcomeFrom(place)
  }

  write(place: Place, entry: Entry, now: number): Written {
    this.#engine.observe(now)
    return this.#writer.write(place, entry)
  }

  remove(place: Place, now: number): boolean {
    this.#engine.observe(now)
    return this.#writer.remove(place)
  }

  supersede(token: number, key: KeyRange, entry: Entry, now: number): Written | 'stale' {
    this.#engine.observe(now)
    return this.#writer.supersede(token, key, entry)
  }

  apply(place: Place, change: Change, now: number): Applied {
    this.#engine.observe(now)
    const written =
      change.type === 'entry'
        ? this.#writer.supersede(place.token, rangeOf(place), change)
        : this.#writer.bury(place, change)
    return written === 'created' || written === 'replaced' ? 'applied' : written
  }

  evict(place: Place, version: Version, now: number): boolean {
    this.#engine.observe(now)
    return this.#writer.evict(place, version)
  }

  digest(token: number): Digest {
    return this.#engine.holdings.digests.of(token)
  }

  tombstones(token: number): number {
    return this.#engine.holdings.tombstones(token)
  }

  page(request: PageRequest, now: number): Page {
    this.#engine.observe(now)
    const { fields } = this.#engine.holdings
    const { items, cursor } = pageOf(this.#engine, request, {
      itemAt: (address) => this.#reader.changeAt(address),
      bytesAt: (address) => fields.size(address),
    })
    return { changes: items, cursor }
  }

  list(request: PageRequest, now: number): List {
    this.#engine.observe(now)
    const { fields } = this.#engine.holdings
    const { items, cursor } = pageOf(this.#engine, request, {
      itemAt: (address) => ({ place: this.#engine.placeAt(address), version: fields.version(address) }),
      bytesAt: (address) => fields.headerLength(address) + fields.keyLength(address),
    })
    return { stamps: items, cursor }
  }

  change(place: Place, now: number): Change | undefined {
    this.#engine.observe(now)
    return this.#reader.change(place)
  }

  discard(place: Place, version: Version, now: number): boolean {
    this.#engine.observe(now)
    return this.#writer.discard(place, version)
  }

  coordinate(coordinated: (token: number) => boolean): void {
    this.#engine.roles.set(coordinated)
  }

  takeEvicted(max = Number.POSITIVE_INFINITY): Evictions {
    return this.#engine.evicted.take(max)
  }

  settle(): boolean {
    return settle(this.#engine)
  }

  retain(keep: (token: number) => boolean): number {
    return this.drop((token) => !keep(token))
  }

  drop(leaves: (token: number) => boolean): number {
    const { holdings } = this.#engine
    if (tokens.every(leaves)) return holdings.clear()
    let dropped = 0
    for (const token of tokens) if (leaves(token)) dropped += holdings.dropToken(token)
    // A few are gone at once, with their memory.
    settle(this.#engine)
    return dropped
  }

  sweep(now: number, budget: number): number {
    this.#engine.observe(now)
    const slice = { frees: budget, steps: Math.max(stepsMin, budget * stepsPerFree) }
    const { logs, wheel, names } = this.#engine.holdings
    wheel.expire(this.#engine.now, slice, (address) => this.#engine.drop(address, 'expired'))
    // Nobody evicts tombstones: their log gives back its oldest segments here.
    logs[tombstones]?.oldest()
    names.prune()
    return budget - slice.frees
  }

  compact(): boolean {
    return this.#engine.holdings.compaction.step(compactSliceBytes)
  }

  /** Whether entries and index leave so much of the segments unused that compaction is worth its time. */
  get isFragmented(): boolean {
    const { segments, bytes } = this.#engine.holdings
    return (
      segments.taken * segments.bytes > this.#engine.bytesMax &&
      segments.taken * segments.bytes > bytes * fragmentedShare
    )
  }

  /** The most slots of the index that any look-up reads now; goes through the whole index. */
  longestProbe(): number {
    return this.#engine.holdings.index.longestProbe()
  }

  stats(now: number): ByteStoreStats {
    this.sweep(now, sweepOfStats)
    const { ledger, logs, index, segments, wheel, names, compaction } = this.#engine.holdings
    const caches = new Map<string, CacheStats>()
    for (const { name, entries, replicas, bytes } of names.values())
      if (entries > 0) caches.set(name, { entries, replicas, bytes })
    const takenBytes = segments.taken * segments.bytes
    return {
      entries: ledger.entries,
      bytes: this.#engine.holdings.bytes,
      bytesMax: this.#engine.bytesMax,
      caches,
      evictions: ledger.evictions,
      expirations: ledger.expirations,
      tombstones: ledger.tombstones,
      bytesByKind: { ...ledger.bytes, index: index.bytes },
      hits: ledger.hits,
      misses: { ...ledger.misses },
      expiryLagMs: wheel.lagMs(this.#engine.now),
      indexLoad: index.load,
      fragmentation:
        takenBytes === 0 ? 0 : 1 - (index.bytes + logs.reduce((sum, log) => sum + log.bytes, 0)) / takenBytes,
      compactedBytes: compaction.movedBytes,
      probationShare: this.#engine.tuner.shares.probation,
    }
  }
}
