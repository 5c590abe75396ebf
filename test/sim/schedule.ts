/** Virtual time: things to do, in the order of their times and, at one time, of their arrival. A binary heap. */

interface Event {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

export class Schedule {
  /** Virtual milliseconds. */
  now = 0
  readonly #heap: Event[] = []
  #order = 0

  at(time: number, run: () => void): void {
    const event = { at: Math.max(time, this.now), order: this.#order++, run }
    let hole = this.#heap.length
    this.#heap.push(event)
    while (hole > 0) {
      const parent = (hole - 1) >> 1
      const above = this.#heap[parent] as Event
      if (!earlier(event, above)) break
      this.#heap[hole] = above
      hole = parent
    }
    this.#heap[hole] = event
  }

  after(ms: number, run: () => void): void {
    this.at(this.now + ms, run)
  }

  /** runUntil runs what is due up to a time, or until the condition holds after an event; it returns whether it did. */
  runUntil(time: number, holds?: () => boolean): boolean {
    if (holds?.()) return true
    for (;;) {
      const first = this.#heap[0]
      if (!first || first.at > time) break
      this.#removeFirst()
      this.now = first.at
      first.run()
      if (holds?.()) return true
    }
    this.now = time
    return false
  }

  #removeFirst(): void {
    const last = this.#heap.pop() as Event
    const size = this.#heap.length
    if (size === 0) return
    let hole = 0
    for (;;) {
      let child = 2 * hole + 1
      if (child >= size) break
      if (child + 1 < size && earlier(this.#heap[child + 1] as Event, this.#heap[child] as Event)) child++
      if (!earlier(this.#heap[child] as Event, last)) break
      this.#heap[hole] = this.#heap[child] as Event
      hole = child
    }
    this.#heap[hole] = last
  }
}

function earlier(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
