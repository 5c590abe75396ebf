import type { Policy } from './policy.ts'

const none = -1

/** Sieve: Zhang et al., SIEVE is simpler than LRU, 2024. A hand goes from the oldest to the newest and spares what was read. */
export class Sieve implements Policy {
  readonly #bytesMax: number
  readonly #newer: Int32Array
  readonly #older: Int32Array
  readonly #sizes: Uint32Array
  readonly #state: Uint8Array
  #head = none
  #tail = none
  #hand = none
  #bytes = 0

  constructor(bytesMax: number, objects: number) {
    this.#bytesMax = bytesMax
    this.#newer = new Int32Array(objects).fill(none)
    this.#older = new Int32Array(objects).fill(none)
    this.#sizes = new Uint32Array(objects)
    this.#state = new Uint8Array(objects)
  }

  access(object: number, bytes: number): boolean {
    if (this.#state[object] !== 0) {
      this.#state[object] = 2
      return true
    }
    while (this.#bytes + bytes > this.#bytesMax && this.#tail !== none) this.#evict()
    this.#state[object] = 1
    this.#sizes[object] = bytes
    this.#bytes += bytes
    this.#older[object] = this.#head
    this.#newer[object] = none
    if (this.#head !== none) this.#newer[this.#head] = object
    this.#head = object
    if (this.#tail === none) this.#tail = object
    return false
  }

  #evict(): void {
    let object = this.#hand === none ? this.#tail : this.#hand
    while (this.#state[object] === 2) {
      this.#state[object] = 1
      const newer = this.#newer[object] as number
      object = newer === none ? this.#tail : newer
    }
    const newer = this.#newer[object] as number
    const older = this.#older[object] as number
    this.#hand = newer
    if (newer === none) this.#head = older
    else this.#older[newer] = older
    if (older === none) this.#tail = newer
    else this.#newer[older] = newer
    this.#state[object] = 0
    this.#bytes -= this.#sizes[object] as number
  }
}
