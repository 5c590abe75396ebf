/** Rate tells how much has come in the last second, for people to look at. */

const windowMs = 1_000

export class Rate {
  #from = 0
  #sum = 0
  #last = 0

  add(amount: number, now: number): void {
    this.#turn(now)
    this.#sum += amount
  }

  /** perSecond is the figure of the last whole second. */
  perSecond(now: number): number {
    this.#turn(now)
    return this.#last
  }

  #turn(now: number): void {
    if (now - this.#from < windowMs) return
    this.#last = now - this.#from < 2 * windowMs ? this.#sum : 0
    this.#from = now
    this.#sum = 0
  }
}
