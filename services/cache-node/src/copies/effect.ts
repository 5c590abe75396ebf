/** What the shell shall do, in this order. */
import type { Envelope, PeerReply, PeerRequest } from './peer-request.ts'

export type Effect =
  /** Send this to the member of that name, and report by settled(id, …). The core judges the deadline itself. */
  | {
      readonly type: 'ask'
      readonly id: number
      readonly to: string
      readonly envelope: Envelope
      readonly request: PeerRequest
    }
  /** Answer the request that receive() was called with. */
  | { readonly type: 'answer'; readonly requestId: number; readonly envelope: Envelope; readonly reply: PeerReply }
  /** The member has another ring than this node: exchange views with it. */
  | { readonly type: 'suspect-ring'; readonly member: string }
  | {
      readonly type: 'log'
      readonly level: 'debug' | 'info' | 'warn'
      readonly text: string
      readonly fields: Record<string, unknown>
    }
