/**
 * Departures: who left, why, and how long ago, as fingerprints of 20 bits. It answers two questions: why a key is
 * missing, and whether a key that comes in was evicted a short while ago (then it is wanted, and skips probation).
 *
 *      set of 8 × 32 bits, picked by the hash:   | fingerprint 20 | age 10 | reason 2 |
 *
 * The age is counted in evictions, in steps of a sixteenth of the entries held. The oldest of a set makes way. A wrong
 * answer is possible (8 in a million for a key that never was) and harmless: both answers are hints.
 */
import type { MissReason } from '@ringhold/sdk/protocol'

const ways = 8
const ageBits = 10
const ageMask = 2 ** ageBits - 1
const agesPerHistory = 16
/** Share of the entries held whose evictions are remembered as recent: as many as S3-FIFO's ghost queue. */
const historyShare = 0.9
const per32Bits = 2 ** -32

/** Departure is how an entry left. 'retired': evicted from main, after its time; it is not welcomed back like one evicted young. */
export type Departure = 'retired' | 'deleted' | 'evicted' | 'expired'

const departures: readonly Departure[] = ['retired', 'deleted', 'evicted', 'expired']

export class Departures {
  readonly #marks: Uint32Array
  readonly #sets: number
  #age = agesPerHistory
  #sinceAge = 0

  constructor(bytes: number) {
    this.#sets = Math.max(64, Math.floor(bytes / (4 * ways)))
    this.#marks = new Uint32Array(this.#sets * ways)
  }

  /** note records a departure. `entries` is how many the store holds: the measure of recent. */
  note(hash: number, departure: Departure, entries: number): void {
    if (departure === 'evicted' && ++this.#sinceAge >= (entries * historyShare) / agesPerHistory) {
      this.#sinceAge = 0
      this.#age = (this.#age + 1) & ageMask
    }
    const fingerprint = fingerprintOf(hash)
    const from = this.#setOf(hash)
    let slot = from
    let oldest = -1
    for (let way = from; way < from + ways; way++) {
      const mark = this.#marks[way] as number
      const age = mark === 0 || mark >>> 12 === fingerprint ? Number.POSITIVE_INFINITY : this.#ageOf(mark)
      if (age <= oldest) continue
      oldest = age
      slot = way
    }
    this.#marks[slot] = (fingerprint << 12) | (this.#age << 2) | departures.indexOf(departure)
  }

  /** Why a key left last; undefined when that is not known (any more). */
  reasonOf(hash: number): MissReason | undefined {
    const slot = this.#find(hash)
    if (slot < 0) return undefined
    const departure = departures[(this.#marks[slot] as number) & 3] as Departure
    return departure === 'retired' ? 'evicted' : departure
  }

  /** claim forgets a departed key, which is back, and tells whether it was evicted young and recently. */
  claim(hash: number): boolean {
    const slot = this.#find(hash)
    if (slot < 0) return false
    const mark = this.#marks[slot] as number
    this.#marks[slot] = 0
    return departures[mark & 3] === 'evicted' && this.#ageOf(mark) <= agesPerHistory
  }

  #ageOf(mark: number): number {
    return (this.#age - ((mark >>> 2) & ageMask)) & ageMask
  }

  #setOf(hash: number): number {
    return Math.floor((hash >>> 0) * this.#sets * per32Bits) * ways
  }

  #find(hash: number): number {
    const fingerprint = fingerprintOf(hash)
    const from = this.#setOf(hash)
    for (let way = from; way < from + ways; way++) {
      const mark = this.#marks[way] as number
      if (mark >>> 12 === fingerprint && mark !== 0) return way
    }
    return -1
  }
}

/** The set takes the upper bits of the hash, the fingerprint the lower ones; 32 bits are enough for both together. */
function fingerprintOf(hash: number): number {
  return hash & 0xfffff
}
