/**
 * The retry budget: retries are paid for by successes, so that a client can never multiply the load of a fleet that is
 * in trouble. A healthy client always has the full budget. Figures of the AWS SDKs (standard retry mode).
 */
export const tokensMax = 500
export const retryCost = 5
export const timeoutCost = 10

export class RetryBudget {
  #tokens = tokensMax

  get tokens(): number {
    return this.#tokens
  }

  /** take pays for a retry; false, and nothing is taken, where the budget does not suffice. */
  take(cost = retryCost): boolean {
    if (this.#tokens < cost) return false
    this.#tokens -= cost
    return true
  }

  /** timedOut notes a call that ran out of time. */
  timedOut(): void {
    this.#tokens = Math.max(0, this.#tokens - timeoutCost)
  }

  succeeded(): void {
    if (this.#tokens < tokensMax) this.#tokens++
  }
}
