/**
 * Zipf-distributed ranks: rank 0 is asked for most, as with real caches, where few keys draw most of the traffic.
 *
 * Source: Gray et al., "Quickly generating billion-record synthetic databases" (SIGMOD 1994), with the skew of 0.99 that
 * YCSB made customary. Setting up takes a sum over all ranks; a draw takes two powers at most.
 */
const skew = 0.99

/** zipf returns a function that turns an even draw from [0, 1) into a rank from 0 to `ranks` − 1. */
export function zipf(ranks: number): (draw: number) => number {
  const total = harmonic(ranks)
  const exponent = 1 / (1 - skew)
  const eta = (1 - (2 / ranks) ** (1 - skew)) / (1 - harmonic(2) / total)
  return (draw) => {
    const scaled = draw * total
    if (scaled < 1) return 0
    if (scaled < harmonic(2)) return Math.min(1, ranks - 1)
    return Math.min(ranks - 1, Math.floor(ranks * (eta * draw - eta + 1) ** exponent))
  }
}

/** The sum of 1 / rank^skew over the first ranks. */
function harmonic(ranks: number): number {
  let sum = 0
  for (let rank = 1; rank <= ranks; rank++) sum += 1 / rank ** skew
  return sum
}
