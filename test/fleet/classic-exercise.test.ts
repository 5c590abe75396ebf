/**
 * The classic exercise: fill five nodes, kill one, restart it, refill, add a sixth, kill two; count after each step.
 *
 * Where every key has one place, each step loses what the fallen node held and leaves behind what the ring moved away.
 * With two copies the total is 5,000 after every step, and where each key lies is computed, never guessed: at its
 * coordinator and at its replica by the present ring, and nowhere else. Until nodes have put that right, every key can
 * be read all the same.
 */
import { Ringhold } from '@ringhold/sdk'
import { Ring, seedOfFleet } from '@ringhold/sdk/ring'
import { type Test, test } from 'tap'
import { patienceMs, waitUntil } from '#chaos/wait-until.js'
import { type FleetUnderTest, startFleet } from '../cli/ringhold.ts'

const entries = 5_000
const keys = Array.from({ length: entries }, (_, at) => `key:${at + 1}`)

interface Holdings {
  readonly coordinated: number
  readonly replicas: number
  readonly strays: number
}

/** holdingsOf computes how many keys each node coordinates, and of how many it holds a replica. */
function holdingsOf(ring: Ring): Map<string, Holdings> {
  const counts = new Map(ring.members.map(({ name }) => [name, { coordinated: 0, replicas: 0, strays: 0 }]))
  for (const key of keys) {
    const [coordinator, replica] = ring.owners(ring.token(key)).map((name) => counts.get(name))
    if (coordinator) coordinator.coordinated++
    if (replica) replica.replicas++
  }
  return counts
}

function ringOf(names: readonly string[]): Ring {
  return new Ring({ members: names.map((name) => ({ name })), seed: seedOfFleet('ringhold'), copies: 2 })
}

interface Stats {
  readonly total: { readonly entries: number }
}

/** countsAgree waits until nothing moves any more and compares a fleet with the ring of these names: every key, at every owner. */
async function countsAgree(t: Test, fleet: FleetUnderTest, names: readonly string[]): Promise<void> {
  t.equal(await readable(fleet), entries, 'every key can be read, while copies are made')
  const ring = ringOf(names)
  const wanted = holdingsOf(ring)
  const since = performance.now()
  const same = async () => {
    const held = await heldBy(fleet)
    const isSame = names.every((name) => JSON.stringify(held.get(name)) === JSON.stringify(wanted.get(name)))
    return isSame ? held : undefined
  }
  const held = await waitUntil('each key lies at its two owners', patienceMs, same, 100).catch(() => heldBy(fleet))
  t.comment(`after ${Math.round(performance.now() - since)} ms: ${JSON.stringify(Object.fromEntries(held))}`)
  t.same(held, wanted, 'each key lies at its coordinator and at its replica, and nowhere else')
  const [audit, { total }] = await Promise.all([
    fleet.runJson<{ ring: string; faults: string[] }>(['ring'], [0, 4]),
    fleet.runJson<Stats>(['stats'], [0, 4]),
  ])
  t.match(audit, { ring: ring.checksum, faults: [] }, 'one ring, the one computed here')
  t.equal(total.entries, entries, `total ${entries}`)
  t.equal(await readable(fleet), entries, 'every key can be read')
}

async function heldBy(fleet: FleetUnderTest): Promise<Map<string, Holdings>> {
  const running = fleet.nodes.filter(({ phase }) => phase === 'running')
  const held = await Promise.all(
    running.map(async ({ name, url }) => {
      const reply = await fetch(`${url}/v1/stats`, { signal: AbortSignal.timeout(2_000) })
      const { copies } = (await reply.json()) as { copies: { entries: Holdings } }
      return [name, copies.entries] as const
    }),
  )
  return new Map(held.sort(([a], [b]) => (a < b ? -1 : 1)))
}

async function readable(fleet: FleetUnderTest): Promise<number> {
  const urls = fleet.nodes.filter(({ phase }) => phase === 'running').map(({ url }) => url)
  const client = await Ringhold.connect({ nodes: urls })
  try {
    const values = await client.getMany<Uint8Array>(keys, { timeoutMs: patienceMs })
    return keys.filter((key, at) => {
      const value = values[at]
      return value !== undefined && Buffer.from(value).toString().startsWith(`${key} `)
    }).length
  } finally {
    await client.close()
  }
}

test('the classic exercise: the total is 5,000 after each step', async (t) => {
  const five = ['node-1', 'node-2', 'node-3', 'node-4', 'node-5']
  const six = [...five, 'node-6']
  const without = (names: readonly string[], ...gone: readonly string[]) => names.filter((name) => !gone.includes(name))
  const fleet = await startFleet(t)

  t.match(await fleet.runJson(['fill', `${entries}`]), { stored: entries, failed: 0 })
  await countsAgree(t, fleet, five)
  const mean = entries / five.length
  for (const [node, { coordinated }] of holdingsOf(ringOf(five))) {
    t.ok(Math.abs(coordinated - mean) < 0.1 * mean, `${node} has its share: ${coordinated}`)
  }

  t.match(await fleet.runJson(['kill', '2']), { seenAs: 'dead', survivors: 4 })
  await countsAgree(t, fleet, without(five, 'node-2'))

  t.match(await fleet.runJson(['start', '2']), { settled: true, nodes: 5 })
  await countsAgree(t, fleet, five)

  t.match(await fleet.runJson(['add']), { node: 'node-6', nodes: 6 })
  await countsAgree(t, fleet, six)

  t.match(await fleet.runJson(['kill', 'node-3']), { seenAs: 'dead', survivors: 5 })
  await countsAgree(t, fleet, without(six, 'node-3'))
  t.match(await fleet.runJson(['kill', 'node-5']), { seenAs: 'dead', survivors: 4 })
  await countsAgree(t, fleet, without(six, 'node-3', 'node-5'))

  t.match(await fleet.runJson(['fill', `${entries}`]), { stored: entries, failed: 0 })
  await countsAgree(t, fleet, without(six, 'node-3', 'node-5'))
})
