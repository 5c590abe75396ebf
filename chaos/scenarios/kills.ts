/** Nodes that die: one under load, one after another, two at once. */
import type { Scenario } from '../scenario.ts'
import { judgeFailures, keysOf, sizeOf, traffic, wait } from './play.ts'

const entries = 5_000
const repairWithinMs = 30_000
const graceMs = 300

export const killOne: Scenario = {
  name: 'kill-one',
  title: 'fill 5,000 keys, kill one node under load',
  async play(stage) {
    const fleet = await stage.fleet({ size: 5 })
    const keys = keysOf(entries)
    const filler = await stage.client(fleet.urls)
    const filled = await stage.fill(filler, keys)
    // Processes that have just started may answer late: such a write says that it has one copy, and gets its second behind.
    stage.figure('acknowledgedWithOne', filled.filter(({ copies }) => copies !== 2).length)
    await fleet.settle(repairWithinMs)
    await stage.judgeHoldings(fleet, entries)
    const { stop } = await traffic(stage, fleet, { keys })
    await wait(stage, 2, 60)
    const faultMs = performance.now()
    await fleet.kill(1)
    const repairedMs = await fleet.settle(repairWithinMs)
    stage.check('two copies of everything again within 30 s', repairedMs <= repairWithinMs, {
      ms: Math.round(repairedMs),
    })
    stage.figure('repairedMs', Math.round(repairedMs))
    await wait(stage, 2, 60)
    const operations = [...filled, ...(await stop())]
    judgeFailures(stage, operations, { faultMs, graceMs })
    stage.judgeHistory(operations)
    await stage.judgeEnd(fleet, keys, operations)
    await stage.judgeHoldings(fleet, entries)
  },
}

export const killEach: Scenario = {
  name: 'kill-each',
  title: 'kill all nodes one after another, each after repair',
  async play(stage) {
    const size = sizeOf(stage, 3)
    const fleet = await stage.fleet({ size })
    const keys = keysOf(entries)
    const filler = await stage.client(fleet.urls)
    const filled = await stage.fill(filler, keys)
    const repairs: number[] = []
    for (let index = 0; index < size; index++) {
      await fleet.kill(index)
      repairs.push(Math.round(await fleet.settle(repairWithinMs)))
      await stage.judgeHoldings(fleet, entries)
      fleet.spawn(index)
      await fleet.settle(repairWithinMs)
      await stage.judgeHoldings(fleet, entries)
    }
    stage.figure('repairedMs', repairs)
    await stage.judgeEnd(fleet, keys, filled)
  },
}

export const killTwoOfThree: Scenario = {
  name: 'kill-two-of-three-copies',
  title: 'three copies of 10,000 keys, two nodes killed at once',
  async play(stage) {
    const count = stage.isLong ? 10_000 : 3_000
    const fleet = await stage.fleet({ size: sizeOf(stage, 4), copies: 3 })
    const keys = keysOf(count)
    const filler = await stage.client(fleet.urls)
    const filled = await stage.fill(filler, keys)
    await stage.judgeHoldings(fleet, count)
    await Promise.all([fleet.kill(1), fleet.kill(3)])
    stage.figure('survivorsAgreeMs', Math.round(await fleet.agree()))
    await stage.judgeEnd(fleet, keys, filled)
    fleet.spawn(1)
    fleet.spawn(3)
    stage.figure('backMs', Math.round(await fleet.settle(60_000)))
    await stage.judgeHoldings(fleet, count)
    await stage.judgeEnd(fleet, keys, filled)
  },
}
