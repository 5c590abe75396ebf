/** How soon real processes see that one of them leaves or joins. The figures are printed for each run. */
import { once } from 'node:events'
import { test } from 'tap'
import { patienceMs, waitUntil } from '#chaos/wait-until.js'
import { freePorts, type NodeProcess, startFleet, startProcess } from './node-process.ts'
import { described, sighting, within } from './sighting.ts'

test('a planned leave is seen by all others within 0.5 s and the process ends with exit code 0', async (t) => {
  const nodes = await startFleet(t, 5)
  const [leaver, ...others] = nodes as [NodeProcess, ...NodeProcess[]]
  const ended = once(leaver.child, 'exit')
  const since = performance.now()
  leaver.child.kill('SIGTERM')
  const seen = await sighting(others, leaver.name, ['leaving', 'left'], since)
  t.comment(`planned leave seen by all others after ${described(seen)}`)
  t.ok(seen.ms <= within(500, seen), described(seen))
  t.strictSame(await ended, [0, null])
  await sighting(others, leaver.name, ['left'], since)
})

test('a joining node is alive in all views within 1 s of its first message', async (t) => {
  const nodes = await startFleet(t, 5)
  const [port, peerPort] = (await freePorts(2)) as [number, number]
  const joiner = startProcess(t, {
    RINGHOLD_NAME: 'node-6',
    RINGHOLD_PORT: String(port),
    RINGHOLD_PEER_PORT: String(peerPort),
    RINGHOLD_SEEDS: nodes.map(({ peerUrl }) => peerUrl).join(','),
  })
  // The time that a new process needs to load its code is not the fleet's: the clock starts when it answers at all.
  await waitUntil('the new process answers', patienceMs, async () => (await fetch(`${joiner.url}/livez`)).ok, 5)
  const seen = await sighting([...nodes, joiner], joiner.name, ['alive'], performance.now())
  t.comment(`join seen by all after ${described(seen)}`)
  t.ok(seen.ms <= within(1_000, seen), described(seen))
})
