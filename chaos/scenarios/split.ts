/** A network that is split in two while both sides write and delete, and heals. */
import type { Fleet } from '../fleet.ts'
import type { Network } from '../network.ts'
import type { Client, Operation } from '../operation.ts'
import type { Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import { waitUntil } from '../wait-until.ts'
import { keysOf, wait } from './play.ts'

const sides = [
  [0, 1],
  [2, 3, 4],
] as const
const ringWithinMs = 15_000
const apartWithinMs = 60_000
const settledWithinMs = 30_000

export const split: Scenario = {
  name: 'split',
  title: 'a split of two and three nodes with conflicting writes and deletes, and its healing',
  needsNetwork: true,
  async play(stage) {
    const network = await stage.network(6)
    const fleet = await stage.fleet({ size: 5, network })
    const count = stage.isLong ? 2_000 : 300
    const both = keysOf(count, 'both')
    const deleted = [keysOf(count, 'deleted-by-two'), keysOf(count, 'deleted-by-three')]
    const untouched = keysOf(count, 'untouched')
    const keys = [...both, ...deleted.flat(), ...untouched]
    const filler = await stage.client(fleet.urls)
    const history = [...(await stage.fill(filler, keys))]

    await network.cut(sides[0], sides[1])
    await apart(fleet)
    await wait(stage, 0, 10)
    const clients = await Promise.all(sides.map((side) => clientOf(stage, { fleet, network, side })))
    for (let round = 0; round < 2; round++) {
      const written = await Promise.all(clients.map((client, at) => stage.fill(client, both, `side-${at}:${round}`)))
      history.push(...written.flat())
      if (round === 0)
        history.push(...(await Promise.all(clients.map((client, at) => deleteAll(client, deleted[at] ?? [])))).flat())
      await wait(stage, 1, 20)
    }
    const failed = history.filter(({ result }) => result !== 'done')
    stage.check('each side serves', failed.length === 0, {
      failed: failed.length,
      codes: [...new Set(failed.map(({ code }) => code))],
    })

    const since = performance.now()
    await network.heal()
    const oneRingMs = await fleet.agree(60_000)
    stage.check('one ring within 15 s of the healing', oneRingMs <= ringWithinMs, { ms: Math.round(oneRingMs) })
    await fleet.settle(60_000)
    const settledMs = performance.now() - since
    stage.check('settled within 30 s of the healing', settledMs <= settledWithinMs, { ms: Math.round(settledMs) })
    await stage.judgeEnd(fleet, keys, history)
    await stage.judgeHoldings(fleet, both.length + untouched.length)
  },
}

/** Resolves when the nodes of each side have a ring of themselves, and coordinate all that this ring gives them. */
async function apart(fleet: Fleet): Promise<void> {
  await waitUntil('each side has a ring of its own, and serves', apartWithinMs, async () => {
    const rings = (await fleet.topologies()).map(
      ({ members }) => members.filter(({ status }) => status === 'alive').length,
    )
    if (!sides.every((side) => side.every((index) => rings[index] === side.length))) return false
    return (await fleet.reports()).every(({ copies }) => copies.tokens.claiming === 0)
  })
}

/** A client that reaches one side only: the other nodes' addresses lead nowhere. */
function clientOf(
  stage: Stage,
  { fleet, network, side }: { readonly fleet: Fleet; readonly network: Network; readonly side: readonly number[] },
): Promise<Client> {
  const names = side.map((index) => fleet.node(index).name)
  const addressMap = ({ name }: { readonly name: string }) =>
    names.includes(name) ? undefined : `http://${network.nowhere}:7001`
  return stage.client(
    side.map((index) => fleet.node(index).url),
    { addressMap },
  )
}

function deleteAll(client: Client, keys: readonly string[]): Promise<Operation[]> {
  return Promise.all(keys.map((key) => client.delete(key)))
}
