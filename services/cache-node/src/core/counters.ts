/** Counters are plain integers that only rise, kept by the core and read by /v1/stats. */
export interface Counters {
  hits: number
  misses: number
  /** Values written. */
  sets: number
  /** Entries deleted. */
  deletes: number
  /** Commands passed on to another node. */
  forwarded: number
  /** Commands answered with 421. */
  wrongOwner: number
}

/** newCounters starts all at 0. */
export function newCounters(): Counters {
  return { hits: 0, misses: 0, sets: 0, deletes: 0, forwarded: 0, wrongOwner: 0 }
}
