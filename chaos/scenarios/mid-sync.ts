/** The move of entries to a new node is broken off, by the death of either end, near its beginning, middle and end. */
import type { Fleet, Report } from '../fleet.ts'
import type { NodeProcess } from '../node-process.ts'
import type { Operation } from '../operation.ts'
import type { Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { patienceMs, waitUntil } from '../wait-until.ts'
import { keysOf, sizeOf } from './play.ts'

const valueChars = 1_000
const finishWithinMs = 60_000

export const killMidSync: Scenario = {
  name: 'kill-mid-sync',
  title: 'the source or the target of a sync is killed at 10, 50 and 90 %',
  async play(stage) {
    const shares = stage.isLong ? [0.1, 0.5, 0.9] : [0.5]
    const victims = stage.isLong ? (['target', 'source', 'second source'] as const) : (['target', 'source'] as const)
    const size = sizeOf(stage, 3)
    for (const share of shares) {
      const fleet = await stage.fleet({ size })
      const keys = keysOf(stage.isLong ? 60_000 : 10_000)
      const filler = await stage.client(fleet.urls)
      const filled = await stage.fill(filler, keys, 'x'.repeat(valueChars))
      for (const [at, victim] of victims.entries()) {
        const index = await playKill(stage, { fleet, size, keys, filled, share, victim })
        if (at < victims.length - 1) await restore(fleet, size, index)
      }
      await fleet.end()
    }
  },
}

interface Kill {
  readonly fleet: Fleet
  /** How many nodes there were before the one that is the target of the sync. */
  readonly size: number
  readonly keys: readonly string[]
  readonly filled: readonly Operation[]
  readonly share: number
  readonly victim: 'target' | 'source' | 'second source'
}

/** Returns the place of the node that was killed. */
async function playKill(stage: Stage, { fleet, size, keys, filled, share, victim }: Kill): Promise<number> {
  const target = fleet.spawn(size)
  const seen = await entriesAt(target, ((keys.length * fleet.copies) / (size + 1)) * share)
  const index = { target: size, source: 0, 'second source': size - 1 }[victim]
  await fleet.kill(index)
  const ms = Math.round(await fleet.settle(finishWithinMs))
  stage.check(`${victim} killed at ${share * 100} %: finished within 60 s`, ms <= finishWithinMs, {
    ms,
    entriesThen: seen,
  })
  await stage.judgeEnd(fleet, keys, filled)
  await stage.judgeHoldings(fleet, keys.length)
  return index
}

/** Brings the fleet back to the nodes that it had before the sync. */
async function restore(fleet: Fleet, size: number, killed: number): Promise<void> {
  if (killed === size) return
  await fleet.node(size).end('SIGTERM')
  fleet.spawn(killed)
  await fleet.settle(finishWithinMs)
}

/** Waits until the new node holds so many entries; returns how many it then had. */
function entriesAt({ url }: NodeProcess, entries: number): Promise<number> {
  const count = async () => {
    const reply = await fetch(`${url}/v1/stats`, { signal: AbortSignal.timeout(1_000) })
    const { copies } = (await reply.json()) as Report
    const held = copies.entries.coordinated + copies.entries.replicas
    return held >= entries && held
  }
  return waitUntil('the new node has its share', patienceMs, count, 2) as Promise<number>
}
