/** Settling is what is left to do, in slices, after tokens were dropped (leaving.ts) and after roles have changed (roles.ts). */
import type { Engine } from './engine.ts'
import { main, replicas } from './entry.ts'

/** What one slice does: half a millisecond, or two where the memory moved to is touched for the first time. */
const slice = { bytes: 250_000, steps: 64, releases: 1_500, releaseSteps: 128 }
/** The same where memory is short: compaction wins the room for it, which moves a dozen times as much. */
const shortBytes = 40_000
/** What finding and moving one entry costs beside its bytes, in bytes that could be moved in that time. */
const moveCostBytes = 512

/** settle does one slice; false when nothing is left. */
export function settle(engine: Engine): boolean {
  const { holdings, roles } = engine
  if (holdings.leaving.count > 0) {
    holdings.releaseLeaving(slice.releaseSteps, slice.releases)
    return true
  }
  const bytes = holdings.hasRoomFor(slice.bytes) ? slice.bytes : shortBytes
  // Before the addresses are known: compaction moves entries.
  holdings.ensureSegments(bytes)
  for (let step = 0, left = bytes; step < slice.steps && left > 0; step++) {
    const addresses = roles.next(holdings.index)
    if (addresses === undefined) return false
    left -= relogAll(engine, addresses, bytes)
  }
  return true
}

/** Moves entries to the log of their role as far as there is room for it, about `bytes` of them; returns what that cost, in bytes. */
function relogAll({ holdings, roles }: Engine, addresses: readonly number[], bytes: number): number {
  const { fields, segments } = holdings
  let cost = 0
  for (const address of addresses) {
    const isReplica = !roles.coordinates(fields.token(address))
    if (!fields.isCurrent(address) || fields.isTombstone(address) || isReplica === (fields.log(address) === replicas))
      continue
    const size = fields.size(address)
    const hasRoom = size <= segments.room * segments.bytes
    // The rest follows in the next step; when compaction cannot win room for an entry it stays where it is.
    if (cost > 0 && (!hasRoom || cost > bytes)) return cost
    if (!hasRoom) continue
    holdings.relog(address, isReplica ? replicas : main)
    cost += size + moveCostBytes
  }
  roles.pass()
  return cost
}
