/** A network that loses packets. */
import type { Scenario } from '../scenario.ts'
import { keysOf, sizeOf, traffic, wait } from './play.ts'

const entries = 2_000
const share = 0.1

export const loss: Scenario = {
  name: 'loss',
  title: '10 % of the packets between nodes are lost, under load',
  needsNetwork: true,
  async play(stage) {
    const size = sizeOf(stage, 3)
    const network = await stage.network(size + 1)
    const fleet = await stage.fleet({ size, network })
    const keys = keysOf(entries)
    const filler = await stage.client(fleet.urls)
    const filled = await stage.fill(filler, keys)
    const before = await deathsOf(fleet.reports())
    const { stop } = await traffic(stage, fleet, { keys, perSecond: stage.isLong ? 1_500 : 500 })
    await network.lose(share)
    await wait(stage, 8, 300)
    await network.heal()
    await wait(stage, 1, 20)
    const operations = [...filled, ...(await stop())]
    const deaths = (await deathsOf(fleet.reports())) - before
    stage.check('no healthy node is declared dead', deaths === 0, { deaths })
    stage.figure('failed', operations.filter(({ result }) => result !== 'done').length)
    stage.judgeHistory(operations)
    await fleet.settle()
    await stage.judgeEnd(fleet, keys, operations)
    await stage.judgeHoldings(fleet, entries)
  },
}

async function deathsOf(reports: Promise<readonly { gossip: { deaths: number } }[]>): Promise<number> {
  return (await reports).reduce((sum, { gossip }) => sum + gossip.deaths, 0)
}
