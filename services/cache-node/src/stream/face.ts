import type { ByteCommand, FrameKey, Limits, Outcome, PlainSet } from '@ringhold/sdk/protocol'
import type { HIT_IN_SINK } from '../copies/copies.ts'
import type { Origin } from '../core/decide.ts'
import type { Ahead, Executed } from '../core/executor.ts'
import type { HitSink } from '../core/hit-sink.ts'
import type { Rooms } from './rooms.ts'

/** Face is what a conversation needs of its node. */
export interface Face {
  /** The name of this node. */
  readonly self: string
  readonly limits: Limits
  readonly rooms: Rooms
  /**
   * execute runs a command, whose bytes are good until it returns and which was here at `heardAt`, in milliseconds on the
   * monotonic clock; undefined: it was a hit, and the sink has it.
   */
  readonly execute: (
    command: ByteCommand,
    origin: Origin,
    sink: HitSink,
    heardAt: number,
  ) => Executed | Promise<Executed> | undefined
  /**
   * get is execute for a get that this node answers at once, a hit by the sink; undefined: it is one for execute, and nothing
   * has happened.
   */
  readonly get: (key: FrameKey, sink: HitSink, heardAt: number) => Outcome | typeof HIT_IN_SINK | undefined
  /** set is the same for a set that this node answers at once; undefined: it is one for execute, and nothing has happened. */
  readonly set: (key: FrameKey, set: PlainSet) => Outcome | undefined
  /** ahead finds and prepares for the keys of commands that follow each other closely, before they are executed. */
  readonly ahead: Ahead
  /** originOf tells where a command comes from that is marked as routed by its sender, or not. */
  readonly originOf: (isDirect: boolean) => Origin
  /** Checksum of the present ring. */
  readonly ringChecksum: () => string
  /** Called with what is our own fault. */
  readonly onFault: (error: unknown) => void
}
