/**
 * Shares: the settings of eviction. Entries come in through probation and, when they are read there, pass on to main;
 * how large probation is and what it takes to pass decides what the cache is good at.
 *
 *      new ──► probation ──► out (remembered)          main ◄── new, when it was evicted a short while ago
 *                  └─ read ──► main ──► out                  └─ read ──► main again
 *
 * No setting is best everywhere: measured on traces (bench/store), a tenth in probation wins on most, no probation at
 * all (a clock, close to LRU) where the newest is the most wanted, a hundredth in loops and under scans, a third in
 * between. Where more goes round than fits, what comes back displaces what would have come back as well: then nothing
 * skips probation. The tuner picks among these five.
 */
export interface Shares {
  /** Share of the memory that probation may take before it is evicted from. */
  readonly probation: number
  /**
   * Whether an entry may skip probation: when it comes back a short while after it was evicted there, and when there is room
   * for it without evicting, as there is for a moment whenever a large one has gone.
   */
  readonly maySkip: boolean
}

export const sharesTable: readonly Shares[] = [
  { probation: 0.1, maySkip: true },
  { probation: 0, maySkip: true },
  { probation: 0.01, maySkip: true },
  { probation: 0.3, maySkip: true },
  { probation: 0.01, maySkip: false },
]

/**
 * readsToPass is how many reads an entry needs to stay when its turn comes: one, but more when it takes the place of
 * many others. Measured on a mix of sizes: 2 to 3 points more hits than one for all.
 */
export function readsToPass(bytes: number, meanBytes: number): number {
  if (bytes <= 2 * meanBytes) return 1
  return bytes <= 4 * meanBytes ? 2 : 3
}

/** Whether an entry that was evicted a short while ago may skip probation when it comes back: not at the cost of many. */
export function maySkipProbation(bytes: number, meanBytes: number): boolean {
  return bytes <= 2 * meanBytes
}

/** A store that has had to evict is full until so much of its memory is free again; before, main fills first. */
export const fullUntilShare = 0.75

/** Entries passed over in one eviction; then the next goes, read or not. It bounds the work of a write. */
export const passesMax = 64
