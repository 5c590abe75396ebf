/** The scopes of a client that are open, so that closing it ends them all. */
import type { Deadlines } from './deadlines.ts'
import { type Bell, ring, Scope, type ScopeOptions } from './scope.ts'

export class Scopes {
  /** Rung when the last one is closed. */
  readonly idle: Bell = new Set()
  readonly #deadlines: Deadlines
  readonly #open = new Set<Scope>()
  #isOver = false

  constructor(deadlines: Deadlines) {
    this.#deadlines = deadlines
  }

  get size(): number {
    return this.#open.size
  }

  /** within runs something in a scope of its own, which it ends in any case. */
  async within<T>(options: ScopeOptions, run: (scope: Scope) => Promise<T>): Promise<T> {
    const scope = new Scope(this.#deadlines, options)
    if (this.#isOver) scope.interrupt({ type: 'closed' })
    this.#open.add(scope)
    try {
      return await run(scope)
    } finally {
      scope.end()
      this.#open.delete(scope)
      if (this.#open.size === 0) ring(this.idle)
    }
  }

  /** interruptAll ends all that are open, and every later one at once. */
  interruptAll(): void {
    this.#isOver = true
    for (const scope of this.#open) scope.interrupt({ type: 'closed' })
  }
}
