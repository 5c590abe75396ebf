/**
 * Holdings: the entries of a store with all the books about them. Whoever puts, moves or releases an entry here can
 * be sure that memory, index, wheel, digests, tallies and ledger agree afterwards; nobody else changes any of them.
 *
 *                      ┌─ logs ──── segments         where the bytes lie, in order of age
 *      put ─► entry ───┼─ index                      how a key finds them
 *             release ─┼─ wheel                      when they expire
 *                move ─┼─ digests                    what the other owners compare
 *                      └─ names, ledger              what people are told
 */
import { type ByteRange, tokenCount } from '@ringhold/sdk/ring'
import { CacheNames, type CacheTally } from './cache-names.ts'
import { Compaction } from './compaction.ts'
import { Digests, keyMark } from './digests.ts'
import { type Draft, Entries, headerBytes, main, probation, replicas, tombstones } from './entry.ts'
import type { EntryHead } from './entry-head.ts'
import { HashIndex, tagOf } from './hash-index.ts'
import { KeyHash } from './key-hash.ts'
import { Leaving } from './leaving.ts'
import { Ledger } from './ledger.ts'
import { Log } from './log.ts'
import { Piecewise } from './piecewise.ts'
import { Segments } from './segments.ts'
import { Wheel } from './wheel.ts'

/** Segments that a write leaves for compaction and the index to work with. */
const spareSegments = 4
/** Compaction keeps pace with writes below this many free segments: it works this many times what is written. */
const paceSegments = 8
const paceFactor = 12
const paceBytesMin = 16_384
/** What compaction does at once when a write has to wait for a segment. */
const urgentBytes = 1_048_576

export class Holdings {
  readonly segments: Segments
  readonly fields: Entries
  readonly logs: readonly Log[]
  readonly index: HashIndex
  readonly wheel: Wheel
  readonly digests = new Digests()
  readonly leaving = new Leaving()
  readonly #tombstonesOf = new Uint32Array(tokenCount)
  readonly names = new CacheNames()
  readonly ledger = new Ledger()
  readonly compaction: Compaction
  readonly #pieces: Piecewise
  readonly #hash: KeyHash

