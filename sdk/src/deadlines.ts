/**
 * Deadlines of many calls on one timer. A timer for each call would cost more than the rest of the bookkeeping; with a
 * wheel of slots, adding and removing a deadline are two operations on a Set.
 *
 *      slot = tick of the deadline modulo slots        a tick lasts 10 ms; a deadline is met up to one tick late
 *      ┌──┬──┬──┬──┬──┬──┐
 *      │  │ab│  │c │  │  │  c may be due in a later turn of the wheel: its time is compared when its slot comes
 *      └──┴──┴──┴──┴──┴──┘
 *
 * The timer runs only while there are deadlines, and keeps the process alive as long: a call under way is work to
 * finish. What is due is ended in the check phase of the event loop, after the sockets were read: where the process
 * itself stood still, answers that arrived meanwhile win over their deadlines.
 */
const tickMs = 10
const slotsInTurn = 512

/** Deadline is what add returned, to be given to remove. */
export interface Deadline {
  readonly atMs: number
  readonly expire: () => void
  readonly slot: Set<Deadline>
}

/** Deadlines holds the deadlines of one client. Times are those of performance.now(). */
export class Deadlines {
  readonly #slots: readonly Set<Deadline>[]
  #size = 0
  #lastTick = 0
  #timer: NodeJS.Timeout | undefined

  /** A turn of the wheel has 512 ticks of 10 ms, unless it is told otherwise. */
  constructor(slots = slotsInTurn) {
    this.#slots = Array.from({ length: slots }, () => new Set<Deadline>())
  }

  /** add has `expire` called once when the time has come, unless it is removed before. */
  add(atMs: number, expire: () => void): Deadline {
    if (this.#timer === undefined) this.#start()
    const tick = Math.max(tickOf(atMs), this.#lastTick) + 1
    const deadline = { atMs, expire, slot: this.#slotOf(tick) }
    deadline.slot.add(deadline)
    this.#size++
    return deadline
  }

  /** remove forgets a deadline; one that was met or removed already changes nothing. */
  remove(deadline: Deadline): void {
    if (deadline.slot.delete(deadline)) this.#size--
  }

  #start(): void {
    this.#lastTick = tickOf(performance.now())
    this.#timer = setInterval(() => setImmediate(() => this.#advance()), tickMs)
  }

  #advance(): void {
    if (this.#size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
      return
    }
    const now = performance.now()
    const nowTick = tickOf(now)
    const firstTick = Math.max(this.#lastTick + 1, nowTick - this.#slots.length + 1)
    this.#lastTick = nowTick
    for (let tick = firstTick; tick <= nowTick; tick++) {
      for (const deadline of this.#slotOf(tick)) {
        if (deadline.atMs > now) continue
        this.remove(deadline)
        deadline.expire()
      }
    }
  }

  #slotOf(tick: number): Set<Deadline> {
    return this.#slots[tick % this.#slots.length] as Set<Deadline>
  }
}

function tickOf(timeMs: number): number {
  return Math.floor(timeMs / tickMs)
}
