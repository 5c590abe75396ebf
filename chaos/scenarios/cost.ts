/** What copies cost: throughput with two against one, and the rate at which entries move. */
import type { Fleet } from '../fleet.ts'
import type { Operation } from '../operation.ts'
import { percentile } from '../per-second.ts'
import type { Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { patienceMs, waitUntil } from '../wait-until.ts'
import { keysOf, wait } from './play.ts'

const inFlight = 1_024
const costMin = 0.45
const mebibyte = 1_048_576
const syncRateMin = 80
const valueBytes = 10_240
/** What goes on while entries move, and by how much its p99 may rise. */
const foregroundPerSecond = 300
const foregroundFactorMax = 2
/** How often nodes are asked how far they are: each answer takes a millisecond or more of what is measured. */
const pollMs = 100

export const cost: Scenario = {
  name: 'cost',
  title: 'throughput with two copies against one, at 1,024 in flight',
  async play(stage) {
    const rounds = stage.isLong ? 3 : 1
    const rates: Record<1 | 2, number[]> = { 1: [], 2: [] }
    for (let round = 0; round < rounds; round++) {
      for (const copies of [1, 2] as const) rates[copies].push(await throughput(stage, copies))
    }
    const [one, two] = [median(rates[1]), median(rates[2])]
    const ratio = Math.round((two / one) * 100) / 100
    stage.check('two copies, acknowledged by both, reach 0.45 of the throughput of one', ratio >= costMin, {
      one,
      two,
      ratio,
    })
  },
}

export const syncRate: Scenario = {
  name: 'sync-rate',
  title: 'a second node takes over copies of everything that the first holds, while both are used',
  async play(stage) {
    const bytes = (stage.isLong ? 1_024 : 64) * mebibyte
    const fleet = await stage.fleet({ size: 1, memory: stage.isLong ? '2GiB' : '256MiB' })
    const client = await stage.client(fleet.urls, { timeoutMs: 10_000 })
    const value = new Uint8Array(valueBytes)
    const keys = keysOf(Math.floor(bytes / valueBytes))
    for (let at = 0; at < keys.length; at += 1_000) {
      await client.sdk.setMany(keys.slice(at, at + 1_000).map((key) => [key, value] as const))
    }
    const used = keysOf(1_000, 'used')
    await stage.fill(client, used)
    const load = stage.load({ clients: [client], keys: used, perSecond: foregroundPerSecond })
    const phase = async (ends: () => Promise<unknown>): Promise<number> => {
      const since = client.operations.length
      await ends()
      return latency(client.operations.slice(since))
    }
    const beforeMs = await phase(() => wait(stage, 3, 10))
    fleet.spawn(1)
    const joiningMs = await phase(() => fleet.agree())
    const claimingMs = await phase(() => claimed(fleet))
    let seconds = 0
    const movingMs = await phase(async () => {
      seconds = (await fleet.settle(120_000)) / 1_000
    })
    const afterMs = await phase(() => wait(stage, 3, 10))
    await load.stop()
    stage.judgeHistory(client.operations)
    const rate = Math.round(bytes / mebibyte / seconds)
    await stage.judgeHoldings(fleet, keys.length + used.length)
    stage.check('entries move at 80 MiB a second or more', rate >= syncRateMin, { mebibytesPerSecond: rate, seconds })
    // Before there was one copy to write, afterwards there are two.
    const restMs = Math.max(beforeMs, afterMs)
    stage.check('the p99 of calls at most doubles while entries move', movingMs <= foregroundFactorMax * restMs, {
      ...{ beforeMs, joiningMs, claimingMs, movingMs, afterMs },
    })
  },
}

/** Resolves when every token has its coordinator by the new ring: from then on entries move. */
async function claimed(fleet: Fleet): Promise<void> {
  const isClaimed = async () => (await fleet.reports()).every(({ copies }) => copies.tokens.claiming === 0)
  await waitUntil('all tokens are claimed', patienceMs, isClaimed, pollMs)
}

/** The p99 of operations, in milliseconds from when they began. */
function latency(operations: readonly Operation[]): number {
  const times = operations.map(({ beganMs, endedMs }) => endedMs - beganMs)
  return Math.round(percentile(times, 0.99) * 100) / 100
}

/** Operations a second of one client, 80/20, 100-byte values. */
async function throughput(stage: Stage, copies: 1 | 2): Promise<number> {
  const fleet = await stage.fleet({ size: 5, copies })
  const { sdk } = await stage.client(fleet.urls)
  const keys = keysOf(10_000)
  const value = new Uint8Array(100)
  await sdk.setMany(
    keys.map((key) => [key, value] as const),
    { timeoutMs: 20_000 },
  )
  let done = 0
  let isOver = false
  const work = async (seed: number) => {
    for (let at = seed; !isOver; at += 7_919) {
      const key = keys[at % keys.length] as string
      if (at % 5 === 0) await sdk.set(key, value)
      else await sdk.getBytes(key)
      done++
    }
  }
  const workers = Array.from({ length: inFlight }, (_, seed) => work(seed))
  await wait(stage, 1, 3)
  const [begunMs, before] = [performance.now(), done]
  await wait(stage, 3, 10)
  const rate = Math.round(((done - before) * 1_000) / (performance.now() - begunMs))
  isOver = true
  await Promise.all(workers)
  await fleet.end()
  return rate
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number
}
