/**
 * Deadlines of many calls on one timer. A timer for each call would cost more than the rest of the bookkeeping; with a
 * wheel of linked lists, adding and removing a deadline are a few assignments and no allocation.
 *
 *      slot = tick of the deadline modulo slots        a tick lasts 10 ms; a deadline is met up to one tick late
 *      ┌──┬──┬──┬──┬──┬──┐
 *      │  │ab│  │c │  │  │  c may be due in a later turn of the wheel: its time is compared when its slot comes
 *      └──┴──┴──┴──┴──┴──┘
 *
 * Calls that begin in one turn of the event loop end together, where they have as much time: they are one batch, and one
 * link in the wheel. Were each a link of its own, whoever leaves would touch its two neighbours, which lie apart: at 600,000
 * calls a second that is waiting for memory twice a call.
 *
 * The timer runs only while there are deadlines, and keeps the process alive as long: a call under way is work to
 * finish. What is due is ended in the check phase of the event loop, after the sockets were read: where the process
 * itself stood still, answers that arrived meanwhile win over their deadlines. And of a longer time that it stood still
 * only a part counts, since it could neither ask nor hear then: what it waits for has the rest of its time afterwards.
 */
import { Batch, type Timed } from './batch.ts'
import { AwakeClock } from './membership/awake-clock.ts'
import { Start } from './start.ts'

const tickMs = 10
const slotsInTurn = 512
/** So much between two turns of the event loop is not standing still: a busy process has its calls end when they should. */
const stillMs = 250

/** Deadline is a link in a slot of the wheel. */
export interface Deadline {
  /** When the time is up, on the clock of the wheel. */
  readonly atMs: number
  /** The neighbours in its slot; undefined while it is on no wheel. */
  before: Deadline | undefined
  after: Deadline | undefined
  /** expire is called once when the time has come. */
  expire(): void
}

/** The ends of a slot's list meet in a link of its own, so that no place in it is special. */
class Slot implements Deadline {
  readonly atMs = Number.POSITIVE_INFINITY
  before: Deadline = this
  after: Deadline = this

  expire(): void {}
}

class Callback implements Deadline {
  readonly atMs: number
  before: Deadline | undefined = undefined
  after: Deadline | undefined = undefined
  readonly #expire: () => void

  constructor(atMs: number, expire: () => void) {
    this.atMs = atMs
    this.#expire = expire
  }

  expire(): void {
    this.#expire()
  }
}

/** Deadlines holds the deadlines of one client. Its times are waking time: those of at(). */
export class Deadlines {
  readonly #slots: readonly Slot[]
  #size = 0
  #lastTick = 0
  #timer: NodeJS.Timeout | undefined
  /** While there are deadlines. */
  #clock: AwakeClock | undefined
  /** That of this turn of the event loop, until it is read. */
  #start: Start | undefined
  /** Those of this turn of the event loop by their time, and the one that something was put into last. */
  readonly #batches = new Map<number, Batch>()
  #last: Batch | undefined
  readonly #read = (start: Start) => {
    const realMs = performance.now()
    start.set(realMs, this.at(realMs))
    if (start === this.#start) this.#start = undefined
  }
  readonly #endTurn = () => {
    if (this.#start !== undefined) this.#read(this.#start)
  }

  /** A turn of the wheel has 512 ticks of 10 ms, unless it is told otherwise. */
  constructor(slots = slotsInTurn) {
    this.#slots = Array.from({ length: slots }, () => new Slot())
  }

  /** at turns a time of performance.now() into waking time. */
  at(realMs: number): number {
    return this.#clock === undefined ? realMs : this.#clock.at(realMs)
  }

