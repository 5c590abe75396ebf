/**
 * The exchanges under way. The deadline of each is judged here, in waking time and only in ticks: at the deadline its
 * sender hears 'late'; a reply that comes after that still counts as a sign of life, so the entry stays until the
 * shell reports the end.
 */
import type { Effect, Settlement } from './effect.ts'
import type { Missed } from './investigation.ts'
import type { Gossip, PeerMessage, Probed, Refusal } from './message.ts'

/** Outcome is what the sender of an exchange hears. 'foreign': something else than our node answers there. */
export type Outcome =
  | { readonly type: 'reply'; readonly message: Gossip | Probed }
  | { readonly type: 'foreign'; readonly refusal: Refusal | undefined }
  | { readonly type: 'refused' | 'failed' | 'late' }

export interface Letter {
  readonly to: string
  readonly message: PeerMessage
  readonly deadlineMs: number
  /** Called once with how it ended; after 'late' once more if a reply comes nevertheless. */
  readonly done: (outcome: Outcome) => void
}

export interface Sent extends Letter {
  /** Real time. */
  readonly sentAt: number
  /** Waking time. */
  readonly dueAt: number
  late: boolean
}

/** An exchange that the shell has not settled after this many deadlines is given up for good. */
const abandonedAfter = 8

export class Exchanges {
  readonly #max: number
  readonly #effects: Effect[]
  readonly #sent = new Map<number, Sent>()
  #lastId = 0

  constructor(max: number, effects: Effect[]) {
    this.#max = max
    this.#effects = effects
  }

  get size(): number {
    return this.#sent.size
  }

  /** send returns false, and does nothing, when too many exchanges are under way. */
  send(letter: Letter, now: number, awake: number): boolean {
    if (this.#sent.size >= this.#max) return false
    const deadlineMs = Math.round(letter.deadlineMs)
    const id = ++this.#lastId
    this.#sent.set(id, { ...letter, sentAt: now, dueAt: awake + deadlineMs, late: false })
    this.#effects.push({ type: 'exchange', id, to: letter.to, message: letter.message, deadlineMs })
    return true
  }

  /** take takes an exchange off the table; undefined when it is not there. The caller tells its sender by settle(). */
  take(id: number): Sent | undefined {
    const sent = this.#sent.get(id)
    this.#sent.delete(id)
    return sent
  }

  settle(sent: Sent, outcome: Outcome): void {
    if (!sent.late || outcome.type === 'reply') sent.done(outcome)
  }

  tick(awake: number): void {
    for (const [id, sent] of this.#sent) {
      if (awake < sent.dueAt) continue
      if (!sent.late) {
        sent.late = true
        sent.done({ type: 'late' })
      } else if (awake >= sent.dueAt + (abandonedAfter - 1) * sent.deadlineMs) this.#sent.delete(id)
    }
  }
}

/** outcomeOf turns what the shell reports into what the sender hears. */
export function outcomeOf(settlement: Settlement): Outcome {
  if (settlement.type !== 'reply') return { type: settlement.type }
  const { message } = settlement
  if (message.type === 'gossip' || message.type === 'probed') return { type: 'reply', message }
  return { type: 'foreign', refusal: message.type === 'refusal' ? message : undefined }
}

/** missedOf tells what a failed exchange shows: something else at the address means that nobody of that name listens there. */
export function missedOf(outcome: Outcome): Missed {
  return outcome.type === 'failed' || outcome.type === 'late' ? 'silent' : 'refused'
}
