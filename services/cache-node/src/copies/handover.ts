/** Handover: when a node that leaves may go. */
import type { View } from '@ringhold/sdk/membership'
import { isOnRing } from '@ringhold/sdk/protocol'
import type { CopiesStatus } from './status.ts'

/**
 * isHandedOver tells whether others coordinate and hold what a leaving node did; or nobody is left who could take over. A
 * member that is joining will: it is on no ring yet, but claims as soon as it is, and comes up empty if nobody waited.
 */
export function isHandedOver(
  self: string,
  view: View,
  { tokens, entries, strayTokens }: Pick<CopiesStatus, 'tokens' | 'entries' | 'strayTokens'>,
): boolean {
  for (const { name, status } of view.values()) {
    if (name === self || !(isOnRing(status) || status === 'joining')) continue
    return tokens.held + tokens.claiming + tokens.provisional + entries.strays + strayTokens === 0
  }
  return true
}
