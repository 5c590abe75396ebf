import { ByteStore, type ByteStoreStats } from '#node/store/byte-store.js'
import type { Policy } from './policy.ts'

/** Engine is the store itself behind the interface of the simulated policies: a read, and a write when it missed. */
export class Engine implements Policy {
  readonly #store: ByteStore
  readonly #key = Buffer.alloc(8)
  readonly #value: Uint8Array
  #version = 0

  constructor(bytesMax: number, largestBytes: number) {
    this.#store = new ByteStore({ bytesMax, secret: [0x1234567, 0x89abcdef], now: 0 })
    this.#value = new Uint8Array(largestBytes)
  }

  stats(): ByteStoreStats {
    return this.#store.stats(0)
  }

  access(object: number, bytes: number): boolean {
    this.#key.writeUInt32BE(object, 4)
    const place = { token: Math.imul(object, 0x9e3779b1) >>> 18, cache: 'trace', key: this.#key }
    if (this.#store.read(place, 0) !== undefined) return true
    const value = this.#value.subarray(0, bytes - engineOverheadBytes)
    this.#store.write(place, { value, contentType: 'a/b', version: ++this.#version, expiresAt: undefined }, 0)
    return false
  }
}

/** What an entry takes beside its value here: header and key, which the simulated policies count in the size. */
export const engineOverheadBytes = 28
