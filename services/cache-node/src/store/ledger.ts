/** Ledger: what the store holds, by kind, and what happened to it. Plain figures, kept as things happen. */

import type { Absence } from './store.ts'

/** BytesByKind is where the bytes of the budget are. */
export interface BytesByKind {
  values: number
  keys: number
  /** Headers, and what rounding to whole units adds. */
  headers: number
  tombstones: number
  index: number
}

/** MissCounts counts reads without an entry by why there was none. */
export type MissCounts = Record<Absence, number>

export class Ledger {
  readonly bytes: BytesByKind = { values: 0, keys: 0, headers: 0, tombstones: 0, index: 0 }
  readonly misses: MissCounts = { evicted: 0, expired: 0, deleted: 0, never: 0 }
  entries = 0
  tombstones = 0
  hits = 0
  evictions = 0
  expirations = 0

  /** entry counts one that comes (1) or goes (-1). */
  entry(sign: 1 | -1, size: number, lengths: { readonly key: number; readonly value: number }): void {
    this.entries += sign
    this.bytes.keys += sign * lengths.key
    this.bytes.values += sign * lengths.value
    this.bytes.headers += sign * (size - lengths.key - lengths.value)
  }

  /** clear forgets what is held, not what happened. */
  clear(): void {
    this.entries = 0
    this.tombstones = 0
    Object.assign(this.bytes, { values: 0, keys: 0, headers: 0, tombstones: 0 })
  }

  tombstone(sign: 1 | -1, size: number): void {
    this.tombstones += sign
    this.bytes.tombstones += sign * size
  }

  /** leave takes entries off the count whose bytes follow later, one by one: `entry` and `tombstone` are told of each of these. */
  leave({ entries, tombstones }: { readonly entries: number; readonly tombstones: number }): void {
    this.entries -= entries
    this.tombstones -= tombstones
  }
}
