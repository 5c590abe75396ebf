/**
 * Keeping the topology up to date. Three things start a fetch; there is never more than one under way, nor two within
 * a tenth of a second, so that thousands of clients do not turn a change of the ring into a storm.
 *
 *      refresh        a node answered 421, or could not be reached      as soon as the interval allows
 *      refreshSoon    a reply carries the checksum of another ring      after 0.5 to 1 s: by then the nodes agree
 *      check          nothing happened                                  every 5 s ± 20 %, mostly answered 304
 *
 * Asked are the node that gave rise to it, the last source, some other nodes, and the seeds, for ever.
 */
import type { Deadlines } from './deadlines.ts'
import type { Fleet } from './fleet.ts'
import type { RingholdError } from './protocol/index.ts'
import type { Routes } from './router.ts'
import { type Bell, ring, Scope } from './scope.ts'
import { type Fetched, fetchTopology, type Source } from './topology-fetch.ts'

export const refreshIntervalMs = 100
const refreshJitterMs = 50
const downMs = 1000
const soonMs = 500
const soonJitterMs = 500
const checkJitter = 0.2
/** nodesAsked is how many nodes besides the seeds a fetch may ask. */
const nodesAsked = 5

export interface TopologyWatchOptions {
  readonly fleet: Fleet
  readonly deadlines: Deadlines
  readonly seeds: readonly string[]
  readonly timeoutMs: number
  readonly checkIntervalMs: number
  /** Called when the ring is another one than before; `before` is undefined the first time. */
  onRing(routes: Routes, before: Routes | undefined): void
  /** Called once when fetches begin to fail, and for unusable addresses. */
  onError(error: RingholdError): void
}

export class TopologyWatch {
  /** Rung after every fetch, successful or not. */
  readonly refreshed: Bell = new Set()
  /** Rung when the ring has changed. */
  readonly changed: Bell = new Set()
  readonly #options: TopologyWatchOptions
  #flight: Promise<void> | undefined
  #preferred: string | undefined
  #source: Source | undefined
  #lastEndMs = Number.NEGATIVE_INFINITY
  #lastError: RingholdError | undefined
  #isStopped = false
  #scope: Scope | undefined
  #checkTimer: NodeJS.Timeout | undefined
  #soonTimer: NodeJS.Timeout | undefined
  #endWait: (() => void) | undefined
  #refreshes = 0
  #failures = 0

  constructor(options: TopologyWatchOptions) {
    this.#options = options
  }

  /** lastError is why the last fetch failed; undefined when it did not. */
  get lastError(): RingholdError | undefined {
    return this.#lastError
  }

  /** isDown tells whether the last fetch failed within the last second: whoever needs the topology is not to wait for the next. */
  get isDown(): boolean {
    return this.#lastError !== undefined && performance.now() < this.#lastEndMs + downMs
  }

  get counts(): { readonly refreshes: number; readonly refreshFailures: number } {
    return { refreshes: this.#refreshes, refreshFailures: this.#failures }
  }

  /** refresh fetches the topology, from a given address first. Resolves after the fetch, also when it failed. */
  refresh(url?: string): Promise<void> {
    if (this.#isStopped) return Promise.resolve()
    this.#preferred = url ?? this.#preferred
    this.#flight ??= this.#fetch().finally(() => {
      this.#flight = undefined
      ring(this.refreshed)
    })
    return this.#flight
  }

  /** refreshSoon notes that a node has another ring. */
  refreshSoon(url: string): void {
    if (this.#isStopped || this.#flight || this.#soonTimer) return
    this.#soonTimer = setTimeout(() => this.refresh(url), soonMs + Math.random() * soonJitterMs).unref()
  }

  /** stop ends all fetching. */
  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#checkTimer)
    clearTimeout(this.#soonTimer)
    this.#endWait?.()
    this.#scope?.interrupt({ type: 'closed' })
  }

  async #fetch(): Promise<void> {
    clearTimeout(this.#soonTimer)
    this.#soonTimer = undefined
    await this.#keepInterval()
    if (this.#isStopped) return
    const { fleet, deadlines, timeoutMs, onRing } = this.#options
    const before = fleet.routes
    const scope = new Scope(deadlines, { timeoutMs })
    this.#scope = scope
    this.#refreshes++
    try {
      this.#succeeded(await fetchTopology(this.#addresses(), { fleet, scope, timeoutMs, source: this.#source }))
    } catch (error) {
      this.#failed(error as RingholdError)
    } finally {
      scope.end()
    }
    this.#lastEndMs = performance.now()
    this.#scheduleCheck()
    const { routes } = fleet
    if (routes && routes.ring !== before?.ring) {
      onRing(routes, before)
      ring(this.changed)
    }
  }

  #succeeded({ source, problems }: Fetched): void {
    this.#source = source
    this.#lastError = undefined
    for (const problem of problems) this.#options.onError(problem)
  }

  #failed(error: RingholdError): void {
    if (this.#isStopped) return
    this.#failures++
    if (!this.#lastError) this.#options.onError(error)
    this.#lastError = error
  }

  #addresses(): string[] {
    const { fleet, seeds } = this.#options
    const nodes = shuffled([...fleet.urls.values()]).slice(0, nodesAsked)
    const first = [this.#preferred, this.#source?.url].filter((url) => url !== undefined)
    this.#preferred = undefined
    return [...new Set([...first, ...nodes, ...shuffled(seeds)])]
  }

  async #keepInterval(): Promise<void> {
    const waitMs = this.#lastEndMs + refreshIntervalMs + Math.random() * refreshJitterMs - performance.now()
    if (waitMs <= 0) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs)
      this.#endWait = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #scheduleCheck(): void {
    clearTimeout(this.#checkTimer)
    if (this.#isStopped) return
    const spread = 1 + checkJitter * (2 * Math.random() - 1)
    this.#checkTimer = setTimeout(() => this.refresh(), this.#options.checkIntervalMs * spread).unref()
  }
}

function shuffled<T>(items: readonly T[]): T[] {
  const result = [...items]
  for (let index = result.length - 1; index > 0; index--) {
    const other = Math.floor(Math.random() * (index + 1))
    const item = result[index] as T
    result[index] = result[other] as T
    result[other] = item
  }
  return result
}
