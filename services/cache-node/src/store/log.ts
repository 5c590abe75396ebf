/**
 * Log: entries in the order in which they came, in a chain of segments. New entries are appended at the head; a hand
 * takes the oldest from the tail, one by one, and either drops them or has them appended again.
 *
 *      tail                                                        head
 *      ┌───────────────┐   ┌───────────────┐   ┌───────────────┐   ┌───────────────┐
 *      │×××│   │××│     ├──►│~│   │   │     ├──►│~~~~~~~~~~~~~~~├──►│~~│      │      │
 *      └───────────────┘   └───────────────┘   └───────────────┘   └───────────────┘
 *           ^ hand           ~ rest of the entry before it                  ^ used
 *
 * A value that does not fit into what is left of a segment runs on in the next one, and the next: no size of value
 * leaves segments half empty, and segments can be smaller than the largest value. Header and key stay together.
 *
 * Guarantees: appending never looks for a place; the bytes that count are known for every segment. A gone entry (×)
 * stays where it is until the hand or compaction gives its segment back.
 */
import type { Entries } from './entry.ts'
import type { Segments } from './segments.ts'

export class Log {
  /** Bytes of its live entries. */
  bytes = 0
  /** Live entries. */
  entries = 0
  #head = 0
  #tail = 0
  #hand = 0
  readonly #segments: Segments
  readonly #fields: Entries
  readonly #onGive: (segment: number) => void

  constructor(segments: Segments, fields: Entries, onGive: (segment: number) => void) {
    this.#segments = segments
    this.#fields = fields
    this.#onGive = onGive
  }

  get head(): number {
    return this.#head
  }

  get tail(): number {
    return this.#tail
  }

  /** append makes room for an entry at the head and returns its address; front is what must stay together. */
  append(bytes: number, front: number): number {
    return this.place(this.#head, bytes, front)
  }

  /** place does the same behind a segment within the log. The last segment it filled is before the next of `after`. */
  place(after: number, bytes: number, front: number): number {
    const { used, live, start, spill, bytes: capacity } = this.#segments
    let segment = after
    if (segment === 0 || capacity - (used[segment] as number) < front) segment = this.insertAfter(segment)
    const offset = used[segment] as number
    const address = this.#segments.addressOf(segment, offset)
    const here = Math.min(bytes, capacity - offset)
    used[segment] = offset + here
    live[segment] = (live[segment] as number) + here
    for (let left = bytes - here; left > 0; left -= capacity) {
      segment = this.insertAfter(segment)
      const length = Math.min(left, capacity)
      used[segment] = length
      start[segment] = length
      live[segment] = length
      spill[segment] = address
    }
    this.bytes += bytes
    this.entries++
    return address
  }

  /** insertAfter links a fresh segment behind another; behind the head (or into an empty log) it becomes the head. */
  insertAfter(segment: number): number {
    const { next, previous } = this.#segments
    const fresh = this.#segments.take()
    const following = segment === 0 ? this.#tail : (next[segment] as number)
    previous[fresh] = segment
    next[fresh] = following
    if (segment !== 0) next[segment] = fresh
    if (following !== 0) previous[following] = fresh
    if (segment === this.#head) this.#head = fresh
    if (segment === 0) {
      this.#tail = fresh
      this.#hand = 0
    }
    return fresh
  }

  /** bury marks an entry gone and takes its bytes off the books. */
  bury(address: number): void {
    const { live, spill, next, bytes: capacity } = this.#segments
    const size = this.#fields.size(address)
    this.#fields.setGone(address)
    this.bytes -= size
    this.entries--
    let segment = this.#segments.segmentOf(address)
    const here = Math.min(size, capacity - this.#segments.offsetOf(address))
    live[segment] = (live[segment] as number) - here
    for (let left = size - here; left > 0; left -= capacity) {
      segment = next[segment] as number
      live[segment] = (live[segment] as number) - Math.min(left, capacity)
      spill[segment] = 0
    }
  }

  /** oldest returns the live entry nearest to the tail, 0 when there is none. Segments it is through with go back. */
  oldest(): number {
    if (this.entries === 0) {
      this.#giveAll()
      return 0
    }
    const { used, start, next, previous } = this.#segments
    for (;;) {
      const tail = this.#tail
      while (this.#hand < (used[tail] as number)) {
        const address = this.#segments.addressOf(tail, this.#hand)
        if (!this.#fields.isGone(address)) return address
        this.#hand = this.after(address)
      }
      const following = next[tail] as number
      this.#tail = following
      this.#hand = start[following] as number
      this.#give(tail)
      previous[following] = 0
    }
  }

  /** after returns the offset, in the same segment, of what follows an entry. */
  after(address: number): number {
    return Math.min(this.#segments.bytes, this.#segments.offsetOf(address) + this.#fields.size(address))
  }

  /** unlink takes a segment from within the chain and gives it back. */
  unlink(segment: number): void {
    const { next, previous } = this.#segments
    const before = previous[segment] as number
    const following = next[segment] as number
    next[before] = following
    previous[following] = before
    this.#give(segment)
  }

  /** clear forgets all entries and gives all segments back. */
  clear(): void {
    this.bytes = 0
    this.entries = 0
    this.#giveAll()
  }

  #giveAll(): void {
    while (this.#tail !== 0) {
      const tail = this.#tail
      this.#tail = this.#segments.next[tail] as number
      this.#give(tail)
    }
    this.#head = 0
    this.#hand = 0
  }

  #give(segment: number): void {
    this.#segments.give(segment)
    this.#onGive(segment)
  }
}
