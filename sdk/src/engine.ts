/** The engine of a client: what all its key spaces share, put together, started and stopped in one place. */
import { availableParallelism } from 'node:os'
import { performance } from 'node:perf_hooks'
import { Admission } from './admission.ts'
import { type Connection, openConnection } from './connection.ts'
import { Deadlines } from './deadlines.ts'
import { Events } from './events.ts'
import { type Counters, Executor } from './executor.ts'
import { Fleet, type NodeStats } from './fleet.ts'
import { keepTicksFast } from './lane/ticks.ts'
import { type CallOptions, checkCallOptions, checkTimeoutMs, noOptions, type Settings } from './options.ts'
import { type Ack, type Command, defaultLimits, type Limits, RingholdError } from './protocol/index.ts'
import type { Routes } from './router.ts'
import { Scope } from './scope.ts'
import { Scopes } from './scopes.ts'
import { type CallLimits, type Reading, Single, type Surroundings } from './single.ts'
import { TopologyWatch } from './topology-watch.ts'
import { Vigil } from './vigil.ts'
import { withResolvers } from './with-resolvers.ts'

/** Status of a client. 'idle': no call was made yet. 'connecting': no topology was read yet. */
export type ClientStatus = 'idle' | 'connecting' | 'ready' | 'closing' | 'closed'

/** ClientStats are the counters of a client since it was made. */
export interface ClientStats extends Readonly<Counters> {
  readonly status: ClientStatus
  /** Checksum of the ring; undefined before the first topology. */
  readonly ring: string | undefined
  readonly inFlight: number
  readonly inFlightBytes: number
  /** What is left of the retry budget (500 when all is well). */
  readonly retryTokens: number
  /** Fetches of the topology, and how many of them failed. */
  readonly refreshes: number
  readonly refreshFailures: number
  /** Calls whose failure `failOpen` swallowed. */
  readonly failedOpen: number
  /** By name. */
  readonly nodes: Readonly<Record<string, NodeStats>>
}

export class Engine implements Surroundings {
  readonly settings: Settings
  readonly limits: Limits
  readonly events = new Events()
  readonly fleet: Fleet
  readonly executor: Executor
  readonly deadlines = new Deadlines()
  readonly scopes = new Scopes(this.deadlines)
  readonly vigil: Vigil
  readonly #watch: TopologyWatch
  readonly #usualLimits: CallLimits
  #status: ClientStatus = 'idle'
  #failedOpen = 0
  #closing: Promise<void> | undefined

