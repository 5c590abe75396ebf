/**
 * The scopes of a client that are open, so that closing it ends them all.
 *
 * They lie in an array, each knowing its place, and not in a Set. V8's Set starts a new table every so many additions, and
 * the old table refers to the new one for the sake of iterators. Once the young collector has moved an old table on, it
 * keeps the next one alive, and that the next, each with all that was in it, until a full collection: multi-key calls took
 * up to one and a half times as long.
 */
import type { Deadlines } from './deadlines.ts'
import { type Bell, ring, Scope, type ScopeOptions } from './scope.ts'

export class Scopes {
  /** Rung when the last one is closed. */
  readonly idle: Bell = new Set()
  readonly #deadlines: Deadlines
  readonly #open: Scope[] = []
  #isOver = false

  constructor(deadlines: Deadlines) {
    this.#deadlines = deadlines
  }

  get size(): number {
    return this.#open.length
  }

  /** within runs something in a scope of its own, which it ends in any case. */
  async within<T>(options: ScopeOptions, run: (scope: Scope) => Promise<T>): Promise<T> {
    const scope = new Scope(this.#deadlines, options)
    if (this.#isOver) scope.interrupt({ type: 'closed' })
    scope.place = this.#open.push(scope) - 1
    try {
      return await run(scope)
    } finally {
      scope.end()
      this.#close(scope)
      if (this.#open.length === 0) ring(this.idle)
    }
  }

  /** interruptAll ends all that are open, and every later one at once. */
  interruptAll(): void {
    this.#isOver = true
    for (const scope of this.#open) scope.interrupt({ type: 'closed' })
  }

  /** The last one takes its place. */
  #close({ place }: Scope): void {
    const last = this.#open.pop() as Scope
    if (place === this.#open.length) return
    this.#open[place] = last
    last.place = place
  }
}
