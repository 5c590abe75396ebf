/**
 * The news that a node still passes on: names whose records changed, each with how often it has been sent. What was
 * sent least goes first, the newest of these before older ones; after its budget a rumour is dropped, everyone has
 * heard it in all likelihood, and comparing digests finds who has not.
 */
export class Rumours {
  /** In order of arrival, the newest last. */
  readonly #sent = new Map<string, number>()

  get size(): number {
    return this.#sent.size
  }

  /** add makes a name news (again). */
  add(name: string): void {
    this.#sent.delete(name)
    this.#sent.set(name, 0)
  }

  drop(name: string): void {
    this.#sent.delete(name)
  }

  /** next returns the names in the order in which they should be put into a message. */
  next(): string[] {
    const newestFirst = [...this.#sent].reverse()
    return newestFirst.sort(([, sentA], [, sentB]) => sentA - sentB).map(([name]) => name)
  }

  /** sent counts one more transmission against the budget. */
  sent(name: string, budget: number): void {
    const sent = this.#sent.get(name)
    if (sent === undefined) return
    if (sent + 1 >= budget) this.#sent.delete(name)
    else this.#sent.set(name, sent + 1)
  }
}
