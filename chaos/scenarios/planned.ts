/** Planned changes, which nobody may notice: a sixth node joins, all nodes are restarted in turn. */
import { ringOf, type Topology } from '@ringhold/sdk/protocol'
import { readThroughAnyNode } from '../any-node.ts'
import type { Fleet } from '../fleet.ts'
import type { Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { judgeFailures, keysOf, sizeOf, traffic, wait } from './play.ts'

const entries = 5_000
const movedMax = 1.05

export const join: Scenario = {
  name: 'join',
  title: 'a node joins those that hold 5,000 keys',
  async play(stage) {
    const size = sizeOf(stage, 3)
    const fleet = await stage.fleet({ size })
    const keys = keysOf(entries)
    const filler = await stage.client(fleet.urls)
    const filled = await stage.fill(filler, keys)
    const urls = fleet.urls
    let isOver = false
    const rounds = { rounds: 0, least: entries, failures: 0, codes: {} as Record<string, number> }
    const reading = (async () => {
      for (let turn = 0; !isOver || turn < 2; turn++) {
        const { hits, failures, codes } = await readThroughAnyNode(urls, keys, turn)
        rounds.rounds++
        rounds.least = Math.min(rounds.least, hits)
        rounds.failures += failures
        for (const [code, count] of Object.entries(codes)) rounds.codes[code] = (rounds.codes[code] ?? 0) + count
      }
    })()
    const before = await topologyOf(fleet)
    fleet.spawn(size)
    const settledMs = await fleet.settle(60_000)
    isOver = true
    await reading
    stage.check('5,000 keys at every moment through any node', rounds.least === entries, rounds)
    stage.figure('settledMs', Math.round(settledMs))
    await judgeMoves(stage, fleet, { keys, before })
    await stage.judgeHoldings(fleet, entries)
    await stage.judgeEnd(fleet, keys, filled)
  },
}

/** Compares what the nodes pulled with what must move: the entries of each owner that a token did not have before. */
async function judgeMoves(
  stage: Stage,
  fleet: Fleet,
  { keys, before }: { readonly keys: readonly string[]; readonly before: Topology },
): Promise<void> {
  const [ringBefore, ringAfter] = [ringOf(before), ringOf(await topologyOf(fleet))]
  let byRing = 0
  for (const key of keys) {
    const ownersBefore = ringBefore.owners(ringBefore.token(key))
    byRing += ringAfter.owners(ringAfter.token(key)).filter((owner) => !ownersBefore.includes(owner)).length
  }
  const pulled = (await fleet.reports()).reduce((sum, { copies }) => sum + copies.pulledEntries, 0)
  // A fair share of all copies for the one that came.
  const least = Math.round((keys.length * fleet.copies) / ringAfter.members.length)
  const times = Math.round((pulled / byRing) * 1_000) / 1_000
  stage.check('at most 1.05 × what must move has moved', times <= movedMax, { pulled, byRing, least, times })
}

async function topologyOf(fleet: Fleet): Promise<Topology> {
  return (await fleet.topologies())[0] as Topology
}

export const rollingRestart: Scenario = {
  name: 'rolling-restart',
  title: 'all nodes are restarted in turn by SIGTERM, under load',
  async play(stage) {
    const size = sizeOf(stage, 3)
    const fleet = await stage.fleet({ size })
    const keys = keysOf(entries)
    const filler = await stage.client(fleet.urls)
    const filled = await stage.fill(filler, keys)
    const { stop } = await traffic(stage, fleet, { keys })
    // Clients and nodes that have just started answer late for reasons of their own.
    await wait(stage, 2, 5)
    const nodes: { stopMs: number; backMs: number }[] = []
    for (let index = 0; index < size; index++) {
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
