import type { Policy } from './policy.ts'

/** Lru evicts what was used longest ago. */
export class Lru implements Policy {
  readonly #sizes = new Map<number, number>()
  readonly #bytesMax: number
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  access(object: number, bytes: number): boolean {
    const isHit = this.#sizes.delete(object)
    if (!isHit) this.#bytes += bytes
    this.#sizes.set(object, bytes)
    for (const [oldest, size] of this.#sizes) {
      if (this.#bytes <= this.#bytesMax) break
      this.#sizes.delete(oldest)
      this.#bytes -= size
    }
    return isHit
  }
}
