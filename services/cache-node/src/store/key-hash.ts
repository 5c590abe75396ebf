/**
 * KeyHash: HalfSipHash-1-3 of a key's bytes under a secret of the process.
 *
 * The ring hash is public, so anybody can build a million keys that share it. Which slot of the index a key takes must
 * not follow from what clients know; MurmurHash and its like do not help even when seeded, since for them collisions
 * that hold under every seed can be built. HalfSipHash is 32-bit arithmetic throughout.
 *
 * Source: Jean-Philippe Aumasson, Daniel J. Bernstein, SipHash: a fast short-input PRF, 2012, and its 32-bit variant.
 */
export class KeyHash {
  readonly #key0: number
  readonly #key1: number

  constructor(secret: readonly [number, number]) {
    this.#key0 = secret[0] | 0
    this.#key1 = secret[1] | 0
  }

  /** of returns the 32-bit hash of `length` bytes from `from`, signed: so it is never boxed. Each cache has hashes of its own. */
  of(cache: number, bytes: Uint8Array, from: number, length: number): number {
    // Each cache has a key of its own.
    let v0 = this.#key0 ^ cache
    let v1 = this.#key1
    let v2 = 0x6c796765 ^ v0
    let v3 = 0x74656462 ^ v1
    const whole = from + (length & ~3)
    // The key's bytes come four at a time, then the tail with the length, then the finalisation's three empty rounds:
    // one loop, so that the round is written once and stays inlined.
    let word = 0
    let at = from
    let left = 3
    for (let stage = 0; ; ) {
      if (at < whole) {
        word =
          (bytes[at] as number) |
          ((bytes[at + 1] as number) << 8) |
          ((bytes[at + 2] as number) << 16) |
          ((bytes[at + 3] as number) << 24)
        at += 4
      } else if (stage === 0) {
        word = length << 24
        const tail = length & 3
        if (tail > 0) word |= bytes[at] as number
        if (tail > 1) word |= (bytes[at + 1] as number) << 8
        if (tail > 2) word |= (bytes[at + 2] as number) << 16
        stage = 1
      } else {
        if (left === 3) v2 ^= 0xff
        if (left-- === 0) break
        word = 0
      }
      v3 ^= word
      v0 = (v0 + v1) | 0
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
      v0 = (v0 + v3) | 0
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
      v2 = (v2 + v1) | 0
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
      v2 = (v2 << 16) | (v2 >>> 16)
      v0 ^= word
    }
    return v1 ^ v3
  }
}
