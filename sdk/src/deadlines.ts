/**
 * Deadlines of many calls on one timer. A timer for each call would cost more than the rest of the bookkeeping; with a
 * wheel of linked lists, adding and removing a deadline are a few assignments and no allocation.
 *
 *      slot = tick of the deadline modulo slots        a tick lasts 10 ms; a deadline is met up to one tick late
 *      ┌──┬──┬──┬──┬──┬──┐
 *      │  │ab│  │c │  │  │  c may be due in a later turn of the wheel: its time is compared when its slot comes
 *      └──┴──┴──┴──┴──┴──┘
 *
 * The timer runs only while there are deadlines, and keeps the process alive as long: a call under way is work to
 * finish. What is due is ended in the check phase of the event loop, after the sockets were read: where the process
 * itself stood still, answers that arrived meanwhile win over their deadlines. And of a longer time that it stood still
 * only a part counts, since it could neither ask nor hear then: what it waits for has the rest of its time afterwards.
 */
import { AwakeClock } from './membership/awake-clock.ts'

const tickMs = 10
const slotsInTurn = 512
/** So much between two turns of the event loop is not standing still: a busy process has its calls end when they should. */
const stillMs = 250

/** Deadline is a link in a slot of the wheel. What has a deadline extends it, so that it needs no object beside itself. */
export abstract class Deadline {
  /** On the clock of the wheel. */
  atMs = 0
  /** The neighbours in its slot; undefined while it is on no wheel. */
  before: Deadline | undefined = undefined
  after: Deadline | undefined = undefined

  /** expire is called once when the time has come. */
  abstract expire(): void
}

/** The ends of a slot's list meet in a link of its own, so that no place in it is special. */
class Slot extends Deadline {
  constructor() {
    super()
    this.before = this
    this.after = this
  }

  expire(): void {}
}

class Callback extends Deadline {
  readonly #expire: () => void

  constructor(expire: () => void) {
    super()
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

  /** A turn of the wheel has 512 ticks of 10 ms, unless it is told otherwise. */
  constructor(slots = slotsInTurn) {
    this.#slots = Array.from({ length: slots }, () => new Slot())
  }

  /** at turns a time of performance.now() into waking time. */
  at(realMs: number): number {
    return this.#clock === undefined ? realMs : this.#clock.at(realMs)
  }

  /** add has `expire` called once when the time has come, unless what it returns is removed before. */
  add(atMs: number, expire: () => void): Deadline {
    const deadline = new Callback(expire)
    this.put(deadline, atMs)
    return deadline
  }

  /** put has a deadline that is on no wheel expire once when the time has come, unless it is removed before. */
  put(deadline: Deadline, atMs: number): void {
    if (this.#timer === undefined) this.#start()
    deadline.atMs = atMs
    const slot = this.#slotOf(Math.max(tickOf(atMs), this.#lastTick) + 1)
    const last = slot.before as Deadline
    deadline.before = last
    deadline.after = slot
    last.after = deadline
    slot.before = deadline
    this.#size++
  }

  /** remove forgets a deadline; one that was met or removed already changes nothing. */
  remove(deadline: Deadline): void {
    const { before, after } = deadline
    if (before === undefined || after === undefined) return
    before.after = after
    after.before = before
    deadline.before = undefined
    deadline.after = undefined
    this.#size--
  }

  #start(): void {
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
    for (let each = slot.after as Deadline; each !== slot; each = each.after as Deadline) {
      if (each.atMs <= now) due.push(each)
    }
    for (const each of due) {
      if (each.before === undefined) continue
      this.remove(each)
      each.expire()
    }
  }

  #slotOf(tick: number): Slot {
    return this.#slots[tick % this.#slots.length] as Slot
  }
}

function tickOf(timeMs: number): number {
  return Math.floor(timeMs / tickMs)
}
