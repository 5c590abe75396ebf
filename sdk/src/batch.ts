import type { Deadline } from './deadlines.ts'
import type { Start } from './start.ts'

/** Members of a batch: so many places are kept for as long as one of them is under way. */
const batchMax = 256

/** Timed is what ends when its time is up, unless it is taken out of its batch before. */
export interface Timed {
  /** The batch that it was put into, and its place there; -1: it is in none any more, or was in none yet. */
  batch: Batch | undefined
  place: number
  /** expire is called once when the time has come. */
  expire(): void
}

/** Batch is what began in one turn and has as much time. */
export class Batch implements Deadline {
  readonly start: Start
  readonly timeoutMs: number
  before: Deadline | undefined = undefined
  after: Deadline | undefined = undefined
  readonly #members: (Timed | undefined)[] = []
  #left = 0

  constructor(start: Start, timeoutMs: number) {
    this.start = start
    this.timeoutMs = timeoutMs
  }

  get atMs(): number {
    return this.start.wakingMs + this.timeoutMs
  }

  /** Whether all that was added is out: then it is on the wheel no more. */
  get isEmpty(): boolean {
    return this.#left === 0
  }

  /** Whether more can be added. */
  get takesMore(): boolean {
    return this.#left > 0 && this.#members.length < batchMax
  }

  add(timed: Timed): void {
    timed.batch = this
    // Not by push(), which the engine inlines no more once it was given another kind of array than it expected.
    const place = this.#members.length
    timed.place = place
    this.#members[place] = timed
    this.#left++
  }

  /** take takes out what is in this batch. */
  take(timed: Timed): void {
    this.#members[timed.place] = undefined
    timed.place = -1
    this.#left--
  }

  expire(): void {
    for (const timed of this.#members) {
      if (timed === undefined) continue
      this.take(timed)
      timed.expire()
    }
  }
}
