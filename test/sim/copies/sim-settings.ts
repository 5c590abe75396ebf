/** Settings of the nodes: intervals that only cost virtual time are shorter than in production. */
import type { CopiesSettings } from '#node/copies/settings.js'
import type { MembershipSettings } from '#node/membership/settings.js'
import type { Plan } from './plan.ts'

export function membershipSettings({ tombstoneGraceMs }: Plan): Partial<MembershipSettings> {
  return { revisitMs: 3_000, apartMsMax: tombstoneGraceMs / 2 }
}

export function copiesSettings({ tombstoneGraceMs, seed }: Plan): Partial<CopiesSettings> {
  return {
    compareIntervalMs: 2_000,
    tombstoneGraceMs,
    // Small pages make syncs take many steps, and bounds that are reached.
    pageBytesMax: seed % 2 === 0 ? 400 : 262_144,
    // Few tokens in a claim make many messages, which takes a few times as long to play.
    claimTokensMax: seed % 4 === 0 ? 256 : 4_096,
    hintBytesMax: seed % 5 === 0 ? 2_000 : 4 * 1_048_576,
    waitingMax: seed % 7 === 0 ? 20 : 4_096,
  }
}
