/** The clocks of one host: a monotonic one and one on the wall, neither of them right, both running at their own rates. */
export class LocalClock {
  readonly #startMs: number
  readonly #rate: number
  #wallOffsetMs: number

  /** `rate`: how fast they run; 1 is right. */
  constructor({ startMs, rate, wallOffsetMs }: { startMs: number; rate: number; wallOffsetMs: number }) {
    this.#startMs = startMs
    this.#rate = rate
    this.#wallOffsetMs = wallOffsetMs
  }

  /** now turns the time of the simulation into that of the monotonic clock. */
  now(trueMs: number): number {
    return this.#startMs + trueMs * this.#rate
  }

  wallMs(trueMs: number): number {
    return this.#wallOffsetMs + trueMs * this.#rate
  }

  /** trueMs turns a stretch on these clocks into one of the simulation. */
  trueMs(ms: number): number {
    return ms / this.#rate
  }

  jump(byMs: number): void {
    this.#wallOffsetMs += byMs
  }
}
