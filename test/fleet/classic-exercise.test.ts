/**
 * The classic exercise: fill five nodes, kill one, restart it, refill, add a sixth, kill two; count after each step.
 *
 * What must be there is computed, never guessed: a ledger says which node holds which key, and changes by two rules.
 * A write puts the key on the coordinator of the present ring. When the ring changes, an entry stays only where the
 * node that holds it still coordinates its token; a dead node's entries are gone. So the totals are exact at every step.
 */
import { Ringhold } from '@ringhold/sdk'
import { Ring, seedOfFleet } from '@ringhold/sdk/ring'
import { type Test, test } from 'tap'
import { type FleetUnderTest, startFleet } from '../cli/ringhold.ts'

const entries = 5_000
const keys = Array.from({ length: entries }, (_, at) => `key:${at + 1}`)

class Ledger {
  #ring: Ring
  #holders = new Map<string, string>()

  constructor(names: readonly string[]) {
    this.#ring = ringOfNames(names)
  }

  get total(): number {
    return this.#holders.size
  }

  get checksum(): string {
    return this.#ring.checksum
  }

  holds(key: string): boolean {
    return this.#holders.has(key)
  }

  perNode(): Map<string, number> {
    const counts = new Map(this.#ring.members.map(({ name }) => [name, 0]))
    for (const holder of this.#holders.values()) counts.set(holder, (counts.get(holder) as number) + 1)
    return counts
  }

  fill(): void {
    for (const key of keys) this.#holders.set(key, this.#coordinatorOf(key))
  }

  /** changeRing keeps what still lies where the new ring has it. */
  changeRing(names: readonly string[]): void {
    this.#ring = ringOfNames(names)
    for (const [key, holder] of this.#holders) if (this.#coordinatorOf(key) !== holder) this.#holders.delete(key)
  }

  #coordinatorOf(key: string): string {
    return this.#ring.coordinator(this.#ring.token(key)) as string
  }
}

function ringOfNames(names: readonly string[]): Ring {
  return new Ring({ members: names.map((name) => ({ name })), seed: seedOfFleet('ringhold') })
}

interface Stats {
  readonly nodes: { readonly node: string; readonly status: string; readonly entries?: number }[]
  readonly total: { readonly entries: number }
}

/** countsAgree compares a fleet with its ledger: ring, entries per node, total, and every single key. */
async function countsAgree(t: Test, fleet: FleetUnderTest, ledger: Ledger): Promise<Map<string, number>> {
  const [ring, { nodes, total }, readable] = await Promise.all([
    fleet.runJson<{ ring: string; faults: string[] }>(['ring'], [0, 4]),
    fleet.runJson<Stats>(['stats'], [0, 4]),
    readableKeys(fleet),
  ])
  const counts = new Map(
    nodes.flatMap(({ node, entries }) => (entries === undefined ? [] : [[node, entries] as const])),
  )
  t.match(ring, { ring: ledger.checksum, faults: [] }, 'one ring, the one computed here')
  t.same(counts, ledger.perNode(), 'entries per node')
  t.equal(total.entries, ledger.total, `total ${ledger.total}`)
  t.same(
    [...readable].filter((key) => !ledger.holds(key)),
    [],
    'no key can be read that should be gone',
  )
  t.equal(readable.size, ledger.total, 'every key that should be there can be read')
  t.comment(`total ${total.entries}: ${[...counts].map(([node, count]) => `${node} ${count}`).join(', ')}`)
  return counts
}

async function readableKeys(fleet: FleetUnderTest): Promise<Set<string>> {
  const urls = fleet.nodes.filter(({ phase }) => phase === 'running').map(({ url }) => url)
  const client = await Ringhold.connect({ nodes: urls })
  try {
    const values = await client.getMany<Uint8Array>(keys, { timeoutMs: 20_000 })
    const readable = keys.filter((key, at) => {
      const value = values[at]
      return value !== undefined && Buffer.from(value).toString().startsWith(`${key} `)
    })
    return new Set(readable)
  } finally {
    await client.close()
  }
}

async function fill(t: Test, fleet: FleetUnderTest, ledger: Ledger): Promise<void> {
  t.match(await fleet.runJson(['fill', `${entries}`]), { stored: entries, failed: 0 })
  ledger.fill()
  t.equal(ledger.total, entries)
}

function without<T>(counts: ReadonlyMap<string, T>, name: string): Map<string, T> {
  return new Map([...counts].filter(([node]) => node !== name))
}

test('the classic exercise: after each step the total is exactly the keys that can still be there', async (t) => {
  const five = ['node-1', 'node-2', 'node-3', 'node-4', 'node-5']
  const fleet = await startFleet(t)
  const ledger = new Ledger(five)

  await fill(t, fleet, ledger)
  const filled = await countsAgree(t, fleet, ledger)
  const mean = entries / five.length
  for (const [node, count] of filled) t.ok(Math.abs(count - mean) < 0.1 * mean, `${node} has its share: ${count}`)

  t.match(await fleet.runJson(['kill', '2']), { seenAs: 'dead', survivors: 4 })
  ledger.changeRing(five.filter((name) => name !== 'node-2'))
  t.same(await countsAgree(t, fleet, ledger), without(filled, 'node-2'), 'the survivors lose nothing')
  t.equal(ledger.total, entries - (filled.get('node-2') as number))

  t.match(await fleet.runJson(['start', '2']), { settled: true, nodes: 5 })
  ledger.changeRing(five)
  const restarted = await countsAgree(t, fleet, ledger)
  t.same(
    without(restarted, 'node-2'),
    without(filled, 'node-2'),
    'nothing was stored meanwhile, so nobody gives anything up',
  )
  t.equal(restarted.get('node-2'), 0, 'node-2 returns empty')

  await fill(t, fleet, ledger)
  t.same(await countsAgree(t, fleet, ledger), filled, 'refilled exactly as at first')

  t.match(await fleet.runJson(['add']), { node: 'node-6', nodes: 6 })
  const six = [...five, 'node-6']
  ledger.changeRing(six)
  const added = await countsAgree(t, fleet, ledger)
  t.equal(added.get('node-6'), 0, 'entries do not move yet')
  t.ok(ledger.total >= entries * (1 - 1.1 / 6), `the others keep five sixths: ${ledger.total}`)
  await fill(t, fleet, ledger)
  const refilled = await countsAgree(t, fleet, ledger)

  for (const [victim, survivors] of [
    ['node-3', six.filter((name) => name !== 'node-3')],
    ['node-5', six.filter((name) => name !== 'node-3' && name !== 'node-5')],
  ] as const) {
    t.match(await fleet.runJson(['kill', victim]), { seenAs: 'dead', survivors: survivors.length })
    ledger.changeRing(survivors)
    await countsAgree(t, fleet, ledger)
  }
  const lost = (refilled.get('node-3') as number) + (refilled.get('node-5') as number)
  t.equal(ledger.total, entries - lost, 'the four survivors lose nothing')
  await fill(t, fleet, ledger)
  await countsAgree(t, fleet, ledger)
})
