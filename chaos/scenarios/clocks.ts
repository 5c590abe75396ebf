/** Wall clocks that are wrong: an hour ahead, an hour behind, jumping. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { keysOf, sizeOf, traffic, wait } from './play.ts'

const entries = 2_000
const hourMs = 3_600_000
const preload = [new URL('../../shifted-clock.js', import.meta.url).href]
const ttlMs = 4_000
const errorMs = 1_000
const readEveryMs = 250

const clocks: readonly Record<string, string>[] = [
  { CHAOS_CLOCK_MS: String(hourMs) },
  { CHAOS_CLOCK_MS: String(-hourMs) },
  { CHAOS_CLOCK_JUMPS_MS: [hourMs, -hourMs, 0].join(',') },
]

export const wrongClocks: Scenario = {
  name: 'clocks',
  title: 'one clock an hour ahead, one an hour behind, one jumping, and the one ahead is killed',
  async play(stage) {
    const fleet = await stage.fleet({ size: sizeOf(stage, 3), preload, envOf: (index) => clocks[index] ?? {} })
    const keys = keysOf(entries)
    const filler = await stage.client(fleet.urls)
    const filled = await stage.fill(filler, keys)
    const { stop } = await traffic(stage, fleet, { keys })
    const expiring = watchExpiry(stage, fleet.urls)
    for (let jump = 0; jump < 3; jump++) {
      await wait(stage, 1, 20)
      fleet.node(2).signal('SIGWINCH')
    }
    await expiring
    const deaths = (await fleet.reports()).reduce((sum, { gossip }) => sum + gossip.deaths, 0)
    stage.check('membership is undisturbed', deaths === 0, { deaths })
    await fleet.kill(0)
    await fleet.settle()
    await wait(stage, 1, 20)
    const operations = [...filled, ...(await stop())]
    stage.judgeHistory(operations)
    await stage.judgeEnd(fleet, keys, operations)
    await stage.judgeHoldings(fleet, entries)
  },
}

/** Writes keys that expire, and looks when they do. */
async function watchExpiry(stage: Stage, urls: readonly string[]): Promise<void> {
  const client = await stage.client(urls)
  const keys = keysOf(500, 'expiring')
  const since = performance.now()
  await client.sdk.cache('expiring').setMany(
    keys.map((key) => [key, key] as const),
    { ttlMs },
  )
  const written = performance.now()
  const cache = client.sdk.cache('expiring')
  // Only what was read before a key may expire tells that it expired early: a read may be late itself.
  const dueMs = since + ttlMs - errorMs
  let early = 0
  let reads = 0
  for (let isInTime = true; isInTime; ) {
    const missing = (await cache.getMany(keys)).filter((value) => value === undefined).length
    isInTime = performance.now() < dueMs
    if (isInTime) [early, reads] = [Math.max(early, missing), reads + 1]
    await pause(readEveryMs)
  }
  await pause(written + ttlMs + errorMs - performance.now())
  const late = (await cache.getMany(keys)).filter((value) => value !== undefined).length
  const isKept = early === 0 && late === 0 && reads > 0
  stage.check('keys expire within 1 s of their time', isKept, { early, late, reads })
}
