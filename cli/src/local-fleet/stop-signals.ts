/**
 * Ctrl-C and its relatives: the first asks for an orderly end, a second one for an end at once.
 *
 * Under npm one Ctrl-C arrives twice, from the terminal and passed on by npm, so a second signal counts only after a
 * moment in which a person could have pressed again.
 */
const againAfterMs = 400

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export class StopSignals {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal
  readonly #abort = new AbortController()
  readonly #onAgain: () => void
  #firstAt: number | undefined

  constructor(onAgain: () => void) {
    this.#onAgain = onAgain
    this.signal = this.#abort.signal
    for (const name of signals) process.on(name, this.#receive)
  }

  /** received resolves with the first signal. */
  received(): Promise<void> {
    if (this.signal.aborted) return Promise.resolve()
    return new Promise((resolve) => this.signal.addEventListener('abort', () => resolve(), { once: true }))
  }

  dispose(): void {
    for (const name of signals) process.off(name, this.#receive)
  }

  readonly #receive = (): void => {
    const now = performance.now()
    if (this.#firstAt === undefined) {
      this.#firstAt = now
      this.#abort.abort()
    } else if (now - this.#firstAt >= againAfterMs) this.#onAgain()
  }
}
