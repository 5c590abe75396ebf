/**
 * ByteStore: the store off the JavaScript heap. No object and no string lives as long as an entry does; what grows with
 * the number of entries are typed arrays, which the garbage collector does not look into.
 *
 *      key bytes ─► secret hash ─► index ─► address ─► segment: | header | key | value |
 *
 *      write:  too large? ─► same shape: in place
 *                       └──► make room (expired first, then eviction) ─► a free segment (compaction) ─► append
 *      read:   find ─► two bits of use ─► copy the value out: entries move, so nobody gets to see the segment itself
 *
 * All that can take long is done in slices: tables of the index grow one by one, compaction keeps pace with writes,
 * expiry goes second by second. Values are copied once in, once out.
 */
import type { Version } from '@ringhold/sdk/protocol'
import { tokenCount } from '@ringhold/sdk/ring'
import type { CacheTally } from './cache-names.ts'
import { ContentTypes, inlineType, inlineTypeCharsMax, splitInlineType, withInlineType } from './content-types.ts'
import { Departures } from './departures.ts'
import { type Draft, entryValueBytesMax, main, probation, replicas, tombstones } from './entry.ts'
import { Eviction } from './eviction.ts'
import { EvictionList } from './eviction-list.ts'
import { tableCount, tokenOfTag } from './hash-index.ts'
import { Holdings } from './holdings.ts'
import type { BytesByKind, MissCounts } from './ledger.ts'
import { stepFrom } from './pages.ts'
import { Roles } from './roles.ts'
import { maySkipProbation } from './shares.ts'
import type {
  Applied,
  CacheStats,
  Change,
  Digest,
  Entry,
  Evictions,
  MissReason,
  Page,
  PageRequest,
  Place,
  Reading,
  ReplicatedStore,
  StoreStats,
  Tombstone,
  Written,
} from './store.ts'
import { Tuner } from './tuner.ts'

/** bytesMaxMin is the smallest memory that a ByteStore works with. */
export const bytesMaxMin = 16 * 1024 * 1024

