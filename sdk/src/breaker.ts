/**
 * The breaker of a node: after three failures in a row nothing is sent to it for a second, then one call may probe.
 *
 *      closed ──3 failures──▶ open ──1 s──▶ half-open ──▶ closed on success, open again on failure
 *
 * Pure: time is an argument. Any reply of the node, errors too, is a success: the node answers.
 */
export const failuresToOpen = 3
export const openMs = 1000

export type BreakerState = 'closed' | 'open' | 'half-open'

export class Breaker {
  #failures = 0
  #openUntilMs = 0

  state(now: number): BreakerState {
    if (this.#failures < failuresToOpen) return 'closed'
    return now < this.#openUntilMs ? 'open' : 'half-open'
  }

  allows(now: number): boolean {
    return this.#failures < failuresToOpen || now >= this.#openUntilMs
  }

  /** sent notes that something goes out: the probe of a half-open breaker, which shuts it for all others until it reports. */
  sent(now: number): void {
    if (this.#failures >= failuresToOpen) this.#openUntilMs = now + openMs
  }

  succeeded(): void {
    this.#failures = 0
  }

  failed(now: number): void {
    this.#failures++
    if (this.#failures >= failuresToOpen) this.#openUntilMs = now + openMs
  }
}
