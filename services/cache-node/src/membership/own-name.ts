/**
 * What a node makes of a record that bears its own name. Only the node itself may raise its incarnation, and it does so
 * to refute; but the record may also be of its own past, before a restart, or of another process that took its name.
 */
import { compareMembers, isGone, type Member } from '@ringhold/sdk/membership'

export type Judgement =
  /** Nothing to do: it loses against what the node says of itself, or the node is going anyway. */
  | { readonly type: 'ignore' }
  /** Take this incarnation. `declaredDead`: others held the node gone while it ran, its entries may be stale. */
  | { readonly type: 'refute'; readonly incarnation: number; readonly declaredDead: boolean }
  /** Others held the node gone in an incarnation that it has left already; its entries may be stale all the same. */
  | { readonly type: 'was-dead'; readonly incarnation: number }
  /** Another process may be running under this name: find out. */
  | { readonly type: 'contest' }

const ignore: Judgement = { type: 'ignore' }

/** judge decides about a record `heard` of the name of `self`. */
export function judge(self: Member, heard: Member): Judgement {
  if (self.status === 'leaving' || self.status === 'left') return ignore
  if (heard.instance === self.instance) {
    if (isGone(heard.status) && heard.incarnation < self.incarnation) {
      return { type: 'was-dead', incarnation: heard.incarnation }
    }
    const harmless = heard.status === 'joining' || heard.status === 'alive'
    return harmless && heard.incarnation <= self.incarnation ? ignore : refuteIfBeaten(self, heard)
  }
  const past = isGone(heard.status) || heard.urls.peer === self.urls.peer
  if (past) return refuteIfBeaten(self, heard)
  // One of two processes has to yield, and only that one asks: a joining one to one that runs, else the lower record.
  const weJoin = self.status === 'joining'
  const theyJoin = heard.status === 'joining'
  return (weJoin === theyJoin ? lower(self, heard) : weJoin) ? { type: 'contest' } : ignore
}

function refuteIfBeaten(self: Member, heard: Member): Judgement {
  if (compareMembers(heard, self) < 0) return ignore
  const declaredDead = isGone(heard.status) && self.status !== 'joining'
  return { type: 'refute', incarnation: heard.incarnation + 1, declaredDead }
}

function lower(self: Member, heard: Member): boolean {
  if (self.incarnation !== heard.incarnation) return self.incarnation < heard.incarnation
  return self.instance < heard.instance
}
