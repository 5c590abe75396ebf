/**
 * Deadlines: a binary min-heap by time, so that the entry that expires next is found without looking at the others.
 *
 *             3                 An entry that is replaced or removed leaves its deadline behind, marked by nobody: the
 *           /   \               owner of the heap asks whether a deadline still stands when it comes up. `keep` throws
 *          7     4              the left-over ones away; call it when they outnumber those that stand.
 */

interface Deadline {
  readonly at: number
}

export class Deadlines<D extends Deadline> {
  #heap: D[] = []

  get size(): number {
    return this.#heap.length
  }

  add(deadline: D): void {
    const heap = this.#heap
    let index = heap.length
    heap.push(deadline)
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent] as D
      if (above.at <= deadline.at) break
      heap[index] = above
      index = parent
    }
    heap[index] = deadline
  }

  /** takeDue removes and returns the earliest deadline if it has passed at `now`. */
  takeDue(now: number): D | undefined {
    const first = this.#heap[0]
    if (first === undefined || first.at > now) return undefined
    const last = this.#heap.pop() as D
    if (this.#heap.length > 0) this.#sinkFrom(0, last)
    return first
  }

  /** keep throws away every deadline that does not stand any more. */
  keep(stands: (deadline: D) => boolean): void {
    this.#heap = this.#heap.filter(stands)
    for (let index = (this.#heap.length >> 1) - 1; index >= 0; index--) this.#sinkFrom(index, this.#heap[index] as D)
  }

  #sinkFrom(start: number, deadline: D): void {
    const heap = this.#heap
    let index = start
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && (heap[child + 1] as D).at < (heap[child] as D).at) child++
      if ((heap[child] as D).at >= deadline.at) break
      heap[index] = heap[child] as D
      index = child
    }
    heap[index] = deadline
  }
}
