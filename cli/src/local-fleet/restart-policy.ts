/**
 * When a node that died without being asked to is started again: at once nearly, then ever later, and not for ever.
 *
 *      death after a short run:   250 ms   500 ms   1 s   2 s   4 s   gives up
 *      death after a long run:    counting begins anew
 *
 * A node that refuses its configuration gives the same answer every time, so that is the end at once.
 */

export interface RestartOptions {
  /** The first delay; each further one is twice as long. */
  readonly delayMsMin: number
  readonly delayMsMax: number
  /** A node that ran this long ran well: its earlier deaths no longer count. */
  readonly ranWellMs: number
  /** Restarts in a row without a good run between them. */
  readonly restartsMax: number
}

export const defaultRestartOptions: RestartOptions = {
  delayMsMin: 250,
  delayMsMax: 10_000,
  ranWellMs: 10_000,
  restartsMax: 5,
}

export type RestartDecision =
  | { readonly type: 'restart'; readonly delayMs: number }
  | { readonly type: 'give-up'; readonly reason: string }

/** Exit code of a node whose configuration is wrong. */
const exitBadConfig = 2

export class RestartPolicy {
  readonly #options: RestartOptions
  #startedAt = 0
  #restarts = 0

  constructor(options: RestartOptions = defaultRestartOptions) {
    this.#options = options
  }

  started(now: number): void {
    this.#startedAt = now
  }

  /** died decides about a process that ended at `now`; `exitCode` is undefined when a signal ended it. */
  died(now: number, exitCode: number | undefined): RestartDecision {
    const { delayMsMin, delayMsMax, ranWellMs, restartsMax } = this.#options
    if (exitCode === exitBadConfig) return { type: 'give-up', reason: 'it refuses its configuration' }
    if (now - this.#startedAt >= ranWellMs) this.#restarts = 0
    if (this.#restarts >= restartsMax) {
      return { type: 'give-up', reason: `it died ${restartsMax + 1} times in a row soon after its start` }
    }
    const delayMs = Math.min(delayMsMin * 2 ** this.#restarts, delayMsMax)
    this.#restarts++
    return { type: 'restart', delayMs }
  }
}
