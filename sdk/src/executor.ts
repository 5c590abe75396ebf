/**
 * The executor performs what the router decides: it sends a command, reads what became of it, and sends it on, waits or
 * gives up, until there is an outcome or the scope of the call is over. What is under way is bounded by the admission,
 * what is sent again by the retry budget.
 */
import type { Admission } from './admission.ts'
import type { Answer } from './connection.ts'
import type { Fleet, Peer } from './fleet.ts'
import { type Command, type Outcome, type OutcomeOf, RingholdError } from './protocol/index.ts'
import { RetryBudget, retryCost } from './retry-budget.ts'
import {
  type Decision,
  decide,
  executedOf,
  type Failure,
  freshTrip,
  type Journey,
  pauseOf,
  type Routes,
  stepOf,
  type Trip,
} from './router.ts'
import type { Scope } from './scope.ts'
import type { TopologyWatch } from './topology-watch.ts'

export interface ExecutorOptions {
  readonly fleet: Fleet
  readonly watch: TopologyWatch
  readonly admission: Admission
}

/** Counters of a client since it was made. */
export interface Counters {
  /** Commands that were begun; each key of a multi-key call is one. */
  requests: number
  /** Commands sent again after a failure. */
  retries: number
  /** Commands sent again because another node owned the key (421). */
  redirects: number
  timeouts: number
  /** Commands that ended with an error. */
  failures: number
}

/** A call on its way. */
interface Call extends Journey {
  readonly command: Command
  readonly scope: Scope
  trip: Trip
  /** Where the last attempt went and how it failed, for the error of a call that runs out of time. */
  node: string | undefined
  lastError: RingholdError | undefined
  /** Whether an attempt was sent of which nobody said that it was not executed. */
  mayHaveRun: boolean
}

export class Executor {
  readonly counters: Counters = { requests: 0, retries: 0, redirects: 0, timeouts: 0, failures: 0 }
  readonly #options: ExecutorOptions
  readonly #budget = new RetryBudget()
  readonly #allows = (name: string) => this.#options.fleet.node(name)?.breaker.allows(performance.now()) ?? false

  constructor(options: ExecutorOptions) {
    this.#options = options
  }

  get admission(): Admission {
    return this.#options.admission
  }

  /** retryTokens is what is left of the retry budget. */
  get retryTokens(): number {
    return this.#budget.tokens
  }

  /** execute brings a command to its outcome. Rejects with RINGHOLD_QUEUE_FULL where the bounds are reached. */
  async execute<C extends Command>(command: C, scope: Scope): Promise<OutcomeOf<C>> {
    const bytes = command.type === 'set' ? command.value.byteLength : 0
    this.admission.enter(bytes)
    this.counters.requests++
    try {
      const call: Call = {
        command,
        scope,
        key: command.key,
        isRepeatable: command.type === 'get' || command.condition === undefined,
        trip: freshTrip,
        node: undefined,
        lastError: undefined,
        mayHaveRun: false,
      }
      return (await this.#run(call)) as OutcomeOf<C>
    } catch (error) {
      this.counters.failures++
      throw error
    } finally {
      this.admission.leave(bytes)
    }
  }

  async #run(call: Call): Promise<Outcome> {
    const { fleet } = this.#options
    for (;;) {
      if (call.scope.interruption) throw this.#interrupted(call)
      const routes = fleet.routes ?? (await this.#firstRoutes(call))
      const step = stepOf(routes, call, this.#allows)
      if (step.type === 'unreachable') throw this.#unreachable(call)
      if (step.type === 'pause') {
        await this.#perform({ ...pauseOf(call.trip, Math.random()), refresh: true, isFree: true }, call)
        continue
      }
      const peer = fleet.node(step.node) as Peer
      call.node = step.node
      const answer = await this.#send(call, peer, { ring: routes.ring.checksum, isDirect: step.isDirect })
      if (answer.type === 'outcome') return answer.outcome
      if (answer.type === 'interrupted') throw this.#interrupted(call, answer.isSent)
      await this.#recover(call, routes, { type: answer.type, node: step.node, error: answer.error, ring: answer.ring })
    }
  }

  async #send(call: Call, peer: Peer, envelope: { ring: string; isDirect: boolean }): Promise<Answer<Outcome>> {
    peer.requests++
    const begunMs = performance.now()
    peer.breaker.sent(begunMs)
    const answer = await peer.connection.execute(call.command, envelope, call.scope)
    if (answer.type === 'outcome' || answer.type === 'reply') {
      peer.breaker.succeeded()
      if (answer.type === 'outcome') this.#budget.succeeded()
      if (answer.ring !== undefined && answer.ring !== envelope.ring) this.#noteRing(answer.ring, peer.url)
    } else if (answer.type !== 'interrupted' || call.scope.interruption?.type === 'timeout') {
      peer.failures++
      peer.breaker.failed(begunMs, performance.now())
      if (answer.type !== 'interrupted') peer.lastError = answer.error
    }
    return answer
  }

  /** Another ring than that of the envelope may be the one that was fetched meanwhile. */
  #noteRing(ring: string, url: string): void {
    const { fleet, watch } = this.#options
    if (ring !== fleet.routes?.ring.checksum) watch.refreshSoon(url)
  }

