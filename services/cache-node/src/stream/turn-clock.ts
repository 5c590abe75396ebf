/**
 * A turn clock tells the turns of the event loop apart, so that work can be shared out fairly: whoever had its slice of
 * this turn goes on in the next, after everybody else had a chance.
 */
export class TurnClock {
  #turn = 0
  #isArmed = false
  readonly #next = (): void => {
    this.#isArmed = false
    this.#turn++
  }

  /** turn is a number that is another one after the loop has gone on. */
  get turn(): number {
    if (!this.#isArmed) {
      this.#isArmed = true
      setImmediate(this.#next)
    }
    return this.#turn
  }
}
