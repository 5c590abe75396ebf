/** The parts that move and compare entries, made for one node. */
import type { Core } from './core.ts'
import type { DataParts, Holdings } from './parts.ts'

export type PartsFactory = (around: { core: Core; holdings: Holdings }) => DataParts

export const dataParts: PartsFactory = () => ({
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
