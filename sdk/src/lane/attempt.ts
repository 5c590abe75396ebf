/**
 * An attempt is one command on its way to one node. Lanes carry attempts and tell them what became of them, each exactly
 * once, or not at all when they were cancelled.
 *
 *      submit ─► queued ─► sent ─┬─► succeed(outcome)
 *                  │        │    └─► fail(answer)          the node said no, or the connection broke
 *                  └────────┴──────► cancelled             by whoever waits for it
 */
import type { Command, Outcome, RingholdError } from '../protocol/index.ts'

/** Attempt is a command with what a lane notes of it. */
export interface Attempt {
  readonly command: Command<string | Uint8Array>
  /** Whether a node that is not the coordinator shall answer 421 instead of forwarding. */
  readonly isDirect: boolean
  /** Its number on the connection that it was sent on; 0: it was not sent yet. */
  id: number
  /** Whether it was cancelled: lanes then leave it out, or drop its answer. */
  isCancelled: boolean
  /** Who is to be told when it is cancelled; undefined: nobody. */
  carrier: Carrier | undefined
  /** succeed takes the outcome. A hit and its value are overwritten then: what is kept of them must be copied at once. */
  succeed(outcome: Outcome): void
  fail(failure: Unanswered): void
}

/** Unanswered is what became of an attempt without an outcome. */
export type Unanswered =
  /** The node answered with an error. */
  | { readonly type: 'reply'; readonly error: RingholdError; readonly ring: string | undefined }
  /** 'refused': nothing was sent. 'lost': it was sent, and the connection broke before the answer came. */
  | { readonly type: 'refused' | 'lost'; readonly error: RingholdError; readonly ring: undefined }

/** Carrier is what an attempt was sent with, where cancelling it saves something. */
export interface Carrier {
  /** left is called for each attempt that is cancelled. */
  left(): void
}

/** Lane carries attempts to one node. */
export interface Lane {
  submit(attempt: Attempt): void
  /** close resolves when what is under way is done. */
  close(): Promise<void>
  /** destroy fails what is under way. */
  destroy(): Promise<void>
}

/** cancel takes an attempt off its lane, and tells whether it had been sent. */
export function cancel(attempt: Attempt): boolean {
  attempt.isCancelled = true
  attempt.carrier?.left()
  return attempt.id !== 0
}
