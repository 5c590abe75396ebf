/**
 * Writer puts entries and tombstones in, and frees the room that they need.
 *
 *      too large? ─► same shape: in place
 *            └──► make room (expired first, then eviction) ─► a free segment (compaction) ─► append
 */
import type { Version } from '@ringhold/sdk/protocol'
import { inlineType, inlineTypeCharsMax, withInlineType } from './content-types.ts'
import type { Engine } from './engine.ts'
import { type Draft, entryValueBytesMax, main, probation, replicas, tombstones } from './entry.ts'
import { EntryHead } from './entry-head.ts'
import { Eviction } from './eviction.ts'
import { type KeyRange, rangeOf } from './key-range.ts'
import { fullUntilShare, maySkipProbation } from './shares.ts'
import type { Entry, Place, Tombstone, Written } from './store.ts'

/** The longest key that the layout of entries can hold. */
const keyBytesMax = 1_023
/** Expired entries that a write may free before it evicts, and that it may look at for that. */
const expiryOfWrite = { frees: 16, steps: 64 }
/** The same for entries of dropped tokens. */
const releasesOfWrite = { frees: 16, steps: 4 }
/** The tuner is woken when so much of the budget is used: its sample is complete enough by the time that it is full. */
const wakeShare = 0.25
const nothing = new Uint8Array(0)
const nowhere = { bytes: nothing, from: 0, to: 0 }

/** When to write: in any case, or if the version is higher than what is there. */
type When = 'always' | 'above'

