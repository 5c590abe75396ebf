import { Fifo } from './fifo.ts'
import type { Policy } from './policy.ts'

const smallShare = 0.1
const ghostShare = 0.9
const [out, small, main] = [0, 1, 2]

/** S3Fifo: Yang et al., FIFO queues are all you need for cache eviction, 2023, as published: a tenth in the small queue, two reads to pass. */
export class S3Fifo implements Policy {
  readonly #bytesMax: number
  readonly #small = new Fifo()
  readonly #main = new Fifo()
  readonly #where: Uint8Array
  readonly #reads: Uint8Array
  readonly #sizes: Uint32Array
  /** Number of the eviction that made an object a ghost, in evicted bytes. */
  readonly #ghostAt: Float64Array
  #smallBytes = 0
  #mainBytes = 0
  #evictedBytes = 0

  constructor(bytesMax: number, objects: number) {
    this.#bytesMax = bytesMax
    this.#where = new Uint8Array(objects)
    this.#reads = new Uint8Array(objects)
    this.#sizes = new Uint32Array(objects)
    this.#ghostAt = new Float64Array(objects).fill(Number.NEGATIVE_INFINITY)
  }

  access(object: number, bytes: number): boolean {
    if (this.#where[object] !== out) {
      this.#reads[object] = Math.min(3, (this.#reads[object] as number) + 1)
      return true
    }
    const isGhost = this.#evictedBytes - (this.#ghostAt[object] as number) <= ghostShare * this.#bytesMax
    this.#sizes[object] = bytes
    while (this.#smallBytes + this.#mainBytes + bytes > this.#bytesMax && this.#small.size + this.#main.size > 0)
      this.#evict()
    this.#reads[object] = 0
    this.#add(object, isGhost ? main : small)
    return false
  }

  #add(object: number, where: number): void {
    this.#where[object] = where
    if (where === small) {
      this.#small.push(object)
      this.#smallBytes += this.#sizes[object] as number
    } else {
      this.#main.push(object)
      this.#mainBytes += this.#sizes[object] as number
    }
  }

  #evict(): void {
    if (this.#main.size > 0 && (this.#small.size === 0 || this.#smallBytes < smallShare * this.#bytesMax)) {
      this.#evictMain()
      return
    }
    while (this.#small.size > 0) {
      const object = this.#small.shift()
      this.#smallBytes -= this.#sizes[object] as number
      if ((this.#reads[object] as number) < 2) {
        this.#where[object] = out
        this.#evictedBytes += this.#sizes[object] as number
        this.#ghostAt[object] = this.#evictedBytes
        return
      }
      this.#reads[object] = 0
      this.#add(object, main)
      if (this.#mainBytes > (1 - smallShare) * this.#bytesMax) break
    }
    this.#evictMain()
  }

  #evictMain(): void {
    while (this.#main.size > 0) {
      const object = this.#main.shift()
      this.#mainBytes -= this.#sizes[object] as number
      if (this.#reads[object] === 0) {
        this.#where[object] = out
        return
      }
      this.#reads[object] = (this.#reads[object] as number) - 1
      this.#add(object, main)
    }
  }
}
