/** What the shell shall do. Effects of one call must be performed in their order. */
import type { RingholdError } from '@ringhold/sdk/protocol'
import type { PeerMessage } from './message.ts'

export type Effect =
  /** Send the message to the peer at `to` and report by settled(id, …). The core itself judges the deadline; the shell gives up at 4 × it. */
  | {
      readonly type: 'exchange'
      readonly id: number
      readonly to: string
      readonly message: PeerMessage
      readonly deadlineMs: number
    }
  /** Answer the request that receive() was called with. */
  | { readonly type: 'answer'; readonly requestId: number; readonly message: PeerMessage }
  /** Something that ring or topology show has changed. */
  | { readonly type: 'view' }
  /** The node itself became alive. */
  | { readonly type: 'joined' }
  /** The node stood still for so long: whatever it was in charge of may be with others. */
  | { readonly type: 'woke'; readonly stoodStillMs: number }
  /** Others held the node dead, and may have taken over what it was in charge of. It comes before the refutation leaves. */
  | { readonly type: 'declared-dead'; readonly why: string; readonly apartMs: number }
  /** The node was apart for so long that its entries may be outdated: drop them now, before anything leaves. */
  | { readonly type: 'drop-entries'; readonly why: string }
  /** The node must end: its name is taken, the seeds belong to another fleet, or none of them answers. */
  | { readonly type: 'stop'; readonly error: RingholdError }
  | {
      readonly type: 'log'
      readonly level: 'debug' | 'info' | 'warn'
      readonly text: string
      readonly fields: Record<string, unknown>
    }

/** Settlement is how an exchange ended, as the shell saw it. 'refused': nothing listens there. 'failed': all else, aborts included. */
export type Settlement =
  | { readonly type: 'reply'; readonly message: PeerMessage }
  | { readonly type: 'refused' }
  | { readonly type: 'failed' }
