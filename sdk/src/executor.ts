/**
 * The executor performs what the router decides: it sends a command, reads what became of it, and sends it on, waits or
 * gives up, until there is an outcome or the scope of the call is over.
 *
 *      send ─► owner ─┬─► outcome                     nearly every call: no promise, no scope, no object but its errand
 *                     └─► finish ─► recover, send, …  all others: a loop that follows the router
 *
 * What is under way is bounded by the admission, what is sent again by the retry budget.
 */
import type { Admission } from './admission.ts'
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
  type Journey,
  pauseOf,
  type Routes,
  stepOf,
  type Trip,
} from './router.ts'
import type { Interruption, Scope } from './scope.ts'
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

/** A call on its way, from its first failure on. */
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

  /** hasRoomFor tells whether one more command may be begun. */
  hasRoomFor(command: Command): boolean {
    return this.admission.hasRoomFor(bytesOf(command))
  }

  /** admit counts a command as under way, until it is released. Throws RINGHOLD_QUEUE_FULL where the bounds are reached. */
  admit(errand: Errand): void {
    const bytes = bytesOf(errand.command)
    this.admission.enter(bytes)
    errand.bytes = bytes
    this.counters.requests++
  }

  release({ bytes }: Errand): void {
    this.admission.leave(bytes)
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
    if (interruption.type === 'timeout') this.#noteSilence(errand.peer as Peer, errand.begunMs)
    return this.interrupted(interruption, { isSent, node: errand.peer?.name })
  }

  /** finish goes on where the first attempt failed. Rejects when the call is over without an outcome. */
  async finish(errand: Errand, failure: Unanswered, scope: Scope): Promise<Outcome> {
    const peer = errand.peer as Peer
    const routes = errand.routes as Routes
    const call = newCall(errand.command, scope)
    this.#note(peer, failure, { begunMs: errand.begunMs, ring: routes.ring.checksum })
    if (scope.interruption) throw this.#interruptedCall(call, failure.type === 'lost')
    call.node = peer.name ?? peer.url
    await this.#recover(call, routes, { ...failure, node: call.node })
    return this.#run(call)
  }

  /** execute brings a command that was admitted to its outcome. */
  async execute<C extends Command>(command: C, scope: Scope): Promise<OutcomeOf<C>> {
    return (await this.#run(newCall(command, scope))) as OutcomeOf<C>
  }

  async #run(call: Call): Promise<Outcome> {
    const { fleet } = this.#options
    for (;;) {
      if (call.scope.interruption) throw this.#interruptedCall(call)
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
      journey: call,
      ringSent: routes.ring.checksum,
      ringNow: this.#options.fleet.routes?.ring.checksum ?? '',
      random: Math.random(),
    })
    if (decision.type === 'give-up') throw failure.error
    if (failure.error.code === 'RINGHOLD_WRONG_OWNER') this.counters.redirects++
    else if (decision.isFree) this.counters.retries++
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
      return scope.hear(watch.refreshed)
    }
    if (decision.refresh) void watch.refresh(url)
    if (decision.type === 'pause') await scope.pause(decision.pauseMs, watch.changed)
    if (decision.isFree) return
    this.counters.retries++
    // Where the budget is used up, the call waits until successes have filled it again or the ring has changed: failing
    // at once would turn the loss of one node into an error for every call that was on its way there.
    for (let pauses = 0; !scope.interruption; pauses++) {
      if (fleet.routes?.ring !== before || this.#budget.take(retryCost)) return
      const { pauseMs } = pauseOf({ ...freshTrip, pauses }, Math.random())
      await scope.pause(pauseMs, watch.changed)
    }
  }

  async #firstRoutes(call: Call): Promise<Routes> {
    const { fleet, watch } = this.#options
    void watch.refresh()
    if (watch.isDown) throw watch.lastError
    await call.scope.hear(watch.refreshed)
    if (fleet.routes) return fleet.routes
    throw call.scope.interruption ? this.#interruptedCall(call) : watch.lastError
  }

  #unreachable(call: Call): RingholdError {
    const { fleet, watch } = this.#options
    void watch.refresh()
    const reports: string[] = []
    for (const { name } of fleet.routes?.ring.members ?? []) {
      const url = fleet.urls.get(name)
      if (url === undefined) {
        reports.push(`${name} (no usable address)`)
        continue
      }
      const { facts } = fleet.peer(url).lastError ?? { facts: { detail: 'no answer in time' } }
      reports.push(`${name} ${url} (${facts.detail})`)
    }
    return new RingholdError('RINGHOLD_NO_NODES', {
      detail: `no node could be reached: ${reports.join(', ')}`,
      cause: call.lastError,
      executed: call.mayHaveRun ? 'unknown' : 'no',
    })
  }

  #interruptedCall({ scope, node, lastError, mayHaveRun }: Call, isSent = false): unknown {
    return this.interrupted(scope.interruption as Interruption, { isSent: isSent || mayHaveRun, node, lastError })
  }

  /** interrupted is the error of a command whose call ended before it. */
  interrupted(interruption: Interruption, { isSent, node = 'any node', lastError: cause }: LastAttempt): unknown {
    const executed = isSent ? 'unknown' : 'no'
    if (interruption.type === 'abort') return interruption.reason
    if (interruption.type === 'closed') return new RingholdError('RINGHOLD_CLOSED', { executed, cause })
    this.counters.timeouts++
    if (isSent) this.#budget.timedOut()
    const before = cause ? `; before that: ${cause.facts.detail ?? cause.code}` : ''
    const detail = `no answer from ${node} within ${interruption.timeoutMs} ms${before}`
    return new RingholdError('RINGHOLD_TIMEOUT', { detail, node, executed, cause })
  }
}

/** LastAttempt is what is known of a command that was interrupted. */
interface LastAttempt {
  /** Whether it may have been executed. */
  readonly isSent: boolean
  readonly node?: string | undefined
  readonly lastError?: RingholdError | undefined
}

function newCall(command: Command, scope: Scope): Call {
  const isRepeatable = command.type === 'get' || command.condition === undefined
  const { key } = command
  return {
    command,
    scope,
    key,
    isRepeatable,
    trip: freshTrip,
    node: undefined,
    lastError: undefined,
    mayHaveRun: false,
  }
}

/** What a value takes while it is under way; a text counts its code units. */
function bytesOf(command: Command): number {
  return command.type === 'set' ? command.value.length : 0
}
