/**
 * Start is when calls began: all that begin in one turn of the event loop share one, and with it the look at the clock, which
 * takes a tenth of a call. It is the end of that turn: no answer can be read before.
 */
export class Start {
  readonly #read: (start: Start) => void
  #isRead = false
  #realMs = 0
  #wakingMs = 0

  constructor(read: (start: Start) => void) {
    this.#read = read
  }

  /** On the clock of performance.now(). Whoever asks before the turn is over gets the time of asking, and that stays. */
  get realMs(): number {
    if (!this.#isRead) this.#read(this)
    return this.#realMs
  }

  /** The same in waking time. */
  get wakingMs(): number {
    if (!this.#isRead) this.#read(this)
    return this.#wakingMs
  }

  set(realMs: number, wakingMs: number): void {
    this.#isRead = true
    this.#realMs = realMs
    this.#wakingMs = wakingMs
  }
}
