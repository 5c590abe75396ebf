/**
 * The executor performs what the router decides: it sends a command, reads what became of it, and sends it on, waits or
 * gives up, until there is an outcome or the scope of the call is over.
 *
 *      send ─► owner ─┬─► outcome                     nearly every call: no promise, no scope, no object but its errand
 *                     └─► finish ─► recover, send, …  all others: a loop that follows the router
 *
 * It keeps no state of its own but the bounds on what is under way and the counters.
 */
import { type Answer, execute } from './connection.ts'
import type { Errand } from './errand.ts'
import type { Fleet, Peer } from './fleet.ts'
import { cancel, type Unanswered } from './lane/attempt.ts'
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
import { type Bell, type Interruption, ring, type Scope } from './scope.ts'
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

/** What the loop needs to know of its call. */
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
  /** Rung when nothing is under way any more. */
  readonly idle: Bell = new Set()
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

  /** hasRoomFor tells whether the bounds allow one more command. */
  hasRoomFor(command: Command): boolean {
    return this.#fullness(bytesOf(command)) === undefined
  }

  /** admit counts a command as under way, until it is released. Throws RINGHOLD_QUEUE_FULL where the bounds are reached. */
  admit(command: Command): void {
    const bytes = bytesOf(command)
    const fullness = this.#fullness(bytes)
    if (fullness !== undefined) throw new RingholdError('RINGHOLD_QUEUE_FULL', { detail: fullness })
    this.#inFlight++
    this.#inFlightBytes += bytes
    this.counters.requests++
  }

  release(command: Command): void {
    this.#inFlightBytes -= bytesOf(command)
    if (--this.#inFlight === 0 && this.idle.size > 0) ring(this.idle)
  }

  /** send makes the first attempt of a command, to its owner. False, and nothing happened, where it cannot go there now. */
  send(errand: Errand): boolean {
    const { routes, coordinators } = this.#options.fleet
    if (routes === undefined) return false
    const peer = coordinators[routes.ring.coordinatorIndex(routes.ring.token(errand.command.key))]
    if (peer === undefined || !peer.breaker.isClosed) return false
    errand.peer = peer
    errand.routes = routes
    peer.requests++
    peer.connection.submit(errand)
    return true
  }

  /** succeeded notes that the first attempt brought an outcome. */
  succeeded(peer: Peer): void {
    peer.breaker.succeeded()
    this.#budget.succeeded()
  }

  /** expired takes an errand back whose time is up, and returns the error of its call. */
  expired(errand: Errand, interruption: Interruption): unknown {
    const isSent = cancel(errand)
    this.#noteSilence(errand.peer as Peer, errand.begunMs)
    return this.interrupted(interruption, { isSent })
  }

  /** finish goes on where the first attempt failed. Rejects when the call is over without an outcome. */
  async finish(errand: Errand, failure: Unanswered, scope: Scope): Promise<Outcome> {
    const peer = errand.peer as Peer
    const routes = errand.routes as Routes
    const call = newCall(errand.command, scope)
    this.#note(peer, failure, { begunMs: errand.begunMs, ring: routes.ring.checksum })
    if (scope.interruption) throw this.#interruptedCall(call, failure.type === 'lost')
    await this.#recover(call, routes, { ...failure, node: peer.name ?? peer.url })
    return this.#run(call)
  }

  /** execute brings a command that was admitted to its outcome. */
  async execute<C extends Command>(command: C, scope: Scope): Promise<OutcomeOf<C>> {
    return (await this.#run(newCall(command, scope))) as OutcomeOf<C>
  }

  #fullness(bytes: number): string | undefined {
    const { inFlightMax, inFlightBytesMax } = this.#options
    if (this.#inFlight >= inFlightMax) return `${this.#inFlight} calls are under way`
    const isFull = this.#inFlightBytes > 0 && this.#inFlightBytes + bytes > inFlightBytesMax
    return isFull ? `${this.#inFlightBytes} bytes are under way` : undefined
  }

  async #run(call: Call): Promise<Outcome> {
    const { fleet } = this.#options
    for (;;) {
      if (call.scope.interruption) throw this.#interruptedCall(call)
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
      if (answer.type === 'interrupted') throw this.#interruptedCall(call, answer.isSent)
      await this.#recover(call, routes, { ...answer, node: step.node })
    }
  }

  async #send(
    call: Call,
    peer: Peer,
    { ring, isDirect }: { readonly ring: string; readonly isDirect: boolean },
  ): Promise<Answer<Outcome>> {
    peer.requests++
    const begunMs = performance.now()
    peer.breaker.sent(begunMs)
    const answer = await execute(peer.connection, { command: call.command, isDirect }, call.scope)
    if (answer.type === 'outcome') this.succeeded(peer)
    else if (answer.type !== 'interrupted') this.#note(peer, answer, { begunMs, ring })
    else if (call.scope.interruption?.type === 'timeout') this.#noteSilence(peer, begunMs)
    return answer
  }

  /** Notes what a failure says about the node. */
  #note(peer: Peer, failure: Unanswered, { begunMs, ring }: { readonly begunMs: number; readonly ring: string }): void {
    if (failure.type === 'reply') {
      peer.breaker.succeeded()
      if (failure.ring !== undefined && failure.ring !== ring) this.noteRing(failure.ring, peer.url)
      return
    }
    peer.lastError = failure.error
    this.#noteSilence(peer, begunMs)
  }

  #noteSilence(peer: Peer, begunMs: number): void {
    peer.failures++
    peer.breaker.failed(begunMs, performance.now())
  }

  /** noteRing takes the news that a node has a ring, which may be the one that was fetched meanwhile. */
  noteRing(ring: string, url: string): void {
    const { fleet, watch } = this.#options
    if (ring !== '' && fleet.routes !== undefined && ring !== fleet.routes.ring.checksum) watch.refreshSoon(url)
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
    throw call.scope.interruption ? this.#interruptedCall(call) : watch.lastError
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

  #interruptedCall(call: Call, isSent = false): unknown {
    const interruption = call.scope.interruption as Interruption
    return this.interrupted(interruption, { isSent: isSent || call.mayHaveRun, lastError: call.lastError })
  }

  /** interrupted is the error of a command whose call ended before it. */
  interrupted(
    interruption: Interruption,
    { isSent, lastError }: { readonly isSent: boolean; readonly lastError?: RingholdError | undefined },
  ): unknown {
    const executed = isSent ? 'unknown' : 'no'
    if (interruption.type === 'abort') return interruption.reason
    if (interruption.type === 'closed') return new RingholdError('RINGHOLD_CLOSED', { executed, cause: lastError })
    this.counters.timeouts++
    this.#budget.timedOut()
    const before = lastError ? `; before that: ${lastError.facts.detail ?? lastError.code}` : ''
    const detail = `no answer within ${interruption.timeoutMs} ms${before}`
    return new RingholdError('RINGHOLD_TIMEOUT', { detail, executed, cause: lastError })
  }
}

function newCall(command: Command, scope: Scope): Call {
  const isRepeatable = command.type === 'get' || command.condition === undefined
  return { command, scope, isRepeatable, trip: freshTrip, lastError: undefined, mayHaveRun: false }
}

function bytesOf(command: Command): number {
  return command.type === 'set' ? command.value.byteLength : 0
}
