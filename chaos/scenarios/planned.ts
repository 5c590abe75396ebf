/** Planned changes, which nobody may notice: a sixth node joins, all nodes are restarted in turn. */
import { readThroughAnyNode } from '../any-node.ts'
import type { Scenario } from '../scenario.ts'
import { judgeFailures, keysOf, traffic, wait } from './play.ts'

const entries = 5_000

export const join: Scenario = {
  name: 'join',
  title: 'a sixth node joins five that hold 5,000 keys',
  async play(stage) {
    const fleet = await stage.fleet({ size: 5 })
    const keys = keysOf(entries)
    const filler = await stage.client(fleet.urls)
    const filled = await stage.fill(filler, keys)
    const urls = fleet.urls
    let isOver = false
    const rounds = { rounds: 0, least: entries, failures: 0 }
    const reading = (async () => {
      for (let turn = 0; !isOver || turn < 2; turn++) {
        const { hits, failures } = await readThroughAnyNode(urls, keys, turn)
        rounds.rounds++
        rounds.least = Math.min(rounds.least, hits)
        rounds.failures += failures
      }
    })()
    fleet.spawn(5)
    const settledMs = await fleet.settle(60_000)
    isOver = true
    await reading
    stage.check('5,000 keys at every moment through any node', rounds.least === entries, rounds)
    stage.figure('settledMs', Math.round(settledMs))
    await stage.judgeHoldings(fleet, entries)
    await stage.judgeEnd(fleet, keys, filled)
  },
}

export const rollingRestart: Scenario = {
  name: 'rolling-restart',
  title: 'all five nodes are restarted in turn by SIGTERM, under load',
  async play(stage) {
    const fleet = await stage.fleet({ size: 5 })
    const keys = keysOf(entries)
    const filler = await stage.client(fleet.urls)
    const filled = await stage.fill(filler, keys)
    const { stop } = await traffic(stage, fleet, { keys })
    const nodes: { stopMs: number; backMs: number }[] = []
    for (let index = 0; index < 5; index++) {
      const since = performance.now()
      const code = await fleet.node(index).end('SIGTERM')
      const stopMs = Math.round(performance.now() - since)
      if (code !== 0)
        stage.check(`node-${index + 1} leaves with exit code 0`, false, { code, output: fleet.node(index).output })
      fleet.spawn(index)
      nodes.push({ stopMs, backMs: Math.round(await fleet.settle(60_000)) })
    }
    await wait(stage, 1, 10)
    const operations = [...filled, ...(await stop())]
    stage.figure('nodes', nodes)
    judgeFailures(stage, operations)
    stage.judgeHistory(operations)
    await stage.judgeEnd(fleet, keys, operations)
    await stage.judgeHoldings(fleet, entries)
  },
}
