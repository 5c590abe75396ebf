/** What nodes hold in sum, and how even it is spread: pure. */

export interface Load {
  readonly entries: number
  readonly bytes: number
}

export interface Total extends Load {
  /** Entries of each node over the mean, in the order of the loads; undefined for a node without a load, or no entries. */
  readonly ofMean: readonly (number | undefined)[]
}

/** totalOf sums the loads of the nodes that answered; the mean is over those alone. */
export function totalOf(loads: readonly (Load | undefined)[]): Total {
  const known = loads.filter((load) => load !== undefined)
  const entries = known.reduce((sum, load) => sum + load.entries, 0)
  const bytes = known.reduce((sum, load) => sum + load.bytes, 0)
  const mean = entries / known.length
  return { entries, bytes, ofMean: loads.map((load) => (load && mean > 0 ? load.entries / mean : undefined)) }
}