export class Writer {
  readonly #engine: Engine
  readonly #eviction: Eviction
  readonly #draft: Draft = {
    log: probation,
    frequency: 0,
    token: 0,
    cache: 0,
    hash: 0,
    key: nowhere,
    value: nothing,
    contentType: 0,
    version: 0,
    expiresAt: undefined,
  }

  /** Of what lies at the place that is written to. */
  readonly #head = new EntryHead()
  /** Whether it has had to evict and not much has been freed since, see shares.ts. */
  #isFull = false

  constructor(engine: Engine) {
    this.#engine = engine
    this.#eviction = new Eviction(engine)
  }

  write(place: Place, entry: Entry): Written {
    // Above any version: nothing is stale.
    return this.#write(place.token, rangeOf(place), entry, 'always') as Written
  }

  /** supersede is write, if the version is higher than what is there. */
  supersede(token: number, key: KeyRange, entry: Entry): Written | 'stale' {
    return this.#write(token, key, entry, 'above')
  }

  #write(token: number, key: KeyRange, entry: Entry, when: When): Written | 'stale' {
    const contentType = this.#engine.types.numberOf(entry.contentType)
    if (contentType === inlineType && entry.contentType.length > inlineTypeCharsMax) return 'too-large'
    const value = contentType === inlineType ? withInlineType(entry.contentType, entry.value) : entry.value
    const draft = this.#draft
    draft.log = probation
    draft.token = token
    draft.value = value
    draft.contentType = contentType
    draft.version = entry.version
    draft.expiresAt = entry.expiresAt
    return this.#put(key, draft, when)
  }

  /** bury puts a tombstone, if its version is higher than what is there. */
  bury(place: Place, { version, keptUntil }: Tombstone): Written | 'stale' {
    const draft = this.#draft
    const key = rangeOf(place)
    draft.log = tombstones
    draft.token = place.token
    draft.value = nothing
    draft.contentType = 0
    draft.version = version
    draft.expiresAt = keptUntil
    const written = this.#put(key, draft, 'above')
    const { holdings, departures } = this.#engine
    const cache = holdings.names.find(place.cache)
    if (cache !== undefined && (written === 'created' || written === 'replaced')) {
      departures.note(holdings.hashOf(cache, key), 'deleted', holdings.ledger.entries)
    }
    return written
  }

  remove(place: Place): boolean {
    const { holdings, departures, tuner } = this.#engine
    const cache = holdings.names.find(place.cache)
    if (cache === undefined) return false
    const key = rangeOf(place)
    const address = this.#engine.live(place.token, key, cache, this.#head)
    const { hash } = this.#head
    if (address === 0 || this.#head.log === tombstones) return false
    holdings.release(address, hash)
    departures.note(hash, 'deleted', holdings.ledger.entries)
    if (tuner.isSampled(hash)) tuner.remove(hash)
    return true
  }

  evict(place: Place, version: Version): boolean {
    const { holdings, departures, welcomeFrom } = this.#engine
    const { ledger } = holdings
    const cache = holdings.names.find(place.cache)
    if (cache === undefined) return false
    const key = rangeOf(place)
    const address = this.#engine.live(place.token, key, cache, this.#head)
    const { hash } = this.#head
    if (address === 0 || this.#head.log === tombstones || this.#head.version !== version) return false
    holdings.release(address, hash)
    departures.note(hash, 'evicted', ledger.entries)
    // There is room for it: should whoever wanted it gone have it again, it may come back.
    welcomeFrom.note(this.#engine.signOf(cache, key, hash), version)
    ledger.evictions++
    return true
  }

  discard(place: Place, version: Version): boolean {
    const { holdings } = this.#engine
    const cache = holdings.names.find(place.cache)
    if (cache === undefined) return false
    const key = rangeOf(place)
    const address = this.#engine.live(place.token, key, cache, this.#head)
    const { hash } = this.#head
    if (address === 0 || this.#head.version !== version) return false
    holdings.release(address, hash)
    return true
  }

  #put(key: KeyRange, draft: Draft, when: When): Written | 'stale' {
    const { holdings, roles, tuner } = this.#engine
    const isEntry = draft.log !== tombstones
    const { token, value, expiresAt } = draft
    const keyLength = key.to - key.from
    const size = holdings.sizeOf(keyLength, value.length, expiresAt === undefined ? 'stays' : 'expires')
    const refusal = this.#refusal(keyLength, value.length, size)
    if (refusal !== undefined) return when === 'above' && this.#isStale(key, draft) ? 'stale' : refusal
    const cache = holdings.names.claim(key.cache)
    if (cache === undefined) return 'full'
    const present = this.#engine.live(token, key, cache, this.#head)
    const { hash } = this.#head
    if (when === 'above' && present !== 0 && this.#head.version >= draft.version) return 'stale'
    const replaces = present !== 0 && this.#head.log !== tombstones
    draft.cache = cache.id
    draft.hash = hash
    draft.key = key
    draft.frequency = 0
    const isOwn = roles.coordinates(token)
    if (!isOwn && isEntry) draft.log = replicas
    else if (replaces && isEntry) this.#inherit(draft)
    if (expiresAt !== undefined && expiresAt <= this.#engine.now) {
      if (present !== 0) this.#engine.drop(present, 'expired')
      if (isEntry) this.#engine.bygones.note(this.#engine.signOf(cache, key, hash), draft.version)
    } else if (present === 0 || !holdings.overwrite(present, this.#head, draft)) {
      if (present !== 0) holdings.release(present, hash)
      const isNew = !replaces && isEntry && isOwn
      this.#append(draft, size, { isNew, isRecent: present === 0 && this.#engine.departures.claim(hash) })
    }
    if (isOwn && tuner.isSampled(hash)) this.#tellTuner(hash, isEntry ? size : 0)
    return replaces ? 'replaced' : 'created'
  }

  #isStale(key: KeyRange, { token, version }: Draft): boolean {
    const { holdings } = this.#engine
    const cache = holdings.names.find(key.cache)
    if (cache === undefined) return false
    const present = this.#engine.live(token, key, cache, this.#head)
    return present !== 0 && this.#head.version >= version
  }

  /** What replaces an entry has its place in the order of eviction. */
  #inherit(draft: Draft): void {
    const { log, frequency } = this.#head
    draft.log = log === replicas ? main : log
    draft.frequency = frequency
  }

  #append(draft: Draft, size: number, { isNew, isRecent }: { isNew: boolean; isRecent: boolean }): void {
    const { holdings } = this.#engine
    const isWanted = isRecent && this.#engine.tuner.shares.maySkip && maySkipProbation(size, holdings.meanBytes)
    const hadRoom = this.#makeRoom(size)
    if (isNew) draft.log = this.#logFor(isWanted, hadRoom)
    holdings.ensureSegments(size)
    holdings.put(draft)
  }

  #refusal(keyLength: number, valueLength: number, size: number): 'too-large' | 'full' | undefined {
    const { bytesMax, holdings } = this.#engine
    if (keyLength > keyBytesMax || valueLength > entryValueBytesMax) return 'too-large'
    if (size + holdings.index.bytes > bytesMax) return 'too-large'
    while (!this.#mayFit(size)) {
      if (holdings.leaving.count === 0) return 'full'
      holdings.releaseLeaving(releasesOfWrite.steps, releasesOfWrite.frees)
    }
    return undefined
  }

  /** Whether it fits beside what cannot be evicted. */
  #mayFit(size: number): boolean {
    const { bytesMax, holdings } = this.#engine
    return size + holdings.index.bytes + (holdings.logs[tombstones]?.bytes ?? 0) <= bytesMax
  }

  /** Where a new entry goes: see shares.ts. As long as the store fills, main fills first. */
  #logFor(isWanted: boolean, hadRoom: boolean): number {
    const { holdings, tuner, ownBytesMax } = this.#engine
    const { probation: share, maySkip } = tuner.shares
    const mainBytes = holdings.logs[main]?.bytes ?? 0
    const fills = (maySkip ? hadRoom : !this.#isFull) && mainBytes < ownBytesMax * (1 - share)
    return isWanted || share === 0 || fills ? main : probation
  }

  /** makeRoom frees until `size` more bytes fit; it tells whether they did without evicting. */
  #makeRoom(size: number): boolean {
    const { holdings, bytesMax, now, tuner } = this.#engine
    const bytes = holdings.bytes + size
    if (bytes > bytesMax * wakeShare) tuner.wake()
    if (bytes < bytesMax * fullUntilShare) this.#isFull = false
    if (bytes <= bytesMax) return true
    if (holdings.leaving.count > 0) holdings.releaseLeaving(releasesOfWrite.steps, releasesOfWrite.frees)
    if (holdings.wheel.isBehind(now)) {
      holdings.wheel.expire(now, { ...expiryOfWrite }, (address) => this.#engine.drop(address, 'expired'))
    }
    let hadRoom = true
    while (holdings.bytes + size > bytesMax) {
      hadRoom = false
      this.#isFull = true
      if (!this.#eviction.evictOne(this.#engine.tuner.shares, now)) break
    }
    return hadRoom
  }

  /** Tells the tuner of a write; size 0 stands for a deletion. */
  #tellTuner(hash: number, size: number): void {
    const { tuner, ownBytesMax } = this.#engine
    if (size === 0) tuner.remove(hash)
    else tuner.write(hash, size, ownBytesMax)
  }
}
