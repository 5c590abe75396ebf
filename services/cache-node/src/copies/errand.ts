/** Errand is a command that cannot be answered in the call it came with, on its way through this node. */
import type { ByteCommand, ErrorCode } from '@ringhold/sdk/protocol'
import type { Origin } from '../core/decide.ts'
import type { Done } from '../core/executed.ts'

export interface Errand {
  readonly command: ByteCommand
  readonly token: number
  readonly origin: Origin
  readonly done: Done
  /** When its caller gets an error instead. */
  readonly dueAt: number
  /** Whether it counts among those that wait. */
  isAdmitted: boolean
  /** The owner to ask next: those before it cannot be reached. It counts for the ring with this checksum only. */
  rank: number
  rankedBy: string
  /** When it was tried with the first owner. */
  firstTriedAt: number
  /** How long it pauses before it is decided anew. */
  pauseMs: number
  /** Whether its key was brought in from where its token comes from. */
  isFetched: boolean
  /** Whether somebody may have executed it without saying so. */
  mayBeDone: boolean
  /** What its caller is told when its time is up, and what it waited for last. */
  code: ErrorCode
  why: string
}
