/**
 * Hints: which keys an owner missed while it did not answer. When it answers again it is sent what these keys hold then,
 * in the order in which they were written. A hint is a key, not a value: small, and never out of date.
 *
 * They are bounded in bytes and in age; what is let go is left to repair.
 */
import type { Place } from '../store/store.ts'
import { copyOf } from './copy.ts'
import type { Core } from './core.ts'
import type { Repair } from './parts.ts'
import type { AskSettled, Copy } from './peer-request.ts'

/** What a hint takes beyond its key. */
const overheadBytes = 64
/** Hints of one request at most. */
const batchMax = 256

interface Hint {
  readonly place: Place
  readonly at: number
}

interface Backlog {
  hints: Hint[]
  bytes: number
  /** How many of them are on their way. */
  underWay: number
}

export interface HintsOptions {
  readonly core: Core
  readonly repair: Pick<Repair, 'ownerMissed'>
}

export class Hints {
  readonly #core: Core
  readonly #repair: Pick<Repair, 'ownerMissed'>
  readonly #backlogs = new Map<string, Backlog>()
  #size = 0
  #tryAt = 0

  constructor({ core, repair }: HintsOptions) {
    this.#core = core
    this.#repair = repair
  }

  get size(): number {
    return this.#size
  }

  /** keep remembers that an owner missed a key, or gives up when there is no room for that. */
  keep(owner: string, { token, cache, key }: Place): void {
    const backlog = this.#backlog(owner)
    const bytes = key.length + overheadBytes
    if (backlog.bytes + bytes > this.#core.settings.hintBytesMax) {
      this.giveUp(owner, { token })
      return
    }
    // The key is part of what was received: a copy does not keep all of that.
    backlog.hints.push({ place: { token, cache, key: new Uint8Array(key) }, at: this.#core.now })
    backlog.bytes += bytes
    this.#size++
  }

  /** giveUp leaves it to repair what an owner missed. */
  giveUp(owner: string, { token }: Pick<Place, 'token'>): void {
    this.#repair.ownerMissed(token, owner)
  }

  /** replay sends an owner what it missed, one request at a time. */
  replay(owner: string): void {
    const backlog = this.#backlogs.get(owner)
    if (backlog === undefined || backlog.underWay > 0 || this.#core.isAway(owner)) return
    const copies: Copy[] = []
    let bytes = 0
    while (copies.length + 1 < batchMax && bytes < this.#core.settings.pageBytesMax) {
      const hint = backlog.hints[backlog.underWay]
      if (hint === undefined) break
      backlog.underWay++
      const copy = this.#copy(hint.place)
      if (copy === undefined) continue
      copies.push(copy)
      bytes += copy.type === 'entry' ? copy.value.length : 0
    }
    if (copies.length === 0) {
      this.#delivered(owner, backlog)
      return
    }
    const { replicaTimeoutMs } = this.#core.settings
    const settled = (outcome: AskSettled) => this.#settled(owner, backlog, outcome)
    this.#core.ask(owner, { type: 'apply', copies }, settled, replicaTimeoutMs)
  }

  /** clear forgets all: what they stand for is not in the store any more. */
  clear(): void {
    this.#backlogs.clear()
    this.#size = 0
  }

  /** tick lets go of what is too old, and tries owners that have said nothing for a while. */
  tick(): void {
    const { now, settings } = this.#core
    if (now < this.#tryAt || this.#size === 0) return
    this.#tryAt = now + settings.replicaTimeoutMs
    for (const [owner, backlog] of this.#backlogs) {
      if (backlog.underWay === 0) this.#expire(owner, backlog)
      this.replay(owner)
    }
  }

  #expire(owner: string, backlog: Backlog): void {
    const since = this.#core.now - this.#core.settings.hintMs
    let old = 0
    for (let hint = backlog.hints[0]; hint !== undefined && hint.at < since; hint = backlog.hints[++old]) {
      this.giveUp(owner, hint.place)
    }
    this.#drop(owner, backlog, old)
  }

  #settled(owner: string, backlog: Backlog, outcome: AskSettled): void {
    if (this.#backlogs.get(owner) !== backlog) return
    if (outcome.type === 'reply' && outcome.reply.type === 'applied') this.#delivered(owner, backlog)
    else backlog.underWay = 0
  }

  #delivered(owner: string, backlog: Backlog): void {
    const delivered = backlog.underWay
    backlog.underWay = 0
    this.#drop(owner, backlog, delivered)
    if (delivered > 0) this.replay(owner)
  }

  #drop(owner: string, backlog: Backlog, count: number): void {
    for (const { place } of backlog.hints.splice(0, count)) backlog.bytes -= place.key.length + overheadBytes
    this.#size -= count
    if (backlog.hints.length === 0) this.#backlogs.delete(owner)
  }

  #copy(place: Place): Copy | undefined {
    const { store, now } = this.#core
    const change = store.change(place, now)
    return change && copyOf(place, change, now)
  }

  #backlog(owner: string): Backlog {
    let backlog = this.#backlogs.get(owner)
    if (backlog === undefined) {
      backlog = { hints: [], bytes: 0, underWay: 0 }
      this.#backlogs.set(owner, backlog)
    }
    return backlog
  }
}
