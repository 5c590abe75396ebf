/** A slice is what one of many may use of a turn of the event loop, whatever is sent to it, so that all others have theirs. */
import type { TurnClock } from './turn-clock.ts'

/** sliceMs is how long it is. */
export const sliceMs = 5

export interface SliceOptions {
  readonly turns: TurnClock
  /** Milliseconds on the monotonic clock. */
  readonly now: () => number
}

export class Slice {
  readonly #turns: TurnClock
  readonly #now: () => number
  #turn = -1
  #usedMs = 0

  constructor({ turns, now }: SliceOptions) {
    this.#turns = turns
    this.#now = now
  }

  /** isUsed counts the time since `begunMs` to what was used of the present turn, and tells whether that is all. */
  isUsed(begunMs: number): boolean {
    const { turn } = this.#turns
    if (turn !== this.#turn) {
      this.#turn = turn
      this.#usedMs = 0
    }
    this.#usedMs += this.#now() - begunMs
    return this.#usedMs >= sliceMs
  }
}
