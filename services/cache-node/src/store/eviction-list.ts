/** EvictionList: what was evicted and has not been told yet. Bounded: what does not fit is counted. */
import type { Evicted, Evictions } from './store.ts'

const listedMax = 16_384

export class EvictionList {
  #evicted: Evicted[] = []
  #unlisted = 0

  /** isFull says that an eviction can only be counted. */
  get isFull(): boolean {
    return this.#evicted.length >= listedMax
  }

  add(evicted: Evicted): void {
    this.#evicted.push(evicted)
  }

  skip(): void {
    this.#unlisted++
  }

  take(max: number): Evictions {
    const evicted = this.#evicted.length <= max ? this.#evicted : this.#evicted.slice(0, max)
    const unlisted = this.#unlisted
    this.#evicted = this.#evicted.slice(evicted.length)
    this.#unlisted = 0
    return { evicted, unlisted }
  }
}
