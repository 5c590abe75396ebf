/**
 * An errand is the first attempt of a command: to its owner, marked direct. Nearly all calls need no other, so that this
 * one object is all that they cost beside their promise: attempt and bookkeeping in one.
 */
import type { Peer } from './fleet.ts'
import type { Attempt, Carrier, Unanswered } from './lane/attempt.ts'
import type { Command, Outcome } from './protocol/index.ts'
import type { Routes } from './router.ts'

export abstract class Errand<C extends Command = Command> implements Attempt {
  readonly command: C
  readonly isDirect = true
  id = 0
  isCancelled = false
  carrier: Carrier | undefined = undefined
  /** What its value counts while it is under way: an array whose memory is handed over meanwhile has another length then. */
  bytes = 0
  /** Where it was sent, and by which routes; undefined before. */
  peer: Peer | undefined = undefined
  routes: Routes | undefined = undefined

  constructor(command: C) {
    this.command = command
  }

  /** begunMs is when it was begun, on the clock of performance.now(). */
  abstract get begunMs(): number
  abstract succeed(outcome: Outcome): void
  abstract fail(failure: Unanswered): void
}
