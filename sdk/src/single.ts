/**
 * One command as one call: one promise and one errand, its own deadline, where all goes well.
 *
 *      begin ─► send ─┬─► succeed ─► resolve(read(outcome))
 *                     ├─► fail ────► a scope for what is left of the time ─► finish ─► resolve or reject
 *                     └─► expire ──► reject
 */
import { performance } from 'node:perf_hooks'
import type { Batch, Timed } from './batch.ts'
import type { Deadlines } from './deadlines.ts'
import type { Errand } from './errand.ts'
import type { Executor } from './executor.ts'
import type { Peer } from './fleet.ts'
import type { Carrier, Unanswered } from './lane/attempt.ts'
import { type Ack, ackOf, type Command, type Outcome, type OutcomeOf } from './protocol/index.ts'
import type { Routes } from './router.ts'
import type { Scope } from './scope.ts'
import type { Scopes } from './scopes.ts'
import type { Vigil } from './vigil.ts'

/** Surroundings is what calls need of their client. */
export interface Surroundings {
  readonly executor: Executor
  readonly deadlines: Deadlines
  readonly scopes: Scopes
  readonly vigil: Vigil
  /** failOpen answers for an error that the client swallows, or for which nobody waits, and throws every other. */
  failOpen<R>(error: unknown, answer: R, ack: Ack): R
}

/** Reading is how a caller gets its result. */
export interface Reading<C extends Command, R> {
  /** Turns an outcome into the result. What it throws is what the call rejects with. */
  readonly read: (outcome: OutcomeOf<C>) => R
  /** The result where the fleet is away and the client fails open. */
  readonly whenUnreachable: R
}

/** CallLimits end a call. */
export interface CallLimits {
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

export class Single<C extends Command, R> implements Errand<C>, Timed {
  readonly command: C
  readonly isDirect = true
  id = 0
  isCancelled = false
  carrier: Carrier | undefined = undefined
  bytes = 0
  peer: Peer | undefined = undefined
  routes: Routes | undefined = undefined
  batch: Batch | undefined = undefined
  place = -1
  readonly #around: Surroundings
  readonly #reading: Reading<C, R>
  #resolve: (result: R) => void = nobody
  #reject: (reason: unknown) => void = nobody

  constructor(command: C, around: Surroundings, reading: Reading<C, R>) {
    this.command = command
    this.#around = around
    this.#reading = reading
  }

  /** begunMs is when it was begun, on the clock of performance.now(). Once it is. */
  get begunMs(): number {
    return (this.batch as Batch).start.realMs
  }

  /** begin sends the command, and has one of the two called in the end. */
  begin(resolve: (result: R) => void, reject: (reason: unknown) => void, limits: CallLimits): void {
    const { executor, deadlines, scopes } = this.#around
    const { timeoutMs, signal } = limits
    this.#resolve = resolve
    this.#reject = reject
    try {
      executor.admit(this)
    } catch (error) {
      this.#settleFailed(error)
      return
    }
    if (signal === undefined) {
      const { isLone } = executor.admission
      deadlines.put(this, timeoutMs, isLone)
      if (executor.send(this)) {
        if (isLone) this.#around.vigil.begin(performance.now())
        return
      }
      deadlines.take(this)
    }
    this.#goOn(scopes.within(limits, (scope: Scope) => executor.execute(this.command, scope)))
  }

  succeed(outcome: Outcome): void {
    const { executor, deadlines, vigil } = this.#around
    deadlines.take(this)
    executor.succeeded(this.peer as Peer)
    if (executor.admission.isLone) vigil.ended(performance.now() - this.begunMs)
    executor.release(this)
    this.#settle(outcome)
  }

  fail(failure: Unanswered): void {
    const { executor, deadlines, scopes } = this.#around
    deadlines.take(this)
    const { timeoutMs, atMs } = this.batch as Batch
    const limits = { timeoutMs, atMs }
    this.#goOn(scopes.within(limits, (scope) => executor.finish(this, failure, scope)))
  }

  expire(): void {
    const { executor } = this.#around
    const { timeoutMs } = this.batch as Batch
    const error = executor.expired(this, { type: 'timeout', timeoutMs })
    executor.release(this)
    this.#settleFailed(error)
  }

  /** Waits for what the executor makes of it. */
  #goOn(outcome: Promise<Outcome>): void {
    const { executor } = this.#around
    outcome.then(
      (value) => {
        executor.release(this)
        this.#settle(value)
      },
      (error: unknown) => {
        executor.release(this)
        this.#settleFailed(error)
      },
    )
  }

  #settle(outcome: Outcome): void {
    try {
      this.#resolve(this.#reading.read(outcome as OutcomeOf<C>))
    } catch (error) {
      this.#settleFailed(error)
    }
  }

  #settleFailed(error: unknown): void {
    const { executor } = this.#around
    executor.counters.failures++
    try {
      this.#resolve(this.#around.failOpen(error, this.#reading.whenUnreachable, ackOf(this.command)))
    } catch (reason) {
      this.#reject(reason)
    }
  }
}

function nobody(): void {}
