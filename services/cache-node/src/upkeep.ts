/**
 * Upkeep is what a store has to do beside reads and writes, in slices: free what has expired, settle what drops and
 * changes of roles left to do, close holes. After a slice it rests three times as long as that took, so that it
 * takes a quarter of the time at most, however much there is to do: memory that is touched for the first time can cost
 * ten times what a slice was measured with.
 */
import type { Metronome } from './metronome.ts'
import type { ByteStore } from './store/byte-store.ts'

/** How often it looks whether there is anything to do. */
const lookIntervalMs = 100
/** Expired entries that are freed in one go. */
const sweepBudget = 2_000
const restsPerSlice = 3

export type Kept = Pick<ByteStore, 'sweep' | 'settle' | 'compact' | 'isFragmented'>

export class Upkeep {
  readonly #store: Kept
  readonly #metronome: Pick<Metronome, 'every'>
  #stopLooking = () => {}
  #nextSlice: NodeJS.Timeout | undefined
  #restsUntil = 0

  constructor(store: Kept, metronome: Pick<Metronome, 'every'>) {
    this.#store = store
    this.#metronome = metronome
  }

  start(): void {
    this.#stopLooking = this.#metronome.every(lookIntervalMs, () => {
      if (performance.now() >= this.#restsUntil) this.#work()
    })
  }

  stop(): void {
    this.#stopLooking()
    clearTimeout(this.#nextSlice)
  }

  #work(): void {
    clearTimeout(this.#nextSlice)
    const begunAt = performance.now()
    const hasMore = this.#slice(begunAt)
    const endedAt = performance.now()
    const restMs = restsPerSlice * (endedAt - begunAt)
    this.#restsUntil = endedAt + restMs
    if (hasMore) this.#nextSlice = setTimeout(() => this.#work(), restMs)
  }

  /** slice returns whether more may follow at once. */
  #slice(now: number): boolean {
    if (this.#store.sweep(now, sweepBudget) === sweepBudget || this.#store.settle()) return true
    if (this.#store.isFragmented) this.#store.compact()
    return false
  }
}
