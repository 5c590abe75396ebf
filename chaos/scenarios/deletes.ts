/** Deletes stay deleted, while nodes join, leave, die and are cut off. */
import type { Network } from '../network.ts'
import type { Operation } from '../operation.ts'
import type { Scenario } from '../scenario.ts'
import { keysOf, sizeOf, wait } from './play.ts'

const atOnce = 500

export const deletes: Scenario = {
  name: 'deletes',
  title: 'keys are deleted while nodes join, leave and die; then everything moves once more',
  play: (stage) => playDeletes(stage, undefined),
}

export const deletesThroughSplit: Scenario = {
  name: 'deletes-through-split',
  title: 'the same with a node cut off in the middle of it',
  needsNetwork: true,
  play: async (stage) => playDeletes(stage, await stage.network(6)),
}

async function playDeletes(stage: Parameters<Scenario['play']>[0], network: Network | undefined): Promise<void> {
  const size = network ? 5 : sizeOf(stage, 3)
  const fleet = await stage.fleet({ size, network })
  const [leaver, victim] = [0, 2]
  const gone = keysOf(stage.isLong ? 100_000 : 4_000, 'gone')
  const kept = keysOf(gone.length / 10, 'kept')
  const client = await stage.client(fleet.urls, { timeoutMs: 5_000 })
  const history: Operation[] = await stage.fill(client, [...gone, ...kept])
  const troubles: (() => Promise<unknown>)[] = [
    async () => fleet.spawn(size),
    () => fleet.node(leaver).end('SIGTERM'),
    () => fleet.kill(victim),
    // It may take as long to leave as others take to copy what it holds.
    () => fleet.node(leaver).ended.then(() => fleet.spawn(leaver)),
    ...(network ? [() => network.cut([4], [0, 2, 5]), () => network.heal()] : []),
  ]
  const portion = Math.ceil(gone.length / (troubles.length + 1))
  const busy: Promise<unknown>[] = []
  for (let at = 0; at < gone.length; at += portion) {
    for (let from = at; from < Math.min(at + portion, gone.length); from += atOnce) {
      const keys = gone.slice(from, Math.min(from + atOnce, at + portion))
      history.push(...(await Promise.all(keys.map((key) => client.delete(key)))))
    }
    busy.push((troubles.shift() ?? (async () => undefined))())
    await wait(stage, network ? 3 : 1, network ? 15 : 10)
  }
  await Promise.all(busy)
  fleet.spawn(victim)
  await fleet.settle(60_000)
  const unsure = history.filter(({ kind, result }) => kind === 'delete' && result !== 'done')
  stage.figure('deletesNotAcknowledged', unsure.length)
  const sure = new Set(unsure.map(({ key }) => key))
  const keys = [...gone.filter((key) => !sure.has(key)), ...kept]
  await stage.judgeEnd(fleet, keys, history)
  await wait(stage, 0, 60)
  await fleet.node(1).end('SIGTERM')
  await fleet.settle(60_000)
  await stage.judgeEnd(fleet, keys, history)
}
