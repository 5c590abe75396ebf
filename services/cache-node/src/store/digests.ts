/**
 * Digests: for each token, 64 bits and a count that stand for the set of (cache, key, version) the store holds of it.
 * Two nodes with equal digests hold the same entries of that token, tombstones included.
 *
 *      digest(token) = Σ mark(cache, key, version)     two sums modulo 2³², so that adding and removing take O(1)
 *
 * The mark is the same on every node and under every ring seed; it is not a secret. It guards against loss and delay,
 * not against somebody who builds colliding keys and whose own entries would then not be repaired.
 */
import { tokenCount } from '@ringhold/sdk/ring'

const c1 = 0xcc9e2d51
const c2 = 0x1b873593

/** Digest is what a store holds of one token. Absent entries: all 0. */
export interface Digest {
  readonly entries: number
  readonly low: number
  readonly high: number
}

/** Most tokens of a small store are empty. */
const nothing: Digest = { entries: 0, low: 0, high: 0 }

export class Digests {
  /** Of each token the two sums and the count, side by side: a write waits for the memory once. */
  readonly #records = new Uint32Array(3 * tokenCount)

  of(token: number): Digest {
    const at = 3 * token
    const entries = this.#records[at + 2] as number
    if (entries === 0) return nothing
    return { entries, low: this.#records[at] as number, high: this.#records[at + 1] as number }
  }

  /** touch reads something of each of the first tokens: a hint to the processor that they are about to change. */
  touch(tokens: Uint32Array, count: number): number {
    const records = this.#records
    let seen = 0
    for (let at = 0; at < count; at++) seen ^= records[3 * (tokens[at] as number)] as number
    return seen
  }

  /** add takes an entry in: `key` is what keyMark says of it. */
  add(token: number, key: number, version: number): void {
    this.#change(token, key, version, 1)
  }

  remove(token: number, key: number, version: number): void {
    this.#change(token, key, version, -1)
  }

  /** forget starts a token from nothing. */
  forget(token: number): void {
    this.#records.fill(0, 3 * token, 3 * token + 3)
  }

  clear(): void {
    this.#records.fill(0)
  }

  #change(token: number, key: number, version: number, sign: 1 | -1): void {
    const low = mix(key ^ mix(version | 0))
    const high = mix(low + Math.imul(key, c1) + ((version / 2 ** 32) | 0))
    const records = this.#records
    const at = 3 * token
    records[at] = (records[at] as number) + sign * low
    records[at + 1] = (records[at + 1] as number) + sign * high
    records[at + 2] = (records[at + 2] as number) + sign
  }
}

/** keyMark hashes the bytes of a key, starting from the mark of its cache. */
export function keyMark(cacheMark: number, bytes: Uint8Array, from: number, length: number): number {
  let mark = cacheMark ^ length
  const whole = from + (length & ~3)
  for (let at = from; at < whole; at += 4) {
    const word =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)
    mark ^= Math.imul(word, c1)
    mark = Math.imul((mark << 13) | (mark >>> 19), c2)
  }
  for (let at = whole; at < from + length; at++) mark = Math.imul(mark ^ (bytes[at] as number), 0x01000193)
  return mix(mark)
}

/** cacheMarkOf hashes the name of a cache, which is ASCII. */
export function cacheMarkOf(name: string): number {
  let mark = 0x811c9dc5
  for (let index = 0; index < name.length; index++) mark = Math.imul(mark ^ name.charCodeAt(index), 0x01000193)
  return mix(mark)
}

function mix(value: number): number {
  let mixed = value ^ (value >>> 16)
  mixed = Math.imul(mixed, 0x85ebca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