  constructor({ bytesMax, secret, now }: { bytesMax: number; secret: readonly [number, number]; now: number }) {
    this.segments = new Segments(bytesMax)
    this.fields = new Entries(this.segments, this.leaving)
    this.#pieces = new Piecewise(this.segments)
    const memory = { segments: this.segments, fields: this.fields, pieces: this.#pieces }
    this.logs = [probation, main, tombstones, replicas].map(
      () => new Log(this.segments, this.fields, (segment) => this.compaction.leave(segment)),
    )
    this.compaction = new Compaction(memory, this.logs, (address, log, after) => this.#moveTo(address, log, after))
    this.index = new HashIndex(this.segments, this.fields, bytesMax)
    this.wheel = new Wheel(this.fields, now)
    this.#hash = new KeyHash(secret)
  }

  /** Bytes that count against the budget. */
  get bytes(): number {
    let bytes = this.index.bytes
    for (const log of this.logs) bytes += log.bytes
    return bytes
  }

  /** Mean size of an entry. */
  get meanBytes(): number {
    const [young, old] = [this.logs[probation] as Log, this.logs[main] as Log]
    return (young.bytes + old.bytes) / (young.entries + old.entries)
  }

  hashOf(cache: CacheTally, { bytes, from, to }: ByteRange): number {
    return this.#hash.of(cache.id, bytes, from, to - from)
  }

  /** hashAt is the same of an entry that is here. */
  hashAt(address: number): number {
    const { fields, segments } = this
    const from = segments.byteIn(address) + fields.headerLength(address)
    return this.#hash.of(fields.cache(address), segments.bytesOf(address), from, fields.keyLength(address))
  }

  /** markAt is what digests know the key of an entry by. */
  markAt(address: number): number {
    const { fields, segments } = this
    const from = segments.byteIn(address) + fields.headerLength(address)
    const cache = this.names.of(fields.cache(address))
    return keyMark(cache.mark, segments.bytesOf(address), from, fields.keyLength(address))
  }

  find(token: number, hash: number, cache: CacheTally, key: ByteRange): number {
    return this.index.find(token, tagOf(token, hash), cache.id, key)
  }

  sizeOf(keyLength: number, valueLength: number, expires: 'expires' | 'stays'): number {
    const header = expires === 'expires' ? headerBytes.expiring : headerBytes.plain
    return this.segments.aligned(header + keyLength + valueLength)
  }

  /** hasRoomFor tells whether these bytes can be written without compaction. */
  hasRoomFor(bytes: number): boolean {
    return this.segments.room >= this.#segmentsFor(bytes) + paceSegments
  }

  /** ensureSegments has compaction free what a write of these bytes needs, a little of it at every write. */
  ensureSegments(bytes: number): void {
    if (this.hasRoomFor(bytes)) return
    const { segments, compaction } = this
    const needed = this.#segmentsFor(bytes)
    compaction.step(Math.max(paceBytesMin, bytes * paceFactor))
    while (segments.room < needed && compaction.step(urgentBytes));
  }

  #segmentsFor(bytes: number): number {
    return Math.ceil(bytes / this.segments.bytes) + spareSegments
  }

  /** put adds an entry whose key is not here. There must be room. */
  put(draft: Draft): number {
    const { fields } = this
    const { bytes: key, from, to } = draft.key
    const header = draft.expiresAt === undefined ? headerBytes.plain : headerBytes.expiring
    const front = header + to - from
    const size = this.segments.aligned(front + draft.value.length)
    const log = this.logs[draft.log] as Log
    const address = log.append(size, front)
    fields.write(address, draft)
    this.#pieces.write(address, header, key, from, to)
    this.#pieces.write(address, front, draft.value)
    this.index.add(draft.token, tagOf(draft.token, draft.hash), address)
    if (draft.expiresAt !== undefined) this.wheel.add(address)
    const cache = this.names.of(draft.cache)
    this.digests.add(draft.token, markOf(cache, draft.key), draft.version)
    this.#tally(address, cache, 1)
    return address
  }

  /** overwrite puts another value of the same shape in the place of the one with this header and the same key; false when the shapes differ. */
  overwrite(address: number, head: EntryHead, draft: Draft): boolean {
    const { fields } = this
    const isAlike = (head.deadline === undefined) === (draft.expiresAt === undefined) && head.log === draft.log
    if (!isAlike || head.valueLength !== draft.value.length) return false
    const mark = markOf(this.names.of(draft.cache), draft.key)
    this.digests.remove(draft.token, mark, head.version)
    this.digests.add(draft.token, mark, draft.version)
    fields.setStamp(address, draft)
    if (draft.expiresAt !== undefined) {
      this.wheel.remove(address)
      fields.setDeadline(address, draft.expiresAt)
      this.wheel.add(address)
    }
    this.#pieces.write(address, head.valueAt, draft.value)
    return true
  }

  /** release removes an entry; its memory comes back with its segment. */
  release(address: number, hash: number): void {
    const { fields } = this
    const token = fields.token(address)
    const cache = this.names.of(fields.cache(address))
    const mark = this.markAt(address)
    if (fields.expires(address)) this.wheel.remove(address)
    this.index.remove(token, tagOf(token, hash), address)
    if (fields.isCurrent(address)) this.digests.remove(token, mark, fields.version(address))
    else this.#countAgain(address, token)
    this.#tally(address, cache, -1)
    this.#logOf(address).bury(address)
  }

  /** tombstones is how many of the entries of a token are deleted ones. */
  tombstones(token: number): number {
    return this.#tombstonesOf[token] as number
  }

  /** dropToken makes everything of a token leave; returns how much that is. The memory comes back by releaseLeaving. */
  dropToken(token: number): number {
    const { entries } = this.digests.of(token)
    if (entries === 0) return 0
    while (!this.leaving.raise(token, entries)) this.#releaseAll(this.leaving.of(token, this.index, this.fields))
    const tombstones = this.#tombstonesOf[token] as number
    this.#tombstonesOf[token] = 0
    this.ledger.leave({ entries: entries - tombstones, tombstones })
    this.digests.forget(token)
    return entries
  }

  /** releaseLeaving frees some of what leaves; `steps` bounds the work, one being at most 512 entries looked at. Returns how many it freed. */
  releaseLeaving(steps: number, freesMax: number): number {
    let freed = 0
    for (let step = 0; step < steps && freed < freesMax && this.leaving.count > 0; step++) {
      const addresses = this.leaving.next(this.index, this.fields)
      this.#releaseAll(addresses)
      freed += addresses.length
    }
    return freed
  }

  #releaseAll(addresses: readonly number[]): void {
    for (const address of addresses) this.release(address, this.hashAt(address))
  }

