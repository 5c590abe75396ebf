/** Parts that move nothing: whatever is claimed is settled at once. For tests of claims and writes alone. */
import type { PartsFactory } from '#node/copies/data-parts.js'

export const settledParts: PartsFactory = () => ({
  sync: {
    claimed: () => {},
    released: () => {},
    isSettled: () => true,
    fetchKey: (_place, done) => done(),
    dropped: () => {},
    ringChanged: () => {},
    tick: () => {},
    syncingTokens: 0,
    entriesLeft: 0,
    pulledBytesPerSecond: 0,
  },
  repair: { ringChanged: () => {}, ownerMissed: () => {}, tick: () => {}, underReplicatedTokens: 0, bytesSent: 0 },
  strays: { tick: () => {}, tokens: 0, entries: 0 },
  evictions: { tick: () => {} },
  shelf: { serve: () => ({ type: 'noted' }) },
})
