/**
 * Compaction gets segments back that gone entries have left full of holes: it looks for neighbours in a log that have
 * holes for at least one segment between them, and slides what is alive in them together, in its order.
 *
 *      before   ─► A ─► [ab  c ] ─► [  d  e] ─► [f     ] ─► B ─►
 *      between  ─► A ─► [abcd  ] ──────► [   e] ─► [f     ] ─► B ─►       (slices may end anywhere)
 *      after    ─► A ─► [abcdef] ─► B ─►
 *
 * Order matters: eviction takes entries in the order of their logs. Of all runs of neighbours it takes the one that
 * moves the fewest bytes for a segment. The tail, where the hand evicts, and the head, where entries arrive, stay out.
 * A run is left unfinished, and nothing is lost by it, when the hand reaches it.
 */
import type { Entries } from './entry.ts'
import type { Log } from './log.ts'
import type { Piecewise } from './piecewise.ts'
import type { Segments } from './segments.ts'

/** What finding and re-pointing one entry costs, in bytes that could be moved in that time. */
const entryCostBytes = 512
/** Rest at the end of a filled segment that no header and key fit in; a run must win more than these. */
const restBytes = 1_024

/** Mover moves an entry to a new place in its log, behind a segment, and re-points everything that knew its address. */
export type Mover = (address: number, log: Log, after: number) => void

interface Run {
  readonly log: Log
  readonly last: number
  source: number
  /** Where in the source to go on. */
  offset: number
  /** Whether there is a segment before the source that is being filled. */
  isFilling: boolean
}

export class Compaction {
  /** Bytes it has moved since the start. */
  movedBytes = 0
  readonly #segments: Segments
  readonly #fields: Entries
  readonly #pieces: Piecewise
  readonly #logs: readonly Log[]
  readonly #move: Mover
  #run: Run | undefined

  constructor(memory: { segments: Segments; fields: Entries; pieces: Piecewise }, logs: readonly Log[], move: Mover) {
    this.#segments = memory.segments
    this.#fields = memory.fields
    this.#pieces = memory.pieces
    this.#logs = logs
    this.#move = move
  }

  /** step works for about as long as moving `bytes` takes; false when no segment can be won. */
  step(bytes: number): boolean {
    for (let left = bytes; left > 0; ) {
      if (this.#run === undefined && this.#giveEmpty()) return true
      this.#run ??= this.#cheapestRun()
      if (this.#run === undefined) return false
      left -= this.#advance(this.#run, left)
    }
    return true
  }

  /** leave must be called when a segment goes back to the pool: a run does not go on there. */
  leave(segment: number): void {
    const run = this.#run
    if (run === undefined) return
    const target = run.isFilling ? this.#segments.previous[run.source] : 0
    if (segment === run.source || segment === target || segment === run.last) this.#run = undefined
  }

  /** Segments in which nothing is alive go back at once. */
  #giveEmpty(): boolean {
    const { next, live } = this.#segments
    let isGiven = false
    for (const log of this.#logs) {
      for (let segment = next[log.tail] as number; segment !== 0 && segment !== log.head; ) {
        const following = next[segment] as number
        if (live[segment] === 0) {
          log.unlink(segment)
          isGiven = true
        }
        segment = following
      }
    }
    return isGiven
  }

  /** The run of neighbours whose holes make a segment, with the fewest live bytes; two pointers over each log. */
  #cheapestRun(): Run | undefined {
    const { next, live, bytes: capacity } = this.#segments
    let cheapest: Run | undefined
    let fewest = Number.POSITIVE_INFINITY
    for (const log of this.#logs) {
      if (log.tail === log.head) continue
      let first = next[log.tail] as number
      let holes = 0
      let alive = 0
      for (let last = first; last !== log.head; last = next[last] as number) {
        alive += live[last] as number
        holes += capacity - (live[last] as number) - restBytes
        for (; holes > capacity; first = next[first] as number) {
          if (alive < fewest) {
            fewest = alive
            cheapest = { log, last, source: first, offset: 0, isFilling: false }
          }
          alive -= live[first] as number
          holes -= capacity - (live[first] as number) - restBytes
        }
      }
    }
    return cheapest
  }

  /** Moves what is alive in the source, up to `bytes`; returns what that cost. */
  #advance(run: Run, bytes: number): number {
    if (!run.isFilling && !this.#begin(run)) return entryCostBytes
    const { used, previous, next } = this.#segments
    const { log, source } = run
    let spent = entryCostBytes
    while (run.offset < (used[source] as number)) {
      const address = this.#segments.addressOf(source, run.offset)
      run.offset = log.after(address)
      if (this.#fields.isGone(address)) continue
      const size = this.#fields.size(address)
      this.#move(address, log, previous[source] as number)
      this.movedBytes += size
      spent += size + entryCostBytes
      if (spent >= bytes) return spent
    }
    run.source = next[source] as number
    run.offset = this.#segments.start[run.source] as number
    if (source === run.last) this.#run = undefined
    log.unlink(source)
    return spent
  }

  /** begin puts an empty segment before the source, and there the rest of the entry before it. */
  #begin(run: Run): boolean {
    const segments = this.#segments
    const { start, used, live, spill, previous, next, bytes: capacity } = segments
    const { source, log } = run
    const rest = start[source] as number
    if (source === log.tail) {
      this.#run = undefined
      return false
    }
    if (rest === capacity && spill[source] !== 0) {
      // Nothing but the middle of a large value: there is nothing to win here.
      run.source = next[source] as number
      if (source === run.last) this.#run = undefined
      return false
    }
    const target = log.insertAfter(previous[source] as number)
    if (spill[source] !== 0) {
      this.#pieces.move(segments.addressOf(source, 0), segments.addressOf(target, 0), rest)
      used[target] = rest
      start[target] = rest
      live[target] = rest
      spill[target] = spill[source] as number
      live[source] = (live[source] as number) - rest
      spill[source] = 0
    }
    run.offset = rest
    run.isFilling = true
    return true
  }
}
