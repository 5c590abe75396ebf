/**
 * Bygones: the versions of what has expired here. An older version of such a key that turns up elsewhere (a copy that
 * was not dropped yet, a replica that missed a write) was overwritten, and must not come back now that nothing is in
 * its way. So unlike the fingerprints of departures these must not be mistaken: 64 bits stand for a key. The same table
 * tells, of keys that were evicted, from which version on they may come back.
 *
 *      set of 8, picked by the hash:   | hash 32 | mark of the key 32 | version |      the next in turn makes way
 */
import type { Version } from '@ringhold/sdk/protocol'

const ways = 8
const bytesPerWay = 16
const setsMin = 64
const per32Bits = 2 ** -32

/** KeySign stands for a key: two hashes that have nothing to do with each other. */
export interface KeySign {
  readonly hash: number
  readonly mark: number
}

export class Bygones {
  readonly #sets: number
  /** Two for each: hash and mark. */
  readonly #signs: Uint32Array
  readonly #versions: Float64Array
  #turn = 0
  #isEmpty = true

  constructor(bytes: number) {
    this.#sets = Math.max(setsMin, Math.floor(bytes / (ways * bytesPerWay)))
    this.#signs = new Uint32Array(2 * this.#sets * ways)
    this.#versions = new Float64Array(this.#sets * ways)
  }

  /** Whether nothing has ever expired. */
  get isEmpty(): boolean {
    return this.#isEmpty
  }

  note(sign: KeySign, version: Version): void {
    this.#isEmpty = false
    const known = this.#find(sign)
    const slot = known < 0 ? this.#room(sign) : known
    this.#signs[2 * slot] = sign.hash
    this.#signs[2 * slot + 1] = sign.mark
    this.#versions[slot] = known < 0 ? version : Math.max(version, this.#versions[slot] as number)
  }

  /** The highest version of a key that has expired; undefined: none, or it is forgotten. */
  versionOf(sign: KeySign): Version | undefined {
    const slot = this.#find(sign)
    return slot < 0 ? undefined : this.#versions[slot]
  }

  #find(sign: KeySign): number {
    const [hash, mark] = [sign.hash >>> 0, sign.mark >>> 0]
    const from = this.#setOf(sign)
    for (let slot = from; slot < from + ways; slot++) {
      if (this.#signs[2 * slot] !== hash || this.#signs[2 * slot + 1] !== mark) continue
      if ((this.#versions[slot] as number) > 0) return slot
    }
    return -1
  }

  #room(sign: KeySign): number {
    const from = this.#setOf(sign)
    for (let slot = from; slot < from + ways; slot++) if (this.#versions[slot] === 0) return slot
    return from + (this.#turn++ & (ways - 1))
  }

  #setOf({ hash }: KeySign): number {
    return Math.floor((hash >>> 0) * this.#sets * per32Bits) * ways
  }
}
