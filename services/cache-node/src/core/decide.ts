/**
 * Who executes a command: the pure decision, apart from performing it.
 *
 *                       this node coordinates the token?
 *      origin           yes        no
 *      plain            local      forward once to the coordinator
 *      direct           local      421: the caller routes itself and computes its ring anew
 *      forwarded        local      421: the forwarder tells its caller to try again
 *
 * A forwarded command is never forwarded again, so rings that disagree cost a refusal, never a loop.
 */
import type { ErrorCode } from '@ringhold/sdk/protocol'

/** Origin is where a command comes from: a plain client, one that routes itself, or a peer that forwarded it. */
export type Origin = 'plain' | 'direct' | 'forwarded'

/** Answers is whether a node may speak for the fleet now: not before it has joined, nor fenced after a freeze. */
export type Answers = 'yes' | 'joining' | 'fenced'

export type Decision =
  | { readonly type: 'local' }
  | { readonly type: 'forward'; readonly to: string }
  | { readonly type: 'refuse'; readonly code: ErrorCode; readonly detail: string; readonly owner?: string }

export interface Situation {
  readonly self: string
  readonly answers: Answers
  readonly origin: Origin
  /** By the ring of this node; undefined when its ring has no members. */
  readonly coordinator: string | undefined
}

const local: Decision = { type: 'local' }
const joining = notReady('the node is still joining its fleet')
const fenced = notReady('the node was cut off and has not heard from its fleet since')
const nobody = notReady('no node of the fleet is on the ring')

/** decide tells what becomes of a command. */
export function decide({ self, answers, origin, coordinator }: Situation): Decision {
  if (answers !== 'yes') return answers === 'joining' ? joining : fenced
  if (coordinator === self) return local
  if (coordinator === undefined) return nobody
  if (origin === 'plain') return { type: 'forward', to: coordinator }
  const detail = `${self} does not own this key, ${coordinator} does`
  return { type: 'refuse', code: 'RINGHOLD_WRONG_OWNER', detail, owner: coordinator }
}

function notReady(detail: string): Decision {
  return { type: 'refuse', code: 'RINGHOLD_NOT_READY', detail }
}
