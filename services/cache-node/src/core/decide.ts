/**
 * Who executes a command: the pure decision, apart from performing it.
 *
 *                       what this node is to the token
 *      origin           it coordinates   claiming   an owner, no more   nothing
 *      plain            here             wait       pass on             pass on
 *      direct           here             wait       pass on             421: the caller computes its ring anew
 *      failover         here             wait       pass on             421
 *      forwarded        here             wait       421                 421: the forwarder decides anew
 *
 * A caller that routes itself comes to a replica when it cannot reach the coordinator; the replica tries on its own, and
 * coordinates in its stead if it fails as well. What a peer passes on with the same reason is a failover. All else that
 * is forwarded is never passed on again, so rings that disagree cost a refusal, never a loop.
 */
import type { ErrorCode } from '@ringhold/sdk/protocol'
import type { TokenState } from '../copies/parts.ts'

/** Origin is where a command comes from: a plain client, one that routes itself, or a peer that passed it on. */
export type Origin = 'plain' | 'direct' | 'forwarded' | 'failover'

/** Answers is whether a node may speak for the fleet now: not before it has joined, nor fenced after a freeze. */
export type Answers = 'yes' | 'joining' | 'fenced'

export type Decision =
  | { readonly type: 'here' }
  | { readonly type: 'wait' }
  | { readonly type: 'pass-on' }
  | { readonly type: 'refuse'; readonly code: ErrorCode; readonly detail: string; readonly owner?: string }

export interface Situation {
  readonly self: string
  readonly answers: Answers
  readonly origin: Origin
  readonly state: TokenState
  /** Of the token, by the ring of this node, the coordinator first. */
  readonly owners: readonly string[]
}

const here: Decision = { type: 'here' }
const wait: Decision = { type: 'wait' }
const passOn: Decision = { type: 'pass-on' }
const joining = notReady('the node is still joining its fleet')
const fenced = notReady('the node was cut off and has not heard from its fleet since')
const nobody = notReady('no node of the fleet is on the ring')

/** decide tells what becomes of a command. */
export function decide({ self, answers, origin, state, owners }: Situation): Decision {
  if (answers !== 'yes') return answers === 'joining' ? joining : fenced
  if (state === 'held' || state === 'provisional') return here
  const [coordinator] = owners
  if (coordinator === undefined) return nobody
  if (state === 'claiming' || coordinator === self) return wait
  if (origin === 'plain') return passOn
  if (origin !== 'forwarded' && owners.includes(self)) return passOn
  const detail = `${self} does not own this key, ${coordinator} does`
  return { type: 'refuse', code: 'RINGHOLD_WRONG_OWNER', detail, owner: coordinator }
}

function notReady(detail: string): Decision {
  return { type: 'refuse', code: 'RINGHOLD_NOT_READY', detail }
}
