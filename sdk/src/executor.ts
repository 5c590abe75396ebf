/**
 * The executor performs what the router decides: it sends a command, reads what became of it, and sends it on, waits or
 * gives up, until there is an outcome or the scope of the call is over. It keeps no state of its own but the bounds
 * on what is under way and the counters.
 */
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
  readonly inFlightMax: number
  readonly inFlightBytesMax: number
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

/** What an attempt needs to know of its call. */
interface Call {
  readonly command: Command
  readonly scope: Scope
  readonly isRepeatable: boolean
  trip: Trip
  /** What the last attempt came to, for the error of a call that runs out of time. */
  lastError: RingholdError | undefined
  mayHaveRun: boolean
}

export class Executor {
  readonly counters: Counters = { requests: 0, retries: 0, redirects: 0, timeouts: 0, failures: 0 }
  readonly #options: ExecutorOptions
  readonly #budget = new RetryBudget()
  readonly #allows = (name: string) => this.#options.fleet.node(name)?.breaker.allows(performance.now()) ?? false
  #inFlight = 0
  #inFlightBytes = 0

  constructor(options: ExecutorOptions) {
    this.#options = options
  }

  get inFlight(): number {
    return this.#inFlight
  }

  get inFlightBytes(): number {
    return this.#inFlightBytes
  }

  /** retryTokens is what is left of the retry budget. */
  get retryTokens(): number {
    return this.#budget.tokens
  }

  /** execute brings a command to its outcome. Rejects with RINGHOLD_QUEUE_FULL where the bounds are reached. */
  async execute<C extends Command>(command: C, scope: Scope): Promise<OutcomeOf<C>> {
    const bytes = command.type === 'set' ? command.value.byteLength : 0
    this.#admit(bytes)
    this.counters.requests++
    try {
      const call: Call = {
        command,
        scope,
        isRepeatable: command.type === 'get' || command.condition === undefined,
        trip: freshTrip,
        lastError: undefined,
        mayHaveRun: false,
      }
      return (await this.#run(call)) as OutcomeOf<C>
    } catch (error) {
      this.counters.failures++
      throw error
    } finally {
      this.#inFlight--
      this.#inFlightBytes -= bytes
    }
  }

  #admit(bytes: number): void {
    const { inFlightMax, inFlightBytesMax } = this.#options
    if (this.#inFlight >= inFlightMax) throw queueFull(`${this.#inFlight} calls are under way`)
    if (this.#inFlightBytes > 0 && this.#inFlightBytes + bytes > inFlightBytesMax) {
      throw queueFull(`${this.#inFlightBytes} bytes are under way`)
    }
    this.#inFlight++
    this.#inFlightBytes += bytes
  }

  async #run(call: Call): Promise<Outcome> {
    const { fleet } = this.#options
    for (;;) {
      if (call.scope.interruption) throw this.#interrupted(call)
      const routes = fleet.routes ?? (await this.#firstRoutes(call))
      const step = stepOf(
        routes,
        { key: call.command.key, isRepeatable: call.isRepeatable, trip: call.trip },
        this.#allows,
      )
      if (step.type === 'unreachable') throw this.#unreachable(call)
      if (step.type === 'pause') {
        await this.#perform({ ...pauseOf(call.trip, Math.random()), refresh: true, isFree: true }, call)
        continue
      }
      const peer = fleet.node(step.node) as Peer
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
      journey: { key: call.command.key, isRepeatable: call.isRepeatable, trip: call.trip },
      ringSent: routes.ring.checksum,
      ringNow: this.#options.fleet.routes?.ring.checksum ?? '',
      random: Math.random(),
    })
    if (decision.type === 'give-up') throw failure.error
    if (failure.error.code === 'RINGHOLD_WRONG_OWNER') this.counters.redirects++
    // A node that answered knows best; one that did not is the last to ask.
    await this.#perform(
      decision,
      call,
      failure.type === 'reply' ? this.#options.fleet.urls.get(failure.node) : undefined,
    )
  }

  async #perform(decision: Exclude<Decision, { type: 'give-up' }>, call: Call, url?: string): Promise<void> {
    const { watch, fleet } = this.#options
    const { scope } = call
    const before = fleet.routes
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
    for (let pauses = 0; fleet.routes === before && !this.#budget.take(retryCost) && !scope.interruption; pauses++) {
      const { pauseMs } = pauseOf({ ...freshTrip, pauses }, Math.random())
      await scope.pause(performance.now() + pauseMs, watch.changed)
    }
  }

  async #firstRoutes(call: Call): Promise<Routes> {
    const { fleet, watch } = this.#options
    void watch.refresh()
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
    if (interruption?.type === 'closed')
      return new RingholdError('RINGHOLD_CLOSED', { executed, cause: call.lastError })
    this.counters.timeouts++
    this.#budget.timedOut()
    const before = call.lastError ? `; before that: ${call.lastError.facts.detail ?? call.lastError.code}` : ''
    const detail = `no answer within ${interruption?.timeoutMs} ms${before}`
    return new RingholdError('RINGHOLD_TIMEOUT', { detail, executed, cause: call.lastError })
  }
}

function queueFull(detail: string): RingholdError {
  return new RingholdError('RINGHOLD_QUEUE_FULL', { detail })
}
