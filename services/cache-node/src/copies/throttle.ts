/** Throttle lets so many bytes pass in a second. What passes is known afterwards only: who overdraws waits longer. */

/** How much may pass at once after a pause. */
const burstSeconds = 0.1
const secondMs = 1_000

export class Throttle {
  readonly #bytesPerSecond: number
  #left: number
  #at: number | undefined

  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond
    this.#left = bytesPerSecond * burstSeconds
  }

  /** allows tells whether something may pass now. */
  allows(now: number): boolean {
    const elapsedMs = now - (this.#at ?? now)
    const earned = (elapsedMs / secondMs) * this.#bytesPerSecond
    this.#left = Math.min(this.#bytesPerSecond * burstSeconds, this.#left + Math.max(0, earned))
    this.#at = now
    return this.#left > 0
  }

  spend(bytes: number): void {
    this.#left -= bytes
  }
}
