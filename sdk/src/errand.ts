/**
 * An errand is the first attempt of a command: to its owner, marked direct. Nearly all calls need no other, so that this
 * one object is all that they cost beside their promise: attempt and bookkeeping in one. It is no base class, since Node 20
 * does not inline what the constructor of a derived class calls.
 */
import type { Peer } from './fleet.ts'
import type { Attempt } from './lane/attempt.ts'
import type { Command } from './protocol/index.ts'
import type { Routes } from './router.ts'

export interface Errand<C extends Command = Command> extends Attempt {
  readonly command: C
  /** What its value counts while it is under way: an array whose memory is handed over meanwhile has another length then. */
  bytes: number
  /** Where it was sent, and by which routes; undefined before. */
  peer: Peer | undefined
  routes: Routes | undefined
  /** begunMs is when it was begun, on the clock of performance.now(). */
  readonly begunMs: number
}
