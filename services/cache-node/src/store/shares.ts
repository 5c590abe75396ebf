/**
 * Shares: the settings of eviction. Entries come in through probation and, when they are read there, pass on to main;
 * how large probation is and what it takes to pass decides what the cache is good at.
 *
 *      new ──► probation ──► out (remembered)          main ◄── new, when it was evicted a short while ago
 *                  └─ read ──► main ──► out                  └─ read ──► main again
 *
 * No setting is best everywhere: measured on traces (bench/store), a tenth in probation wins on most, no probation at
 * all (a clock, close to LRU) where the newest is the most wanted, a hundredth in loops and under scans, a third in
 * between. The tuner picks among these four.
 */
export interface Shares {
  /** Share of the memory that probation may take before it is evicted from. */
  readonly probation: number
}

export const sharesTable: readonly Shares[] = [
  { probation: 0.1 },
  { probation: 0 },
  { probation: 0.01 },
  { probation: 0.3 },
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

/** Entries passed over in one eviction; then the next goes, read or not. It bounds the work of a write. */
export const passesMax = 64
