/** Nodes that are slow because the machine is busy are not dead. */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { NodeStats } from '@ringhold/cache-node'
import { test } from 'tap'
import { patienceMs, waitUntil } from '#chaos/wait-until.js'
import { type NodeProcess, startFleet } from './node-process.ts'

const loadMs = 60_000

async function sightingsOf({ name, url }: NodeProcess): Promise<{ name: string; deaths: number; suspicions: number }> {
  const { gossip } = (await (await fetch(`${url}/v1/stats`)).json()) as NodeStats
  return { name, deaths: gossip.deaths, suspicions: gossip.suspicions }
}

test('60 s of full load on every core: no node declares any other dead', {
  timeout: loadMs + 5 * patienceMs,
}, async (t) => {
  const nodes = await startFleet(t, 5)
  const before = await Promise.all(nodes.map(sightingsOf))
  const busy = Array.from({ length: availableParallelism() }, () => {
    return new Worker(`const end = Date.now() + ${loadMs}; while (Date.now() < end);`, { eval: true })
  })
  t.teardown(() => Promise.all(busy.map((worker) => worker.terminate())))
  let running = busy.length
  for (const worker of busy) worker.once('exit', () => running--)
  await waitUntil('the load is over', loadMs + patienceMs, () => running === 0, 250)
  const after = await Promise.all(nodes.map(sightingsOf))
  for (const [index, { name, deaths, suspicions }] of after.entries()) {
    const seen = suspicions - (before[index]?.suspicions ?? 0)
    t.equal(deaths, before[index]?.deaths, `${name} saw nobody die (suspicions, which are no verdict: ${seen})`)
  }
})
