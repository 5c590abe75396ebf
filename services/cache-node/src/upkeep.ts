/**
 * Upkeep is what a store has to do beside reads and writes, in slices: free what has expired, settle what drops and
 * changes of roles left to do, close holes. After a slice it rests three times as long as that took, so that it
 * takes a quarter of the time at most, however much there is to do: memory that is touched for the first time can cost
 * ten times what a slice was measured with.
 */
import type { ByteStore } from './store/byte-store.ts'

/** How often it looks whether there is anything to do. */
const lookIntervalMs = 100
/** Expired entries that are freed in one go. */
const sweepBudget = 2_000
const restsPerSlice = 3

export type Kept = Pick<ByteStore, 'sweep' | 'settle' | 'compact' | 'isFragmented'>

export class Upkeep {
  readonly #store: Kept
  #timer: NodeJS.Timeout | undefined

  constructor(store: Kept) {
    this.#store = store
  }

  start(): void {
    this.#timer = setTimeout(() => this.#work(), lookIntervalMs)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #work(): void {
    const begunAt = performance.now()
    const hasMore = this.#slice(begunAt)
    const restMs = hasMore ? restsPerSlice * (performance.now() - begunAt) : lookIntervalMs
    this.#timer = setTimeout(() => this.#work(), restMs)
  }

  /** slice returns whether more may follow at once. */
  #slice(now: number): boolean {
    if (this.#store.sweep(now, sweepBudget) === sweepBudget || this.#store.settle()) return true
    if (this.#store.isFragmented) this.#store.compact()
    return false
  }
}