  async #recover(call: Call, routes: Routes, failure: Failure): Promise<void> {
    call.lastError = failure.error
    if (executedOf(failure) === 'unknown') call.mayHaveRun = true
    const decision = decide(failure, {
      journey: call,
      ringSent: routes.ring.checksum,
      ringNow: this.#options.fleet.routes?.ring.checksum ?? '',
      random: Math.random(),
    })
    if (decision.type === 'give-up') throw failure.error
    if (failure.error.code === 'RINGHOLD_WRONG_OWNER') this.counters.redirects++
    // A node that answered knows best; one that did not is the last to ask.
    const url = failure.type === 'reply' ? this.#options.fleet.urls.get(failure.node) : undefined
    await this.#perform(decision, call, url)
  }

  async #perform(decision: Exclude<Decision, { type: 'give-up' }>, call: Call, url?: string): Promise<void> {
    const { watch, fleet } = this.#options
    const { scope } = call
    const before = fleet.routes?.ring
    call.trip = decision.trip
    if (decision.type === 'refresh') {
      void watch.refresh(url)
      return scope.pause(scope.atMs, watch.refreshed)
    }
    if (decision.refresh) void watch.refresh(url)
    if (decision.type === 'pause') await scope.pause(performance.now() + decision.pauseMs, watch.changed)
    if (decision.isFree) return
    this.counters.retries++
    // Where the budget is used up, the call waits until successes have filled it again or the ring has changed: failing
    // at once would turn the loss of one node into an error for every call that was on its way there.
    for (let pauses = 0; !scope.interruption; pauses++) {
      if (fleet.routes?.ring !== before || this.#budget.take(retryCost)) return
      const { pauseMs } = pauseOf({ ...freshTrip, pauses }, Math.random())
      await scope.pause(performance.now() + pauseMs, watch.changed)
    }
  }

  async #firstRoutes(call: Call): Promise<Routes> {
    const { fleet, watch } = this.#options
    void watch.refresh()
    if (watch.isDown) throw watch.lastError
    await call.scope.pause(call.scope.atMs, watch.refreshed)
    if (fleet.routes) return fleet.routes
    throw call.scope.interruption ? this.#interrupted(call) : watch.lastError
  }

  #unreachable(call: Call): RingholdError {
    const { fleet, watch } = this.#options
    void watch.refresh()
    const reports: string[] = []
    for (const [name, url] of fleet.urls) {
      const { facts } = fleet.peer(url).lastError ?? { facts: { detail: 'no answer in time' } }
      reports.push(`${name} ${url} (${facts.detail})`)
    }
    return new RingholdError('RINGHOLD_NO_NODES', {
      detail: `no node could be reached: ${reports.join(', ')}`,
      cause: call.lastError,
      executed: call.mayHaveRun ? 'unknown' : 'no',
    })
  }

  #interrupted(call: Call, isSent = false): unknown {
    const { interruption } = call.scope
    const executed = isSent || call.mayHaveRun ? 'unknown' : 'no'
    if (interruption?.type === 'abort') return interruption.reason
    const cause = call.lastError
    if (interruption?.type === 'closed') return new RingholdError('RINGHOLD_CLOSED', { executed, cause })
    this.counters.timeouts++
    if (isSent) this.#budget.timedOut()
    const before = cause ? `; before that: ${cause.facts.detail ?? cause.code}` : ''
    const { node = 'any node' } = call
    const detail = `no answer from ${node} within ${interruption?.timeoutMs} ms${before}`
    return new RingholdError('RINGHOLD_TIMEOUT', { detail, node, executed, cause })
  }
}
