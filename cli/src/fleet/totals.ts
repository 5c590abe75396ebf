/** What nodes hold in sum, and how even it is spread: pure. */

export interface Load {
  /** Entries that the node coordinates: each key is counted once in a fleet. */
  readonly entries: number
  /** Entries that it holds besides. */
  readonly replicas: number
  readonly bytes: number
}

/** Moves is what is on its way to a node. */
export interface Moves {
  /** Tokens that it takes over, or whose entries it pulls. */
  readonly tokens: number
  /** Entries that are still to be pulled. */
  readonly entries: number
  readonly bytesPerSecond: number
}

export interface Total extends Load {
  /** Entries of each node over the mean, in the order of the loads; undefined for a node without a load, or no entries. */
  readonly ofMean: readonly (number | undefined)[]
}

/** totalOf sums the loads of the nodes that answered; the mean is over those alone. */
export function totalOf(loads: readonly (Load | undefined)[]): Total {
  const known = loads.filter((load) => load !== undefined)
  const entries = sumOf(known, (load) => load.entries)
  const mean = entries / known.length
  return {
    entries,
    replicas: sumOf(known, (load) => load.replicas),
    bytes: sumOf(known, (load) => load.bytes),
    ofMean: loads.map((load) => (load && mean > 0 ? load.entries / mean : undefined)),
  }
}

/** movesOf sums what is on its way to the nodes that answered. */
export function movesOf(moves: readonly (Moves | undefined)[]): Moves {
  const known = moves.filter((each) => each !== undefined)
  return {
    tokens: sumOf(known, (each) => each.tokens),
    entries: sumOf(known, (each) => each.entries),
    bytesPerSecond: sumOf(known, (each) => each.bytesPerSecond),
  }
}

function sumOf<T>(items: readonly T[], figure: (item: T) => number): number {
  return items.reduce((sum, item) => sum + figure(item), 0)
}
