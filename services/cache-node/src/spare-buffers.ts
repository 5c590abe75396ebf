/**
 * Spare buffers are the memory for what passes between nodes: copies of large values that wait for replicas, what is put
 * together for a peer, and messages that come in pieces.
 *
 *      take ─► a spare one of that size, or a new one          give ─► kept for the next who needs that size
 *      sizes: 64 KiB, 128 KiB, 256 KiB, …                              above bytesKeptMax: back to the system
 *
 * Nobody waits for it, unlike for a room (stream/room.ts): how much is under way between nodes is bounded elsewhere, and two
 * nodes that wait for each other's room would stand still. So it bounds what lies about unused, which was the larger part by
 * far: left to the garbage collector it was 30 to 50 MiB.
 *
 * Who keeps a buffer for longer just does not give it back; it is garbage like any other then.
 */
import { free } from './free.ts'

export interface SpareBuffersOptions {
  /** How much is kept unused. */
  readonly bytesKeptMax: number
}

/** Smaller ones cost the garbage collector less than keeping them does. */
const bytesMin = 65_536

export class SpareBuffers {
  readonly #bytesKeptMax: number
  /** By their size. */
  readonly #spare = new Map<number, Uint8Array[]>()
  readonly #lent = new WeakSet<ArrayBufferLike>()
  #keptBytes = 0

  constructor({ bytesKeptMax }: SpareBuffersOptions) {
    this.#bytesKeptMax = bytesKeptMax
  }

  /** keptBytes is how much is kept unused. */
  get keptBytes(): number {
    return this.#keptBytes
  }

  /** take lends `bytes` or more, with whatever they were used for before. */
  take(bytes: number): Uint8Array {
    const size = Math.max(bytesMin, 2 ** Math.ceil(Math.log2(bytes)))
    let buffer = this.#spare.get(size)?.pop()
    if (buffer === undefined) buffer = new Uint8Array(size)
    else this.#keptBytes -= size
    this.#lent.add(buffer.buffer)
    return buffer
  }

  /** takeOrWait is take: there always is some. */
  takeOrWait(bytes: number): Uint8Array {
    return this.take(bytes)
  }

  /** give takes back what was lent. */
  give(bytes: Uint8Array): void {
    if (!this.#giveIfLent(bytes)) throw new TypeError('these bytes are not lent')
  }

  /** copy makes a copy of a value, in a lent buffer where it is large. */
  copy(value: Uint8Array): Uint8Array {
    if (value.length < bytesMin / 2) return new Uint8Array(value)
    const copy = this.take(value.length).subarray(0, value.length)
    copy.set(value)
    return copy
  }

  /** release takes a copy back. Nobody may look at it any more. */
  release(copy: Uint8Array): void {
    this.#giveIfLent(copy)
  }

  #giveIfLent({ buffer }: Uint8Array): boolean {
    if (!this.#lent.delete(buffer)) return false
    const size = buffer.byteLength
    const bytes = new Uint8Array(buffer)
    if (this.#keptBytes + size > this.#bytesKeptMax) free(bytes)
    else this.#keep(size, bytes)
    return true
  }

  #keep(size: number, bytes: Uint8Array): void {
    this.#keptBytes += size
    const others = this.#spare.get(size)
    if (others === undefined) this.#spare.set(size, [bytes])
    else others.push(bytes)
  }
}
