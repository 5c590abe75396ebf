import type { Policy } from './policy.ts'

const windowShare = 0.01
const protectedShare = 0.8
const rows = 4
const countMax = 15

/** Sketch: counts of up to 15 in a count-min sketch, halved after ten times as many additions as it is wide. */
class Sketch {
  readonly #rows: Uint8Array[]
  readonly #mask: number
  readonly #additionsMax: number
  #additions = 0

  constructor(entries: number) {
    const width = 2 ** Math.max(4, Math.ceil(Math.log2(entries)))
    this.#rows = Array.from({ length: rows }, () => new Uint8Array(width))
    this.#mask = width - 1
    this.#additionsMax = 10 * width
  }

  count(object: number): number {
    return Math.min(...this.#rows.map((row, index) => row[this.#slot(object, index)] as number))
  }

  add(object: number): void {
    for (const [index, row] of this.#rows.entries()) {
      const slot = this.#slot(object, index)
      row[slot] = Math.min(countMax, (row[slot] as number) + 1)
    }
    if (++this.#additions < this.#additionsMax) return
    this.#additions /= 2
    for (const row of this.#rows) for (let slot = 0; slot < row.length; slot++) row[slot] = (row[slot] as number) >>> 1
  }

  #slot(object: number, row: number): number {
    let mixed = Math.imul(object ^ Math.imul(row + 1, 0x9e3779b9), 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d)
    return (mixed ^ (mixed >>> 13)) & this.#mask
  }
}

/** Queue is a map in order of use with the sum of its bytes. */
class Queue {
  readonly sizes = new Map<number, number>()
  bytes = 0

  add(object: number, bytes: number): void {
    this.sizes.set(object, bytes)
    this.bytes += bytes
  }

  take(object: number): boolean {
    const bytes = this.sizes.get(object)
    if (bytes === undefined) return false
    this.sizes.delete(object)
    this.bytes -= bytes
    return true
  }

  oldest(): number | undefined {
    return this.sizes.keys().next().value
  }
}

/** WTinyLfu: Einziger et al., TinyLFU: A highly efficient cache admission policy, 2017: a window of one hundredth, then admission by frequency into a segmented LRU. */
export class WTinyLfu implements Policy {
  readonly #windowBytes: number
  readonly #mainBytes: number
  readonly #window = new Queue()
  readonly #probation = new Queue()
  readonly #protected = new Queue()
  readonly #sketch: Sketch

  constructor(bytesMax: number, objects: number) {
    this.#windowBytes = bytesMax * windowShare
    this.#mainBytes = bytesMax - this.#windowBytes
    this.#sketch = new Sketch(objects / 4)
  }

  access(object: number, bytes: number): boolean {
    this.#sketch.add(object)
    if (this.#window.take(object)) {
      this.#window.add(object, bytes)
      return true
    }
    if (this.#protected.take(object) || this.#probation.take(object)) {
      this.#protected.add(object, bytes)
      this.#demote()
      return true
    }
    this.#window.add(object, bytes)
    // The newest always stays in the window: with few objects a hundredth is less than one.
    while (this.#window.bytes > this.#windowBytes && this.#window.sizes.size > 1) this.#admit()
    // It takes its room from main then: all together must not exceed the budget.
    const room = this.#windowBytes + this.#mainBytes - this.#window.bytes
    while (this.#probation.bytes + this.#protected.bytes > room) this.#evict()
    return false
  }

  #evict(): void {
    const victim = this.#probation.oldest() ?? (this.#protected.oldest() as number)
    if (!this.#probation.take(victim)) this.#protected.take(victim)
  }

  #demote(): void {
    while (this.#protected.bytes > this.#mainBytes * protectedShare) {
      const oldest = this.#protected.oldest() as number
      const bytes = this.#protected.sizes.get(oldest) as number
      this.#protected.take(oldest)
      this.#probation.add(oldest, bytes)
    }
  }

  /** The oldest of the window replaces victims of main as long as each is less frequent than it. */
  #admit(): void {
    const candidate = this.#window.oldest() as number
    const bytes = this.#window.sizes.get(candidate) as number
    this.#window.take(candidate)
    const frequency = this.#sketch.count(candidate)
    while (this.#probation.bytes + this.#protected.bytes + bytes > this.#mainBytes) {
      const victim = this.#probation.oldest() ?? this.#protected.oldest()
      if (victim === undefined || this.#sketch.count(victim) >= frequency) return
      if (!this.#probation.take(victim)) this.#protected.take(victim)
    }
    this.#probation.add(candidate, bytes)
  }
}
