/**
 * LookAhead finds the entries of a batch of commands before they are executed. A read is two waits for memory, one after
 * the other: the bucket, then the entry. The commands of a batch do not depend on each other, so their waits can overlap, if
 * they are begun close enough together: a processor looks ahead by a few hundred instructions, which is less than one
 * command takes.
 *
 *      expect     key ─► hash, and a ticket for it     for every key of the batch: arithmetic only
 *      prefetch   bucket, bucket, bucket, …            one short loop each, so that many are under way at a time
 *                 digest, digest, …                    of what is to be written
 *                 entry, entry, entry, …
 *      claim      whoever has a ticket finds its entry known and near
 *
 * It is a hint. Whatever happened since, claim returns the entry of exactly that key or none: it compares the
 * key, a gone entry is marked, and when a segment was given back all is forgotten, since other bytes may lie there now.
 */
import type { CacheTally } from './cache-names.ts'
import { entryLines } from './entry.ts'
import { tagOf } from './hash-index.ts'
import type { Holdings } from './holdings.ts'
import type { KeyRange } from './key-range.ts'

/** The most keys of one batch: what they bring in fits into the first cache of a processor. */
export const keysAheadMax = 32
/** A ticket is the number of the batch, in so many bits, and that of the key in it. */
const batchBits = 25
const keyBits = Math.log2(keysAheadMax)

export class LookAhead {
  /** What was read ahead. Kept only so that the reading is not optimised away. */
  seen = 0
  readonly #holdings: Holdings
  readonly #caches = new Int32Array(keysAheadMax)
  readonly #tokens = new Int32Array(keysAheadMax)
  readonly #hashes = new Int32Array(keysAheadMax)
  readonly #tags = new Int32Array(keysAheadMax)
  readonly #addresses = new Uint32Array(keysAheadMax)
  /** Tokens of the keys that are to be written. */
  readonly #written = new Uint32Array(keysAheadMax)
  #batch = 0
  #count = 0
  #writes = 0
  #isFetched = false
  #gives = 0

  constructor(holdings: Holdings) {
    this.#holdings = holdings
  }

  /** expect adds a key, and gives it a ticket; more than the most are left out. */
  expect(token: number, key: KeyRange, isWrite: boolean): void {
    if (this.#isFetched) this.#begin()
    const cache = this.#holdings.names.find(key.cache)
    if (cache === undefined || this.#count === keysAheadMax) return
    const at = this.#count++
    const hash = this.#holdings.hashOf(cache, key)
    this.#caches[at] = cache.id
    this.#tokens[at] = token
    this.#hashes[at] = hash
    this.#tags[at] = tagOf(token, hash)
    if (isWrite) this.#written[this.#writes++] = token
    key.ticket = (this.#batch << keyBits) | at
  }

  /** prefetch brings in what the expected keys need. */
  prefetch(): void {
    const { index, segments, digests } = this.#holdings
    const addresses = this.#addresses
    const count = this.#count
    for (let at = 0; at < count; at++) {
      addresses[at] = index.placeOf(this.#tokens[at] as number, this.#tags[at] as number)
    }
    let seen = segments.touch(addresses, count, 1) ^ digests.touch(this.#written, this.#writes)
    for (let at = 0; at < count; at++) {
      addresses[at] = index.guess(this.#tokens[at] as number, this.#tags[at] as number)
    }
    seen ^= segments.touch(addresses, count, entryLines)
    this.seen = seen
    this.#gives = segments.gives
    this.#isFetched = true
  }

  /** isOf tells whether a ticket is of the last batch, and of this cache: then the two below are about its key. */
  isOf(ticket: number, cache: CacheTally): boolean {
    return ticket >> keyBits === this.#batch && this.#isFetched && this.#caches[ticket % keysAheadMax] === cache.id
  }

  hashOf(ticket: number): number {
    return this.#hashes[ticket % keysAheadMax] as number
  }

  /** claim returns the address of the entry of a key, where it was fetched and is still there; else 0. */
  claim(key: KeyRange, cache: CacheTally): number {
    const { fields, segments } = this.#holdings
    const address = this.#addresses[key.ticket % keysAheadMax] as number
    if (address === 0 || segments.gives !== this.#gives || fields.isGone(address)) return 0
    return fields.hasKey(address, cache.id, key) ? address : 0
  }

  #begin(): void {
    this.#batch = (this.#batch + 1) % 2 ** batchBits
    this.#count = 0
    this.#writes = 0
    this.#isFetched = false
  }
}
