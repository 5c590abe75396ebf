/**
 * Wheel: which entries expire next, without an object for any of them. Two rings of buckets; a bucket is the head of a
 * doubly linked list that runs through the entries themselves (words 7 and 8 of their headers).
 *
 *      near   │ 1 s │ 1 s │ …     4,096 buckets: what expires within 68 minutes, to the second
 *                ^ now
 *      far    │ 68 min │ …        4,096 buckets: 194 days, and once more round for what lies beyond
 *                ^ spread over the near ring one minute before its time
 *
 * An entry leaves its list in constant time when it is overwritten, deleted, evicted or moved. Work is done in slices:
 * every call says how many entries it may touch. Time must not go back, and deadlines must not lie in the past.
 */
import type { Entries } from './entry.ts'

const bucketCount = 4_096
const secondMs = 1_000
const spreadLeadSeconds = 60

/** Slice is how much a call may do: entries to free and entries to touch. It is counted down. */
export interface Slice {
  frees: number
  steps: number
}

export class Wheel {
  readonly #fields: Entries
  readonly #near = new Uint32Array(bucketCount)
  readonly #far = new Uint32Array(bucketCount)
  /** The second whose bucket is looked at next; what expired before it is gone. */
  #second: number
  /** The far bucket, counted since time 0, that is spread next. What expires before it is in the near ring. */
  #round: number

  constructor(fields: Entries, now: number) {
    this.#fields = fields
    this.#second = secondOf(now)
    this.#round = roundOf(this.#second) + 1
  }

  add(address: number): void {
    const due = secondOf(this.#fields.deadline(address))
    if (roundOf(due) < this.#round) this.#link(this.#near, due % bucketCount, address)
    else this.#link(this.#far, roundOf(due) % bucketCount, address)
  }

  remove(address: number): void {
    const fields = this.#fields
    const next = fields.next(address)
    const previous = fields.previous(address)
    if (next !== 0) fields.setPrevious(next, previous)
    if (previous !== 0) fields.setNext(previous, next)
    else this.#setFirst(address, next)
  }

  /** relocate tells the neighbours of an entry, which was copied with its links, where it lies now. */
  relocate(from: number, to: number): void {
    const fields = this.#fields
    const next = fields.next(to)
    const previous = fields.previous(to)
    if (next !== 0) fields.setPrevious(next, to)
    if (previous !== 0) fields.setNext(previous, to)
    else this.#setFirst(from, to)
  }

  /** expire hands every entry that has expired at `now` to `free`, which must remove it, as far as the slice goes. */
  expire(now: number, slice: Slice, free: (address: number) => void): void {
    this.#spread(now, slice)
    const current = secondOf(now)
    // After a long sleep the whole ring is behind: once round is enough.
    if (current - this.#second > bucketCount) this.#second = current - bucketCount
    for (;;) {
      if (!this.#empty(this.#second % bucketCount, now, slice, free) || this.#second >= current) return
      this.#second++
    }
  }

  clear(): void {
    this.#near.fill(0)
    this.#far.fill(0)
  }

  /** Whether a whole second has passed whose entries are still there. */
  isBehind(now: number): boolean {
    return this.#second < secondOf(now)
  }

  /** How long ago, in milliseconds, the oldest entry that may still be there expired. */
  lagMs(now: number): number {
    return Math.max(0, now - (this.#second + 1) * secondMs)
  }

  #empty(bucket: number, now: number, slice: Slice, free: (address: number) => void): boolean {
    for (let address = this.#near[bucket] as number; address !== 0; ) {
      if (slice.frees <= 0 || slice.steps <= 0) return false
      const next = this.#fields.next(address)
      slice.steps--
      if (this.#fields.deadline(address) <= now) {
        slice.frees--
        free(address)
      }
      address = next
    }
    return true
  }

  #spread(now: number, slice: Slice): void {
    while (secondOf(now) + spreadLeadSeconds >= this.#round * bucketCount) {
      for (let address = this.#far[this.#round % bucketCount] as number; address !== 0; ) {
        if (slice.steps <= 0) return
        const next = this.#fields.next(address)
        const due = secondOf(this.#fields.deadline(address))
        slice.steps--
        if (roundOf(due) <= this.#round) {
          this.remove(address)
          this.#link(this.#near, due % bucketCount, address)
        }
        address = next
      }
      this.#round++
    }
  }

  #link(ring: Uint32Array, bucket: number, address: number): void {
    const first = ring[bucket] as number
    this.#fields.setNext(address, first)
    this.#fields.setPrevious(address, 0)
    if (first !== 0) this.#fields.setPrevious(first, address)
    ring[bucket] = address
  }

  #setFirst(address: number, first: number): void {
    const due = secondOf(this.#fields.deadline(address))
    const near = due % bucketCount
    if (this.#near[near] === address) this.#near[near] = first
    else this.#far[roundOf(due) % bucketCount] = first
  }
}

function secondOf(ms: number): number {
  return Math.floor(ms / secondMs)
}

function roundOf(second: number): number {
  return Math.floor(second / bucketCount)
}
