/** Nodes that are slow because the machine is busy are not dead. */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { test } from 'tap'
import { startFleet, topologyOf } from './node-process.ts'
import { waitUntil } from './wait-until.ts'

const loadMs = 60_000

test('60 s of full load on every core: no member is ever declared dead', { timeout: 150_000 }, async (t) => {
  const nodes = await startFleet(t, 5)
  const incarnations = async (): Promise<string> =>
    JSON.stringify(
      await Promise.all(
        nodes.map(async (node) => (await topologyOf(node)).members.map(({ name, incarnation }) => [name, incarnation])),
      ),
    )
  const before = await incarnations()
  const end = Date.now() + loadMs
  const busy = Array.from(
    { length: availableParallelism() },
    () => new Worker(`const end = ${end}; while (Date.now() < end);`, { eval: true }),
  )
  t.teardown(() => Promise.all(busy.map((worker) => worker.terminate())))
  const seen = new Map<string, number>()
  let rounds = 0
  await waitUntil(
    'the load is over',
    loadMs + 30_000,
    async () => {
      for (const { members } of await Promise.all(nodes.map(topologyOf))) {
        for (const { status } of members) seen.set(status, (seen.get(status) ?? 0) + 1)
      }
      rounds++
      return Date.now() >= end
    },
    250,
  )
  t.comment(`${rounds} looks at five views under load: ${JSON.stringify(Object.fromEntries(seen))}`)
  t.notOk(seen.has('dead'), 'no look at any view showed a dead member')
  // A death between two looks would have been refuted with a higher incarnation; so would a suspicion, which is no fault.
  const raised = before !== (await incarnations())
  t.comment(
    `incarnations ${raised ? 'rose: somebody was suspected and refuted' : 'unchanged: nobody was even suspected'}`,
  )
  const stats = await Promise.all(
    nodes.map(async ({ url }) => (await (await fetch(`${url}/v1/stats`)).json()) as { gossip: unknown }),
  )
  t.equal(stats.length, nodes.length)
})