  /** What leaves was taken off the count when its token was dropped, and is taken off again when it is released. */
  #countAgain(address: number, token: number): void {
    const isTombstone = this.fields.isTombstone(address)
    this.ledger.leave(isTombstone ? { entries: 0, tombstones: -1 } : { entries: -1, tombstones: 0 })
    if (isTombstone) this.#tombstonesOf[token] = (this.#tombstonesOf[token] as number) + 1
    this.leaving.released(token)
  }

  /** clear drops everything at once; returns how much that was. */
  clear(): number {
    const dropped = this.index.entries - this.leaving.count
    for (const log of this.logs) log.clear()
    for (const book of [this.index, this.wheel, this.digests, this.names, this.ledger, this.leaving]) book.clear()
    this.#tombstonesOf.fill(0)
    return dropped
  }

  /** relog appends an entry to another log, or to its own anew, with its value and all. */
  relog(address: number, number: number): void {
    const log = this.logs[number] as Log
    const cache = this.names.of(this.fields.cache(address))
    cache.replicas += Number(number === replicas) - Number(this.fields.log(address) === replicas)
    this.#moveTo(address, log, log.head, number)
  }

  /** key copies the key of an entry. */
  key(address: number): Uint8Array {
    const key = new Uint8Array(this.fields.keyLength(address))
    this.#pieces.read(address, this.fields.headerLength(address), key.length, key, 0)
    return key
  }

  /** readValue copies the value of an entry with this header into an array, from `at` on. */
  readValue(address: number, { valueAt, valueLength }: EntryHead, to: Uint8Array, at: number): void {
    this.#pieces.read(address, valueAt, valueLength, to, at)
  }

  #logOf(address: number): Log {
    return this.logs[this.fields.log(address)] as Log
  }

  #moveTo(address: number, log: Log, after: number, number = this.fields.log(address)): void {
    const { fields, segments } = this
    const size = fields.size(address)
    const front = fields.headerLength(address) + fields.keyLength(address)
    const from = this.#logOf(address)
    const target = log.place(after, size, front)
    this.#pieces.move(address, target, size)
    fields.setLog(target, number)
    if (fields.expires(target)) this.wheel.relocate(address, target)
    const token = fields.token(target)
    const bytes = segments.byteIn(target) + fields.headerLength(target)
    const hash = this.#hash.of(fields.cache(target), segments.bytesOf(target), bytes, fields.keyLength(target))
    this.index.replace(token, tagOf(token, hash), address, target)
    from.bury(address)
  }

  #tally(address: number, cache: CacheTally, sign: 1 | -1): void {
    const { fields, ledger } = this
    const size = fields.size(address)
    if (fields.isTombstone(address)) {
      cache.tombstones += sign
      ledger.tombstone(sign, size)
      const token = fields.token(address)
      this.#tombstonesOf[token] = (this.#tombstonesOf[token] as number) + sign
    } else {
      cache.entries += sign
      if (fields.log(address) === replicas) cache.replicas += sign
      cache.bytes += sign * size
      ledger.entry(sign, size, { key: fields.keyLength(address), value: fields.valueLength(address) })
    }
  }
}

/** markOf is what digests know a key by. */
export function markOf(cache: CacheTally, { bytes, from, to }: ByteRange): number {
  return keyMark(cache.mark, bytes, from, to - from)
}
