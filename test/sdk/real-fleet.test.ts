import type { CacheNode } from '#node/index.js'
import { Ringhold } from '#sdk/index.js'
import { addNode, agree, settle, startFleet } from '../node/fleet/in-process-fleet.ts'
import { stillness } from '../stopwatch.ts'
import { overBoth, until } from './small-fleet.ts'

const urlsOf = (nodes: readonly CacheNode[]) => nodes.map(({ clientUrl }) => clientUrl)
/** Who stood still for longer may ask its clients to come again. */
const fencedMs = 2_000
const keys = Array.from({ length: 200 }, (_, index) => `key-${index}`)

overBoth(
  'every usable key and every kind of value round-trips against real nodes, straight to their owners',
  async (t, transport) => {
    const nodes = await startFleet(t, 3)
    await settle(nodes)
    const stillMs = stillness(t)
    await using cache = await Ringhold.connect({ transport, nodes: urlsOf(nodes).slice(0, 1) })
    t.equal(cache.ring?.checksum, nodes[0]?.ring.checksum)
    const special = [
      '.',
      '..',
      '/',
      '%2F',
      '%',
      '%00',
      '\0',
      'a\r\nb',
      '?',
      '#',
      ' ',
      '+',
      '😀',
      '../../topology',
      '😀'.repeat(128),
    ]
    for (const key of special) t.match(await cache.set(key, key), { stored: true, created: true, copies: 2 }, key)
    t.strictSame(await cache.getMany(special), special)
    for (const key of special) t.equal(await cache.delete(key), true)
    t.strictSame(
      await cache.getMany(special),
      special.map(() => undefined),
    )
    const values = [
      null,
      false,
      0,
      '',
      'é',
      [],
      { a: [1] },
      new Uint8Array(0),
      new Uint8Array([0, 255]),
      'x'.repeat(1_048_576),
    ]
    for (const value of values) {
      await cache.set('any', value, { ttlMs: 60_000 })
      t.strictSame(await cache.get('any'), value)
    }
    const entry = await cache.getEntry('any')
    t.ok(entry?.ttlMs && entry.ttlMs > 50_000 && entry.ttlMs <= 60_000)
    const { retries } = cache.stats()
    t.match(cache.stats(), { redirects: 0, failures: 0 })
    t.ok(retries === 0 || stillMs() > fencedMs, `${retries} retries, and this process stood still for ${stillMs()} ms`)
    t.equal(
      nodes.reduce((sum, node) => sum + node.ring.members.length, 0),
      9,
      'the client is no member',
    )
  },
)

overBoth('conditions hold against real nodes, and of many writers one wins', async (t, transport) => {
  const nodes = await startFleet(t, 1)
  await using cache = await Ringhold.connect({ transport, nodes: urlsOf(nodes) })
  const races = await Promise.all(Array.from({ length: 20 }, (_, index) => cache.set('a', index, { ifAbsent: true })))
  t.equal(races.filter(({ stored }) => stored).length, 1)
  const entry = await cache.getEntry<number>('a')
  const updates = await Promise.all(keys.map((key) => cache.set('a', key, { ifVersion: entry?.version ?? 0 })))
  t.equal(updates.filter(({ stored }) => stored).length, 1)
  t.equal(await cache.delete('a', { ifVersion: entry?.version ?? 0 }), false)
  t.match(await cache.set('b', 1, { ifPresent: true }), { stored: false, reason: 'condition', version: undefined })
  t.equal(await cache.delete('a'), true)
})

overBoth('no call fails while a node joins, nor while one leaves', async (t, transport) => {
  const nodes = await startFleet(t, 3)
  // All share one event loop here: it stands still while a node that starts runs its code for the first time, which takes
  // seconds where the machine is busy with something else.
  await using cache = await Ringhold.connect({ transport, nodes: urlsOf(nodes), timeoutMs: 30_000 })
  const errors: unknown[] = []
  let isOver = false
  t.teardown(() => {
    isOver = true
  })
  let calls = 0
  const work = async (worker: number) => {
    for (let turn = 0; !isOver; turn++, calls++) {
      const key = `key-${worker}-${turn % 50}`
      const call = turn % 3 === 0 ? cache.set(key, turn) : cache.get(key)
      await call.catch((error: unknown) => errors.push(error))
    }
  }
  const workers = Promise.all(Array.from({ length: 8 }, (_, worker) => work(worker)))
  const joined = await addNode(t, nodes, 'n4')
  await agree([...nodes, joined])
  await until(() => cache.nodeUrl('n4') !== undefined, 'the client to know n4')
  const [leaving, ...rest] = nodes as [CacheNode, ...CacheNode[]]
  await leaving.stop()
  await agree([...rest, joined])
  await until(() => cache.nodeUrl('n1') === undefined, 'the client to know that n1 has left')
  const enough = calls + 100
  await until(() => calls > enough, 'more calls')
  isOver = true
  await workers
  t.strictSame(errors, [])
  t.equal(cache.ring?.checksum, joined.ring.checksum)
})

overBoth(
  'a crash: calls to the lost node fail over within the time that the fleet needs to replace it',
  async (t, transport) => {
    const nodes = await startFleet(t, 4)
    await using cache = await Ringhold.connect({ transport, nodes: urlsOf(nodes).slice(0, 2) })
    await cache.setMany(keys.map((key) => [key, key]))
    const [lost, ...rest] = nodes as [CacheNode, ...CacheNode[]]
    const names = new Set(rest.map(({ config }) => config.name))
    const survivors = keys.filter((key) => names.has(cache.ownerOf(key) ?? ''))
    t.ok(survivors.length < keys.length)
    await lost.cut()
    const start = performance.now()
    const results = await cache.setMany(
      keys.map((key) => [key, 'again']),
      { timeoutMs: 10_000 },
    )
    t.comment(`all ${keys.length} keys written ${Math.round(performance.now() - start)} ms after the crash`)
    t.ok(results.every(({ stored }) => stored))
    await agree(rest)
    t.strictSame(
      await cache.getMany(keys),
      keys.map(() => 'again'),
    )
  },
)

overBoth('what is wrong gets the same code from the client as from a node', async (t, transport) => {
  const [node] = (await startFleet(t, 1)) as [CacheNode]
  await using strict = await Ringhold.connect({ transport, nodes: node.clientUrl })
  await using lenient = await Ringhold.connect({ transport, nodes: node.clientUrl, valueBytesMax: 10_000_000 })
  const tooLarge = new Uint8Array(1_048_577)
  await t.rejects(strict.set('a', tooLarge), { code: 'RINGHOLD_VALUE_TOO_LARGE' })
  await t.rejects(lenient.set('a', tooLarge), { code: 'RINGHOLD_VALUE_TOO_LARGE' }, 'said by the node')
  t.equal(await strict.get('a'), undefined)
})
