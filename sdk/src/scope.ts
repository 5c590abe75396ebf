/**
 * A scope is how long a call may go on: until its deadline, until its AbortSignal fires, until the client is destroyed.
 * Whatever the call waits for enters the scope with a function that ends the waiting, and leaves it afterwards. A
 * multi-key call has one scope for all its keys. end() always lets go of the signal.
 */
import { offAbort, onAbort } from './aborts.ts'
import type { Deadline, Deadlines } from './deadlines.ts'

/** Interruption is why a scope is over before its call was done. */
export type Interruption =
  | { readonly type: 'timeout'; readonly timeoutMs: number }
  | { readonly type: 'abort'; readonly reason: unknown }
  | { readonly type: 'closed' }

/** ScopeOptions are the limits of one call. */
export interface ScopeOptions {
  readonly timeoutMs: number
  /** When the time is up, on the clock of the deadlines. Default: `timeoutMs` from now. */
  readonly atMs?: number
  readonly signal?: AbortSignal | undefined
}

export class Scope {
  /** Where it lies among the open scopes of its client. */
  place = 0
  #interruption: Interruption | undefined
  readonly #cancels = new Set<() => void>()
  readonly #deadlines: Deadlines
  readonly #deadline: Deadline
  readonly #signal: AbortSignal | undefined
  readonly #onAbort: (() => void) | undefined

  constructor(deadlines: Deadlines, { timeoutMs, atMs = inTime(deadlines, timeoutMs), signal }: ScopeOptions) {
    this.#deadlines = deadlines
    this.#deadline = deadlines.add(atMs, () => this.interrupt({ type: 'timeout', timeoutMs }))
    if (!signal) return
    this.#signal = signal
    this.#onAbort = () => this.interrupt({ type: 'abort', reason: signal.reason })
    onAbort(signal, this.#onAbort)
    if (signal.aborted) this.#onAbort()
  }

  /** interruption is set once the scope is over before its time. */
  get interruption(): Interruption | undefined {
    return this.#interruption
  }

  /** interrupt ends everything that is waited for in the scope. Only the first interruption counts. */
  interrupt(interruption: Interruption): void {
    if (this.#interruption) return
    this.#interruption = interruption
    const cancels = [...this.#cancels]
    this.#cancels.clear()
    for (const cancel of cancels) cancel()
  }

  /** enter has `cancel` called when the scope is interrupted. Ask for `interruption` first: it is not called for the past. */
  enter(cancel: () => void): void {
    this.#cancels.add(cancel)
  }

  leave(cancel: () => void): void {
    this.#cancels.delete(cancel)
  }

  /** pause resolves after `ms`, when the bell rings, or when the scope is interrupted, whichever comes first. */
  pause(ms: number, bell?: Bell): Promise<void> {
    return this.#wait(bell, ms)
  }

  /** hear resolves when the bell rings, or when the scope is interrupted. */
  hear(bell: Bell): Promise<void> {
    return this.#wait(bell)
  }

  #wait(bell: Bell | undefined, ms?: number): Promise<void> {
    if (this.#interruption) return Promise.resolve()
    return new Promise((resolve) => {
      const end = () => {
        if (deadline !== undefined) this.#deadlines.remove(deadline)
        this.leave(end)
        bell?.delete(end)
        resolve()
      }
      const deadline = ms === undefined ? undefined : this.#deadlines.add(inTime(this.#deadlines, ms), end)
      this.enter(end)
      bell?.add(end)
    })
  }

  /** end releases the deadline and the signal. Every scope must be ended. */
  end(): void {
    this.#deadlines.remove(this.#deadline)
    if (this.#signal && this.#onAbort) offAbort(this.#signal, this.#onAbort)
  }
}

function inTime(deadlines: Deadlines, ms: number): number {
  return deadlines.at(performance.now()) + ms
}

/** Bell is who waits for something to happen. */
export type Bell = Set<() => void>

/** ring wakes everybody who waits. */
export function ring(bell: Bell): void {
  const waiting = [...bell]
  bell.clear()
  for (const wake of waiting) wake()
}