/** The longest key that the layout of entries can hold. */
const keyBytesMax = 1_023
/** Memory for the fingerprints of entries that left, as a share of the budget; it is beside the budget. */
const departuresShare = 1 / 50
/** Expired entries that a write may free before it evicts, and that it may look at for that. */
const expiryOfWrite = { frees: 16, steps: 64 }
/** Memory in segments over memory in use, from which on they count as fragmented. */
const fragmentedShare = 1.05
/** What compact does in one slice: about two milliseconds with small entries, less with large ones. */
const compactSliceBytes = 1_500_000
/** What settle does in one slice: about two milliseconds as well. */
const settleSlice = { bytes: 1_000_000, steps: 64 }
/** What finding and moving one entry costs beside its bytes, in bytes that could be moved in that time. */
const relogCostBytes = 512
/** Steps over the wheel that sweep may take for each entry that it may free, and at least. */
const stepsPerFree = 4
const stepsMin = 1_024
/** What stats sweeps first, so that it does not count what has expired. */
const sweepOfStats = 1_000
/** Values up to this many bytes are handed out as pieces of one larger array: an array of its own costs more. */
const sharedValueBytesMax = 2_048
const sharedBytes = 65_536
const nothing = new Uint8Array(0)
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
  readonly #bytesMax: number
  readonly #holdings: Holdings
  readonly #types = new ContentTypes()
  readonly #departures: Departures
  readonly #tuner = new Tuner()
  readonly #roles = new Roles()
  readonly #evicted = new EvictionList()
  readonly #eviction: Eviction
  readonly #draft: Draft = {
    log: probation,
    frequency: 0,
    token: 0,
    cache: 0,
    hash: 0,
    key: nothing,
    value: nothing,
    contentType: 0,
    version: 0,
    expiresAt: undefined,
  }
  #shared = new ArrayBuffer(sharedBytes)
  #sharedUsed = 0
  /** The latest time that it was told: time does not go back. */
  #now: number

  constructor({ bytesMax, secret, now }: ByteStoreOptions) {
    if (!(bytesMax >= bytesMaxMin)) throw new TypeError(`bytesMax must be at least ${bytesMaxMin}, not ${bytesMax}`)
    this.#bytesMax = bytesMax
    this.#now = now
    this.#holdings = new Holdings({ bytesMax, secret, now })
    this.#departures = new Departures(bytesMax * departuresShare)
    const { fields, logs } = this.#holdings
    this.#eviction = new Eviction({
      fields,
      logs,
      roles: this.#roles,
      relog: (address, log) => this.#holdings.relog(address, log),
      drop: (address, departure) => this.#drop(address, departure),
    })
  }

  read(place: Place, now: number): Entry | undefined {
    const address = this.#use(place, now)
    return address === 0 ? undefined : this.#entryAt(address)
  }

  readInto(place: Place, now: number, reading: Reading): boolean {
    const address = this.#use(place, now)
    if (address === 0) return false
    const { fields } = this.#holdings
    const number = fields.contentType(address)
    reading.version = fields.version(address)
    reading.expiresAt = fields.expires(address) ? fields.deadline(address) : undefined
    if (number === inlineType) return this.#copyInline(address, reading)
    reading.contentType = this.#types.of(number)
    reading.length = fields.valueLength(address)
    reading.onFound?.()
    const fits = reading.at + reading.length <= reading.target.length
    if (fits) this.#holdings.readValue(address, reading.target, reading.at)
    return true
  }

  /** The address of an entry, which counts as used now; 0 where there is none. */
  #use(place: Place, now: number): number {
    this.#observe(now)
    const { names, fields, ledger } = this.#holdings
    const cache = names.find(place.cache)
    if (cache === undefined) return this.#miss('never')
    const hash = this.#holdings.hashOf(cache, place.key)
    const address = this.#live(place, cache, hash)
    if (address === 0 || fields.isTombstone(address)) {
      if (this.#tuner.isSampled(hash)) this.#tuner.miss(hash)
      return this.#miss(address === 0 ? (this.#departures.reasonOf(hash) ?? 'never') : 'deleted')
    }
    fields.raiseFrequency(address)
    ledger.hits++
    if (this.#tuner.isSampled(hash) && this.#roles.coordinates(place.token)) {
      this.#tuner.hit(hash, fields.size(address), this.#ownBytesMax)
    }
    return address
  }

  missReason(place: Place, now: number): MissReason | undefined {
    this.#observe(now)
    const cache = this.#holdings.names.find(place.cache)
    if (cache === undefined) return undefined
    const hash = this.#holdings.hashOf(cache, place.key)
    const address = this.#live(place, cache, hash)
    if (address === 0) return this.#departures.reasonOf(hash)
    return this.#holdings.fields.isTombstone(address) ? 'deleted' : undefined
  }

  version(place: Place, now: number): Version | undefined {
    this.#observe(now)
    const cache = this.#holdings.names.find(place.cache)
    if (cache === undefined) return undefined
    const address = this.#live(place, cache, this.#holdings.hashOf(cache, place.key))
    return address === 0 ? undefined : this.#holdings.fields.version(address)
  }

  write(place: Place, entry: Entry, now: number): Written {
    this.#observe(now)
    const contentType = this.#types.numberOf(entry.contentType)
    if (contentType === inlineType && entry.contentType.length > inlineTypeCharsMax) return 'too-large'
    const value = contentType === inlineType ? withInlineType(entry.contentType, entry.value) : entry.value
    const draft = this.#draft
    draft.log = probation
    draft.value = value
    draft.contentType = contentType
    draft.version = entry.version
    draft.expiresAt = entry.expiresAt
    return this.#put(place, draft)
  }

  remove(place: Place, now: number): boolean {
    this.#observe(now)
    const cache = this.#holdings.names.find(place.cache)
    if (cache === undefined) return false
    const hash = this.#holdings.hashOf(cache, place.key)
    const address = this.#live(place, cache, hash)
    if (address === 0 || this.#holdings.fields.isTombstone(address)) return false
    this.#holdings.release(address, hash)
    this.#departures.note(hash, 'deleted', this.#holdings.ledger.entries)
    if (this.#tuner.isSampled(hash)) this.#tuner.remove(hash)
    return true
  }

  apply(place: Place, change: Change, now: number): Applied {
    const present = this.version(place, now)
    if (present !== undefined && present >= change.version) return 'stale'
    const written = change.type === 'entry' ? this.write(place, change, now) : this.#bury(place, change)
    return written === 'created' || written === 'replaced' ? 'applied' : written
  }

  digest(token: number): Digest {
    return this.#holdings.digests.of(token)
  }

  page({ tokens, cursor = 0, changesMax, bytesMax }: PageRequest, now: number): Page {
    this.#observe(now)
    const { index, fields } = this.#holdings
    const changes: { place: Place; change: Change }[] = []
    let bytes = 0
    let from: number | undefined = cursor
    while (from !== undefined && changes.length < changesMax && bytes < bytesMax) {
      const step = stepFrom(index, { tokens, cursor: from, changesMax: changesMax - changes.length })
      let last: number | undefined
      for (const { hash, address } of step.found) {
        // Entries of one hash stay together: the cursor cannot point between them.
        const isFull = changes.length >= changesMax || bytes + fields.size(address) > bytesMax
        if (isFull && changes.length > 0 && hash !== last) return { changes, cursor: step.cursorBefore(hash) }
        last = hash
        if (fields.expires(address) && fields.deadline(address) <= this.#now) continue
        changes.push(this.#changeAt(address))
        bytes += fields.size(address)
      }
      from = step.end
    }
    return { changes, cursor: from }
  }

  retain(keep: (token: number) => boolean): number {
    return this.drop((token) => !keep(token))
  }

  drop(leaves: (token: number) => boolean): number {
    const { index } = this.#holdings
    if (tokens.every(leaves)) return this.#holdings.clear()
    let dropped = 0
    for (let table = 0; table < tableCount; table++) {
      const leaving: number[] = []
      index.each(table, (tag, address) => {
        if (leaves(tokenOfTag(table, tag))) leaving.push(address)
      })
      for (const address of leaving) this.#holdings.release(address, this.#holdings.hashAt(address))
      dropped += leaving.length
    }
    return dropped
  }

  sweep(now: number, budget: number): number {
    this.#observe(now)
    const slice = { frees: budget, steps: Math.max(stepsMin, budget * stepsPerFree) }
    const { logs, wheel, names } = this.#holdings
    wheel.expire(this.#now, slice, (address) => this.#drop(address, 'expired'))
    // Nobody evicts tombstones: their log gives back its oldest segments here.
    logs[tombstones]?.oldest()
    names.prune()
    return budget - slice.frees
  }

  coordinate(coordinated: (token: number) => boolean): void {
    this.#roles.set(coordinated)
  }

  takeEvicted(max = Number.POSITIVE_INFINITY): Evictions {
    return this.#evicted.take(max)
  }

  evict(place: Place, version: Version, now: number): boolean {
    this.#observe(now)
    const cache = this.#holdings.names.find(place.cache)
    if (cache === undefined) return false
    const { fields, ledger } = this.#holdings
    const hash = this.#holdings.hashOf(cache, place.key)
    const address = this.#live(place, cache, hash)
    if (address === 0 || fields.isTombstone(address) || fields.version(address) !== version) return false
    this.#holdings.release(address, hash)
    this.#departures.note(hash, 'evicted', ledger.entries)
    ledger.evictions++
    return true
  }

  settle(): boolean {
    const { index } = this.#holdings
    let left = settleSlice.bytes
    for (let step = 0; step < settleSlice.steps && left > 0; step++) {
      // Before the addresses are known: compaction moves entries.
      this.#holdings.ensureSegments(settleSlice.bytes)
      const addresses = this.#roles.next(index)
      if (addresses === undefined) return false
      left -= this.#relogAll(addresses)
    }
    return true
  }

  compact(): boolean {
    return this.#holdings.compaction.step(compactSliceBytes)
  }

  /** Whether entries and index leave so much of the segments unused that compaction is worth its time. */
  get isFragmented(): boolean {
    const { segments, bytes } = this.#holdings
    return segments.taken * segments.bytes > this.#bytesMax && segments.taken * segments.bytes > bytes * fragmentedShare
  }

  /** The most slots of the index that any look-up reads now; goes through the whole index. */
  longestProbe(): number {
    return this.#holdings.index.longestProbe()
  }

  stats(now: number): ByteStoreStats {
    this.sweep(now, sweepOfStats)
    const { ledger, logs, index, segments, wheel, names, compaction } = this.#holdings
    const caches = new Map<string, CacheStats>()
    for (const { name, entries, bytes } of names.values()) if (entries > 0) caches.set(name, { entries, bytes })
    const takenBytes = segments.taken * segments.bytes
    return {
      entries: ledger.entries,
      bytes: this.#holdings.bytes,
      bytesMax: this.#bytesMax,
      caches,
      evictions: ledger.evictions,
      expirations: ledger.expirations,
      tombstones: ledger.tombstones,
      bytesByKind: { ...ledger.bytes, index: index.bytes },
      hits: ledger.hits,
      misses: { ...ledger.misses },
      expiryLagMs: wheel.lagMs(this.#now),
      indexLoad: index.load,
      fragmentation:
        takenBytes === 0 ? 0 : 1 - (index.bytes + logs.reduce((sum, log) => sum + log.bytes, 0)) / takenBytes,
      compactedBytes: compaction.movedBytes,
      probationShare: this.#tuner.shares.probation,
    }
  }

  #observe(now: number): void {
    if (now > this.#now) this.#now = now
  }

  /** The address of an entry or tombstone that has not expired; 0: none. */
  #live(place: Place, cache: CacheTally, hash: number): number {
    const { fields } = this.#holdings
    const address = this.#holdings.find(place.token, hash, cache, place.key)
    if (address === 0 || !fields.expires(address) || fields.deadline(address) > this.#now) return address
    this.#drop(address, 'expired')
    return 0
  }

  #miss(reason: MissReason | 'never'): 0 {
    this.#holdings.ledger.misses[reason]++
    return 0
  }

  #put(place: Place, draft: Draft): Written {
    const holdings = this.#holdings
    const { fields } = holdings
    const { value, expiresAt } = draft
    const isEntry = draft.log !== tombstones
    const size = holdings.sizeOf(place.key.length, value.length, expiresAt === undefined ? 'stays' : 'expires')
    const refusal = this.#refusal(place.key.length, value.length, size)
    if (refusal !== undefined) return refusal
    const cache = holdings.names.claim(place.cache)
    if (cache === undefined) return 'full'
    const hash = holdings.hashOf(cache, place.key)
    const present = this.#live(place, cache, hash)
    const replaces = present !== 0 && !fields.isTombstone(present)
    draft.token = place.token
    draft.cache = cache.id
    draft.hash = hash
    draft.key = place.key
    draft.frequency = 0
    const isOwn = this.#roles.coordinates(place.token)
    if (!isOwn && isEntry) draft.log = replicas
    else if (replaces && isEntry) {
      draft.log = fields.log(present) === replicas ? main : fields.log(present)
      draft.frequency = fields.frequency(present)
    }
    if (expiresAt !== undefined && expiresAt <= this.#now) {
      if (present !== 0) this.#drop(present, 'expired')
    } else if (present === 0 || !holdings.overwrite(present, draft)) {
      if (present !== 0) holdings.release(present, hash)
      const isRecent = present === 0 && this.#departures.claim(hash)
      const isWanted = isRecent && maySkipProbation(size, holdings.meanBytes)
      const isFull = this.#makeRoom(size)
      if (!replaces && isEntry && isOwn) draft.log = this.#logFor(isWanted, isFull)
      holdings.ensureSegments(size)
      holdings.put(draft)
    }
    if (isOwn && this.#tuner.isSampled(hash)) this.#tellTuner(hash, isEntry ? size : 0)
    return replaces ? 'replaced' : 'created'
  }

  #refusal(keyLength: number, valueLength: number, size: number): 'too-large' | 'full' | undefined {
    const { index, logs } = this.#holdings
    if (keyLength > keyBytesMax || valueLength > entryValueBytesMax) return 'too-large'
    if (size + index.bytes > this.#bytesMax) return 'too-large'
    return size + index.bytes + (logs[tombstones]?.bytes ?? 0) > this.#bytesMax ? 'full' : undefined
  }

  /** Where a new entry goes: see shares.ts. As long as the store fills, main fills first. */
  #logFor(isWanted: boolean, isFull: boolean): number {
    const { probation: share } = this.#tuner.shares
    const mainBytes = this.#holdings.logs[main]?.bytes ?? 0
    const fills = !isFull && mainBytes < this.#ownBytesMax * (1 - share)
    return isWanted || share === 0 || fills ? main : probation
  }

  /** makeRoom frees until `size` more bytes fit; it tells whether anything had to be evicted. */
  #makeRoom(size: number): boolean {
    const { wheel } = this.#holdings
    if (this.#holdings.bytes + size <= this.#bytesMax) return false
    if (wheel.isBehind(this.#now)) {
      wheel.expire(this.#now, { ...expiryOfWrite }, (address) => this.#drop(address, 'expired'))
    }
    let isFull = false
    while (this.#holdings.bytes + size > this.#bytesMax) {
      isFull = true
      if (!this.#eviction.evictOne(this.#tuner.shares, this.#now)) break
    }
    return isFull
  }

  #bury(place: Place, { version, keptUntil }: Tombstone): Written {
    const draft = this.#draft
    draft.log = tombstones
    draft.value = nothing
    draft.contentType = 0
    draft.version = version
    draft.expiresAt = keptUntil
    const written = this.#put(place, draft)
    const cache = this.#holdings.names.find(place.cache)
    if (cache !== undefined && (written === 'created' || written === 'replaced')) {
      const hash = this.#holdings.hashOf(cache, place.key)
      this.#departures.note(hash, 'deleted', this.#holdings.ledger.entries)
    }
    return written
  }

  #drop(address: number, departure: 'evicted' | 'retired' | 'expired'): void {
    const { fields, ledger } = this.#holdings
    const hash = this.#holdings.hashAt(address)
    if (!fields.isTombstone(address)) {
      if (departure === 'expired') ledger.expirations++
      else this.#countEviction(address)
      if (departure === 'expired' && this.#tuner.isSampled(hash)) this.#tuner.remove(hash)
      this.#departures.note(hash, departure, ledger.entries)
    }
    this.#holdings.release(address, hash)
  }

  #countEviction(address: number): void {
    this.#holdings.ledger.evictions++
    if (!this.#roles.areKnown) return
    if (this.#evicted.isFull) {
      this.#evicted.skip()
      return
    }
    const place = this.#placeAt(address)
    const role = this.#roles.coordinates(place.token) ? 'coordinator' : 'replica'
    this.#evicted.add({ place, version: this.#holdings.fields.version(address), role })
  }

  /** Moves entries to the log of their role as far as there is room for it; returns what that cost, in bytes. */
  #relogAll(addresses: readonly number[]): number {
    const { fields, segments } = this.#holdings
    let cost = 0
    for (const address of addresses) {
      const isReplica = !this.#roles.coordinates(fields.token(address))
      if (fields.isTombstone(address) || isReplica === (fields.log(address) === replicas)) continue
      const size = fields.size(address)
      const hasRoom = size <= segments.room * segments.bytes
      // The rest follows in the next step; when compaction cannot win room for an entry it stays where it is.
      if (cost > 0 && (!hasRoom || cost > settleSlice.bytes)) return cost
      if (!hasRoom) continue
      this.#holdings.relog(address, isReplica ? replicas : main)
      cost += size + relogCostBytes
    }
    this.#roles.pass()
    return cost
  }

  /** What entries that this node coordinates may take, with the index: what replicas leave them. */
  get #ownBytesMax(): number {
    return this.#bytesMax - (this.#holdings.logs[replicas]?.bytes ?? 0)
  }

  /** Tells the tuner of a write; size 0 stands for a deletion. */
  #tellTuner(hash: number, size: number): void {
    if (size === 0) this.#tuner.remove(hash)
    else this.#tuner.write(hash, size, this.#ownBytesMax)
  }

  #entryAt(address: number): Entry {
    const { fields } = this.#holdings
    const bytes = this.#allocate(fields.valueLength(address))
    this.#holdings.readValue(address, bytes, 0)
    const number = fields.contentType(address)
    const version = fields.version(address)
    const expiresAt = fields.expires(address) ? fields.deadline(address) : undefined
    if (number !== inlineType) return { value: bytes, contentType: this.#types.of(number), version, expiresAt }
    const { type, value } = splitInlineType(bytes)
    return { value, contentType: type, version, expiresAt }
  }

  #copyInline(address: number, reading: Reading): boolean {
    const { value, contentType } = this.#entryAt(address)
    reading.contentType = contentType
    reading.length = value.length
    reading.onFound?.()
    if (reading.at + value.length <= reading.target.length) reading.target.set(value, reading.at)
    return true
  }

  #changeAt(address: number): { place: Place; change: Change } {
    const { fields } = this.#holdings
    const place = this.#placeAt(address)
    if (!fields.isTombstone(address)) return { place, change: { type: 'entry', ...this.#entryAt(address) } }
    const change = { type: 'tombstone', version: fields.version(address), keptUntil: fields.deadline(address) } as const
    return { place, change }
  }

  #placeAt(address: number): Place {
    const { fields, names } = this.#holdings
    const cache = names.of(fields.cache(address)).name
    return { token: fields.token(address), cache, key: this.#holdings.key(address) }
  }

  #allocate(length: number): Uint8Array {
    if (length > sharedValueBytesMax) return new Uint8Array(length)
    if (this.#sharedUsed + length > sharedBytes) {
      this.#shared = new ArrayBuffer(sharedBytes)
      this.#sharedUsed = 0
    }
    const bytes = new Uint8Array(this.#shared, this.#sharedUsed, length)
    // Eight bytes at a time, so that whoever looks at the bytes as numbers finds them aligned.
    this.#sharedUsed += (length + 7) & ~7
    return bytes
  }
}
