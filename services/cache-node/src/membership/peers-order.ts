/**
 * The order in which a node turns to its peers: a shuffled round, then a new one. Everyone is met once a round, which
 * bounds how long a silent one goes unnoticed (random choice alone does not; SWIM, Das et al. 2002, §4.3).
 */
export class PeersOrder {
  readonly #random: () => number
  #round: string[] = []

  constructor(random: () => number) {
    this.#random = random
  }

  /** add puts a newcomer at a random place of the present round. */
  add(name: string): void {
    const at = Math.floor(this.#random() * (this.#round.length + 1))
    const displaced = this.#round[at]
    this.#round[at] = name
    if (displaced !== undefined) this.#round.push(displaced)
  }

  /** next takes up to `count` names of the round for which `accept` holds; names that left meanwhile are not accepted. */
  next(count: number, peers: Iterable<string>, accept: (name: string) => boolean): string[] {
    const chosen = new Set<string>()
    this.#take(count, chosen, accept)
    if (chosen.size < count) {
      this.#round = shuffle([...peers], this.#random)
      this.#take(count, chosen, accept)
    }
    return [...chosen]
  }

  #take(count: number, chosen: Set<string>, accept: (name: string) => boolean): void {
    while (chosen.size < count) {
      const name = this.#round.pop()
      if (name === undefined) return
      if (accept(name)) chosen.add(name)
    }
  }
}

/** shuffle reorders the list in place, every order being equally likely (Fisher–Yates), and returns it. */
export function shuffle<T>(list: T[], random: () => number): T[] {
  for (let last = list.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const kept = list[last] as T
    list[last] = list[other] as T
    list[other] = kept
  }
  return list
}

/** sample draws up to `count` distinct elements for which `accept` holds. The list is shuffled as far as needed. */
export function sample<T>(
  list: T[],
  count: number,
  options: { random: () => number; accept: (one: T) => boolean },
): T[] {
  const chosen: T[] = []
  for (let last = list.length - 1; last >= 0 && chosen.length < count; last--) {
    const other = Math.floor(options.random() * (last + 1))
    const drawn = list[other] as T
    list[other] = list[last] as T
    list[last] = drawn
    if (options.accept(drawn)) chosen.push(drawn)
  }
  return chosen
}
