/** Wall clocks that are wrong: an hour ahead, an hour behind, jumping. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { keysOf, traffic, wait } from './play.ts'

const entries = 2_000
const hourMs = 3_600_000
const preload = [new URL('../../shifted-clock.js', import.meta.url).href]
const ttlMs = 4_000
const errorMs = 1_000

const clocks: readonly Record<string, string>[] = [
  { CHAOS_CLOCK_MS: String(hourMs) },
  { CHAOS_CLOCK_MS: String(-hourMs) },
  { CHAOS_CLOCK_JUMPS_MS: [hourMs, -hourMs, 0].join(',') },
]

export const wrongClocks: Scenario = {
  name: 'clocks',
  title: 'one clock an hour ahead, one an hour behind, one jumping, and the one ahead is killed',
  async play(stage) {
    const fleet = await stage.fleet({ size: 5, preload, envOf: (index) => clocks[index] ?? {} })
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
    await fleet.settle(30_000)
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
  await pause(since + ttlMs - errorMs - performance.now())
  const before = (await cache.getMany(keys)).filter((value) => value === undefined).length
  await pause(written + ttlMs + errorMs - performance.now())
  const after = (await cache.getMany(keys)).filter((value) => value !== undefined).length
  stage.check('keys expire within 1 s of their time', before === 0 && after === 0, { early: before, late: after })
}
