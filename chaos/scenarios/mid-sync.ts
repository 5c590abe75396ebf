/** The move of entries to a new node is broken off, by the death of either end, near its beginning, middle and end. */
import type { Fleet, Report } from '../fleet.ts'
import type { Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { waitUntil } from '../wait-until.ts'
import { keysOf } from './play.ts'

const valueChars = 1_000
const finishWithinMs = 60_000

export const killMidSync: Scenario = {
  name: 'kill-mid-sync',
  title: 'the source or the target of a sync is killed at 10, 50 and 90 %',
  async play(stage) {
    const shares = stage.isLong ? [0.1, 0.5, 0.9] : [0.5]
    for (const share of shares)
      for (const victim of ['target', 'source', 'second source'] as const) {
        if (!stage.isLong && victim === 'second source') continue
        await playKill(stage, share, victim)
      }
  },
}

async function playKill(stage: Stage, share: number, victim: 'target' | 'source' | 'second source'): Promise<void> {
  const fleet = await stage.fleet({ size: 5 })
  const keys = keysOf(stage.isLong ? 60_000 : 10_000)
  const filler = await stage.client(fleet.urls)
  const filled = await stage.fill(filler, keys, 'x'.repeat(valueChars))
  fleet.spawn(5)
  const seen = await entriesAt(fleet, ((keys.length * fleet.copies) / 6) * share)
  const index = { target: 5, source: 0, 'second source': 4 }[victim]
  await fleet.kill(index)
  const ms = Math.round(await fleet.settle(finishWithinMs))
  stage.check(`${victim} killed at ${share * 100} %: finished within 60 s`, ms <= finishWithinMs, {
    ms,
    entriesThen: seen,
  })
  await stage.judgeEnd(fleet, keys, filled)
  await stage.judgeHoldings(fleet, keys.length)
  await fleet.end()
}

/** Waits until the new node holds so many entries; returns how many it then had. */
function entriesAt(fleet: Fleet, entries: number): Promise<number> {
  const { url } = fleet.node(5)
  const count = async () => {
    const reply = await fetch(`${url}/v1/stats`, { signal: AbortSignal.timeout(1_000) })
    const { copies } = (await reply.json()) as Report
    const held = copies.entries.coordinated + copies.entries.replicas
    return held >= entries && held
  }
  return waitUntil('the new node has its share', 30_000, count, 2) as Promise<number>
}
