/**
 * LookAhead finds the entries of a batch of commands before they are executed. A read of a large store is two waits for
 * memory, one after the other: the bucket, then the entry. The commands of a batch do not depend on each other, so their
 * waits can overlap, if they are begun close enough together: a processor looks ahead by a few hundred instructions,
 * which is less than one command takes.
 *
 *      expect     key ─► hash                          for every key of the batch: arithmetic only
 *      prefetch   bucket, bucket, bucket, …            one short loop each, so that many are under way at a time
 *                 entry, entry, entry, …
 *      claim      the commands, in the same order, find their entries known and near
 *
 * It is a hint. Whatever happened since, claim returns the entry of exactly that key or none: it compares the
 * key, a gone entry is marked, and when a segment was given back all is forgotten, since other bytes may lie there now.
 */
import type { CacheTally } from './cache-names.ts'
import { tagOf } from './hash-index.ts'
import type { Holdings } from './holdings.ts'
import type { KeyRange } from './key-range.ts'

/** What is smaller than this lies in the caches of a processor anyway. */
const largeBytes = 16 * 1024 * 1024
/** The most keys of one batch: what they bring in fits into the first cache of a processor. */
export const keysAheadMax = 32

export class LookAhead {
  /** The hash of the key that was claimed last. */
  hash = 0
  /** What was read ahead. Kept only so that the reading is not optimised away. */
  seen = 0
  readonly #holdings: Holdings
  readonly #tokens = new Int32Array(keysAheadMax)
  readonly #hashes = new Int32Array(keysAheadMax)
  readonly #tags = new Int32Array(keysAheadMax)
  readonly #addresses = new Float64Array(keysAheadMax)
  #count = 0
  #claimed = 0
  /** How many of them are fetched: all, or none yet. */
  #fetched = 0
  #gives = 0

  constructor(holdings: Holdings) {
    this.#holdings = holdings
  }

  /** Whether there is so much to look through that looking ahead is worth its time. */
  get isWorthIt(): boolean {
    return this.#holdings.segments.taken * this.#holdings.segments.bytes > largeBytes
  }

  /** expect adds a key; more than the most are left out. */
  expect(token: number, key: KeyRange): void {
    if (this.#fetched > 0) this.#forget()
    const cache = this.#holdings.names.find(key.cache)
    if (cache === undefined || this.#count === keysAheadMax) return
    const at = this.#count++
    const hash = this.#holdings.hashOfRange(cache, key)
    this.#tokens[at] = token
    this.#hashes[at] = hash
    this.#tags[at] = tagOf(token, hash)
  }

  /** prefetch brings in what the expected keys need. */
  prefetch(): void {
    const { index, fields, segments } = this.#holdings
    const count = this.#count
    let seen = 0
    for (let at = 0; at < count; at++) seen ^= index.touch(this.#tokens[at] as number, this.#tags[at] as number)
    for (let at = 0; at < count; at++) {
      this.#addresses[at] = index.guess(this.#tokens[at] as number, this.#tags[at] as number)
    }
    for (let at = 0; at < count; at++) seen ^= fields.touch(this.#addresses[at] as number)
    this.seen = seen
    this.#gives = segments.gives
    this.#fetched = count
  }

  /** claim returns the address of an entry that was fetched, and sets its hash; 0 when this one was not. */
  claim(token: number, key: KeyRange, cache: CacheTally): number {
    if (this.#claimed === this.#fetched) return 0
    const { fields, segments } = this.#holdings
    if (segments.gives !== this.#gives) {
      this.#forget()
      return 0
    }
    let at = this.#claimed
    // Commands that were not expected may come in between.
    while (this.#tokens[at] !== token) if (++at === this.#fetched) return 0
    this.#claimed = at + 1
    const address = this.#addresses[at] as number
    if (address === 0 || fields.isGone(address) || !fields.hasKey(address, cache.id, key)) return 0
    this.hash = this.#hashes[at] as number
    return address
  }

  #forget(): void {
    this.#count = 0
    this.#claimed = 0
    this.#fetched = 0
  }
}
