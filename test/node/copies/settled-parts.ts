/** Parts as in production, but whatever is claimed is settled at once, and nothing is mended: for tests of claims and writes alone. */
import { dataParts, type PartsFactory } from '#node/copies/data-parts.js'

const nothing = () => {}

export const settledParts: PartsFactory = (around) => ({
  sync: {
    claimed: nothing,
    alsoHeld: nothing,
    released: nothing,
    isSettled: () => true,
    fetchKey: (_place, done) => done(true),
    dropped: nothing,
    ringChanged: nothing,
    tick: nothing,
    syncingTokens: 0,
    entriesLeft: 0,
    pulledEntries: 0,
    pulledBytesPerSecond: 0,
  },
  repair: {
    ringChanged: nothing,
    ownerMissed: nothing,
    dropped: nothing,
    tick: nothing,
    underReplicatedTokens: 0,
    bytesSent: 0,
  },
  strays: { tick: nothing, tokens: 0, entries: 0 },
  evictions: { tick: nothing, overwrote: nothing, hasListeners: false, isQuiet: true },
  shelf: dataParts(around).shelf,
})