  /** start is that of what begins in this turn of the event loop. For what is alone it ends as microtasks run: the loop need not turn for it. */
  start(isLone = false): Start {
    if (this.#start === undefined) {
      this.#start = new Start(this.#read)
      if (isLone) queueMicrotask(this.#endTurn)
      else setImmediate(this.#endTurn)
    }
    return this.#start
  }

  /** add has `expire` called once when the time has come, unless what it returns is removed before. */
  add(atMs: number, expire: () => void): Deadline {
    const deadline = new Callback(atMs, expire)
    if (this.#timer === undefined) this.#begin()
    link(deadline, this.#slotFor(atMs))
    this.#size++
    return deadline
  }

  /**
   * put has something expire when it had `ms` from the start of this turn of the event loop on, unless it is taken out before.
   * Its time is not known yet: without a look at the clock it goes to the first slot that it can belong to, and from there to
   * its own.
   */
  put(timed: Timed, ms: number, isLone = false): void {
    const start = this.start(isLone)
    const last = this.#last
    const isOpen = last !== undefined && last.start === start && last.timeoutMs === ms && last.takesMore
    const batch = isOpen ? last : this.#batchOf(start, ms)
    batch.add(timed)
  }

  /** The batch of this turn and this time that takes more. */
  #batchOf(start: Start, ms: number): Batch {
    if (this.#last?.start !== start) this.#batches.clear()
    let batch = this.#batches.get(ms)
    if (batch === undefined || !batch.takesMore) {
      batch = new Batch(start, ms)
      this.#batches.set(ms, batch)
      if (this.#timer === undefined) this.#begin()
      link(batch, this.#slotOf(this.#lastTick + tickOf(ms) + 1))
      this.#size++
    }
    this.#last = batch
    return batch
  }

  /** take takes something out of its batch; what is in none any more stays out. */
  take(timed: Timed): void {
    const { batch } = timed
    if (batch === undefined || timed.place < 0) return
    batch.take(timed)
    if (batch.isEmpty) this.remove(batch)
  }

  /** remove forgets a deadline; one that was met or removed already changes nothing. */
  remove(deadline: Deadline): void {
    if (unlink(deadline)) this.#size--
  }

  #begin(): void {
    const now = performance.now()
    this.#clock = new AwakeClock(now, stillMs)
    this.#lastTick = tickOf(now)
    this.#timer = setInterval(() => setImmediate(() => this.#advance()), tickMs)
  }

  #advance(): void {
    if (this.#clock === undefined) return
    if (this.#size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
      this.#clock = undefined
      return
    }
    const realMs = performance.now()
    this.#clock.tick(realMs)
    const now = this.#clock.at(realMs)
    const nowTick = tickOf(now)
    const firstTick = Math.max(this.#lastTick + 1, nowTick - this.#slots.length + 1)
    this.#lastTick = nowTick
    for (let tick = firstTick; tick <= nowTick; tick++) this.#expireDue(this.#slotOf(tick), now)
  }

  #expireDue(slot: Slot, now: number): void {
    // Listed first: what expires may remove others, and add new ones.
    const due: Deadline[] = []
    for (let each = slot.after; each !== slot; ) {
      const next = each.after as Deadline
      if (each.atMs <= now) due.push(each)
      else this.#move(each, slot)
      each = next
    }
    for (const each of due) {
      if (each.before === undefined) continue
      this.remove(each)
      each.expire()
    }
  }

  /** What is not due yet goes to its own slot, unless that is this one, in a later turn of the wheel. */
  #move(deadline: Deadline, from: Slot): void {
    const to = this.#slotFor(deadline.atMs)
    if (to === from) return
    unlink(deadline)
    link(deadline, to)
  }

  #slotFor(atMs: number): Slot {
    return this.#slotOf(Math.max(tickOf(atMs), this.#lastTick) + 1)
  }

  #slotOf(tick: number): Slot {
    return this.#slots[tick % this.#slots.length] as Slot
  }
}

function link(deadline: Deadline, slot: Slot): void {
  const last = slot.before
  deadline.before = last
  deadline.after = slot
  last.after = deadline
  slot.before = deadline
}

/** False where it is on no wheel. */
function unlink(deadline: Deadline): boolean {
  const { before, after } = deadline
  if (before === undefined || after === undefined) return false
  before.after = after
  after.before = before
  deadline.before = undefined
  deadline.after = undefined
  return true
}

function tickOf(timeMs: number): number {
  return Math.floor(timeMs / tickMs)
}
