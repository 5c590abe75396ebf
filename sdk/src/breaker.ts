/**
 * The breaker of a node: after three failures in a row nothing is sent to it for a second, then one call may probe.
 *
 *      closed ──3 failures──▶ open ──1 s──▶ half-open ──▶ closed on success, open again on failure
 *
 * Failures of attempts that were under way together count as one: a hundred calls that end at once, because a socket
 * was reset or this process stood still, are one piece of evidence. Any reply of the node is a success, errors too: it
 * answers. Pure: time is an argument.
 */
export const failuresToOpen = 3
export const openMs = 1000

export type BreakerState = 'closed' | 'open' | 'half-open'

export class Breaker {
  #failures = 0
  #lastFailureMs = Number.NEGATIVE_INFINITY
  #openUntilMs = 0

  /** isClosed tells whether everything may pass, without asking for the time. */
  get isClosed(): boolean {
    return this.#failures < failuresToOpen
  }

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

  /** failed notes an attempt that brought no reply, and when it was begun. */
  failed(begunMs: number, now: number): void {
    if (begunMs < this.#lastFailureMs) return
    this.#lastFailureMs = now
    this.#failures++
    if (this.#failures >= failuresToOpen) this.#openUntilMs = now + openMs
  }
}