  constructor(settings: Settings) {
    keepTicksFast()
    this.settings = settings
    this.limits = { ...defaultLimits, valueBytesMax: settings.valueBytesMax }
    this.#usualLimits = { timeoutMs: settings.timeoutMs, signal: undefined }
    const { seeds, addressMap, connectTimeoutMs, checkIntervalMs, inFlightMax, inFlightBytesMax, awakeUs } = settings
    this.fleet = new Fleet({ seeds, addressMap, open: (url) => this.#open(url) })
    this.#watch = new TopologyWatch({
      fleet: this.fleet,
      deadlines: this.deadlines,
      seeds,
      timeoutMs: connectTimeoutMs,
      checkIntervalMs,
      onRing: (routes, before) => this.#onRing(routes, before),
      onError: (error) => this.events.emit('error', error),
    })
    const admission = new Admission(inFlightMax, inFlightBytesMax)
    this.executor = new Executor({ fleet: this.fleet, watch: this.#watch, admission })
    this.vigil = new Vigil({
      awakeMs: availableParallelism() > 1 ? awakeUs / 1_000 : 0,
      isLone: () => admission.isLone,
      now: () => performance.now(),
    })
  }

  get status(): ClientStatus {
    return this.#status
  }

  /** connect reads the first topology. Rejects with RINGHOLD_NO_NODES within `connectTimeoutMs`; with `failOpen` it resolves all the same. */
  async connect(): Promise<void> {
    this.#begin()
    if (this.fleet.routes) return
    await this.#watch.refresh()
    if (this.fleet.routes) return
    if (this.#isOver()) throw new RingholdError('RINGHOLD_CLOSED', { executed: 'no' })
    if (!this.settings.failOpen) throw this.#watch.lastError
  }

  /** run brings one command to its end. Throws RINGHOLD_BAD_OPTION for a wrong timeout. */
  run<C extends Command, R>(command: C, options: CallOptions, reading: Reading<C, R>): Promise<R> {
    const limits = this.limitsOf(options)
    const { promise, resolve, reject } = withResolvers<R>()
    new Single(command, this, reading).begin(resolve, reject, limits)
    return promise
  }

  /** limitsOf begins a call: it returns when the call is to end. Throws where there cannot be one. */
  limitsOf(options: CallOptions): CallLimits {
    if (this.#status !== 'ready') this.#begin()
    if (options === noOptions) return this.#usualLimits
    checkCallOptions(options)
    const { timeoutMs = this.settings.timeoutMs, signal } = options
    if (timeoutMs !== this.settings.timeoutMs) checkTimeoutMs(timeoutMs)
    return { timeoutMs, signal }
  }

  /** failOpen answers for a call that failed because the fleet could not do it, or for which nobody waits, and rethrows every other error. */
  failOpen<T>(error: unknown, answer: T, ack: Ack): T {
    const nobodyWaits = ack === 'none'
    if (!(error instanceof RingholdError) || (!nobodyWaits && !(this.settings.failOpen && error.retryable))) throw error
    if (!nobodyWaits) this.#failedOpen++
    this.events.emit('error', error)
    return answer
  }

  stats(): ClientStats {
    const { counters, admission, retryTokens } = this.executor
    return {
      status: this.#status,
      ring: this.fleet.routes?.ring.checksum,
      ...counters,
      inFlight: admission.calls,
      inFlightBytes: admission.bytes,
      retryTokens,
      ...this.#watch.counts,
      failedOpen: this.#failedOpen,
      nodes: this.fleet.stats(),
    }
  }

  /** close lets calls under way end, for `timeoutMs` at most, and then destroys what is left. */
  close(timeoutMs: number): Promise<void> {
    if (this.#isOver()) return this.#closing ?? Promise.resolve()
    this.#status = 'closing'
    this.#closing = this.#drain(timeoutMs)
    return this.#closing
  }

  /** destroy drops calls under way: they reject with RINGHOLD_CLOSED. */
  async destroy(): Promise<void> {
    if (this.#status === 'closed') return
    this.#status = 'closed'
    this.#watch.stop()
    this.scopes.interruptAll()
    await this.fleet.destroy()
    this.events.emit('close')
  }

  async #drain(timeoutMs: number): Promise<void> {
    const patience = new Scope(this.deadlines, { timeoutMs })
    while (!patience.interruption) {
      if (this.scopes.size > 0) await patience.hear(this.scopes.idle)
      else if (this.executor.admission.calls > 0) await patience.hear(this.executor.admission.idle)
      else break
    }
    patience.end()
    await this.destroy()
  }

  #begin(): void {
    if (this.#isOver()) throw new RingholdError('RINGHOLD_CLOSED', { executed: 'no' })
    if (this.#status === 'idle') this.#status = 'connecting'
  }

  #isOver(): boolean {
    return this.#status === 'closing' || this.#status === 'closed'
  }

  #open(url: string): Connection {
    const { transport, streams, connectionsMax, connectTimeoutMs } = this.settings
    const underWay = () => this.executor.admission.calls
    const onRing = (ring: string) => this.executor.noteRing(ring, url)
    const limits = { streams, connectionsMax, connectTimeoutMs, limits: this.limits }
    return openConnection({ url, transport, ...limits, underWay, onRing })
  }

  #onRing({ ring: { checksum, members } }: Routes, before: Routes | undefined): void {
    if (this.#isOver()) return
    if (this.#status === 'connecting') {
      this.#status = 'ready'
      this.events.emit('ready')
    }
    const names = members.map(({ name }) => name)
    const namesBefore = before?.ring.members.map(({ name }) => name) ?? []
    const joined = names.filter((name) => !namesBefore.includes(name))
    const left = namesBefore.filter((name) => !names.includes(name))
    this.events.emit('ring', { checksum, joined, left })
  }
}
