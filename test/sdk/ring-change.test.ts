import { Ringhold } from '#sdk/index.js'
import { RingholdError } from '#sdk/protocol/index.js'
import { stopwatch } from '../stopwatch.ts'
import { overBoth, type SmallFleet, smallFleet, until } from './small-fleet.ts'

/** Keys that a node owns by the ring on which all agree. */
function keysOf(fleet: SmallFleet, name: string, count: number): string[] {
  const ring = fleet.node('node-1').ring()
  const keys: string[] = []
  for (let index = 0; keys.length < count; index++) {
    const key = `key-${index}`
    if (ring.coordinator(ring.token(key)) === name) keys.push(key)
  }
  return keys
}

overBoth('a hundred calls that meet 421 at once fetch the topology once, and all succeed', async (t, transport) => {
  const fleet = await smallFleet(t, 3)
  fleet.copies = 1
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
  await fleet.add('node-4')
  const keys = keysOf(fleet, 'node-4', 100)
  const before = cache.stats().refreshes
  const results = await Promise.all(keys.map((key) => cache.set(key, key)))
  t.ok(results.every(({ stored }) => stored))
  t.equal(cache.stats().refreshes - before, 1)
  t.equal(fleet.node('node-4').store.size, 100)
  t.equal(cache.stats().retries, 0, 'a redirect is no retry')
  t.equal(cache.stats().retryTokens, 500)
})

overBoth('the node that answered 421 is asked for the topology', async (t, transport) => {
  const fleet = await smallFleet(t, 5)
  fleet.copies = 1
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
  await fleet.add('node-6')
  const [key = ''] = keysOf(fleet, 'node-6', 1)
  const former = fleet.node(cache.ownerOf(key) as string)
  const before = former.requests('GET', '/v1/topology')
  await cache.set(key, 1)
  t.equal(former.requests('GET', '/v1/topology') - before, 1)
  t.equal(cache.ownerOf(key), 'node-6')
})

overBoth('a conditional write that meets 421 is sent on: nothing was executed', async (t, transport) => {
  const fleet = await smallFleet(t, 3)
  fleet.copies = 1
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
  await fleet.add('node-4')
  const [key = ''] = keysOf(fleet, 'node-4', 1)
  t.match(await cache.set(key, 1, { ifAbsent: true }), { stored: true, created: true })
})

overBoth('a reply from another ring brings a fetch, without any 421', async (t, transport) => {
  const fleet = await smallFleet(t, 3)
  fleet.copies = 1
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
  await fleet.add('node-4')
  const [key = ''] = keysOf(fleet, 'node-1', 1)
  const rings: (readonly string[])[] = []
  cache.on('ring', ({ joined }) => rings.push(joined))
  await cache.set(key, 1)
  await until(() => rings.length > 0, 'the new ring')
  t.strictSame(rings, [['node-4']])
  t.equal(cache.stats().redirects, 0)
})

overBoth(
  'a client at rest sees changes by its check, which is answered 304 while there are none',
  async (t, transport) => {
    const fleet = await smallFleet(t, 3)
    await using cache = await Ringhold.connect({ transport, nodes: fleet.urls, checkIntervalMs: 20 })
    const etags = () =>
      fleet.members.flatMap(({ seen }) => seen).filter(({ headers }) => headers['if-none-match']).length
    await until(() => etags() >= 3, 'checks with an ETag')
    const gone = fleet.node('node-2')
    gone.status = 'left'
    await until(() => cache.topology?.members.find(({ name }) => name === 'node-2')?.status === 'left', 'the leave')
    t.equal(cache.nodeUrl('node-2'), undefined)
  },
)

overBoth(
  'a node that comes back under another address is followed, and the old connections are closed',
  async (t, transport) => {
    const fleet = await smallFleet(t, 3)
    await using cache = await Ringhold.connect({ transport, nodes: fleet.node('node-1').url, checkIntervalMs: 50 })
    const node = fleet.node('node-2')
    const [key = ''] = keysOf(fleet, 'node-2', 1)
    await cache.set(key, 'old')
    const oldUrl = node.url
    await node.crash()
    await node.listen()
    t.not(node.url, oldUrl)
    t.equal((await cache.set(key, 'new')).stored, true)
    await until(() => cache.nodeUrl('node-2') === node.url, 'the new address')
    t.equal(await cache.get(key), 'new')
  },
)

overBoth('the connections to a departed node are closed, those to a seed are kept', async (t, transport) => {
  const fleet = await smallFleet(t, 3)
  fleet.copies = 1
  await using cache = await Ringhold.connect({ transport, nodes: fleet.node('node-1').url, checkIntervalMs: 20 })
  await cache.setMany(Array.from({ length: 60 }, (_, index) => [`key-${index}`, index]))
  const departed = fleet.node('node-3')
  t.ok(departed.connections > 0)
  departed.status = 'left'
  await until(() => departed.connections === 0, 'the end of the connections')
})

overBoth('when every known node has moved, the seed leads to them again', async (t, transport) => {
  const fleet = await smallFleet(t, 3)
  const seed = fleet.node('node-1')
  await using cache = await Ringhold.connect({ transport, nodes: seed.url })
  for (const name of ['node-2', 'node-3']) await fleet.node(name).crash()
  for (const name of ['node-2', 'node-3']) await fleet.node(name).listen()
  for (const name of ['node-2', 'node-3']) {
    for (const key of keysOf(fleet, name, 3)) t.equal((await cache.set(key, 1)).stored, true)
  }
})

overBoth(
  'two nodes that each take the other for the owner: the call ends at its deadline, after few requests',
  async (t, transport) => {
    const fleet = await smallFleet(t, 2)
    fleet.node('node-1').believes = ['node-2']
    fleet.node('node-2').believes = ['node-1']
    await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
    const tookMs = stopwatch(t)
    await t.rejects(cache.get('a', { timeoutMs: 1000 }), { code: 'RINGHOLD_TIMEOUT', message: /before that/ })
    t.ok(tookMs() < 1200)
    const requests = fleet.requests('GET', '/v1/caches') + fleet.requests('GET', '/v1/topology')
    t.ok(requests < 60, `${requests} requests`)
  },
)

overBoth('a 421 by the very ring of the client is waited out, not chased', async (t, transport) => {
  const fleet = await smallFleet(t, 3)
  fleet.copies = 1
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
  const node = fleet.owner('a')
  let refusals = 0
  node.onCommand = (exchange) => {
    if (refusals++ >= 3) return false
    exchange.answer(new RingholdError('RINGHOLD_WRONG_OWNER', { ring: node.topology().ring }))
    return true
  }
  t.equal((await cache.set('a', 1)).stored, true)
  t.equal(cache.stats().redirects, 3)
})

overBoth('a topology of another fleet is not taken over', async (t, transport) => {
  const fleet = await smallFleet(t, 1)
  const node = fleet.node('node-1')
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls, checkIntervalMs: 20 })
  const errors: RingholdError[] = []
  cache.on('error', (error) => errors.push(error))
  node.hook = (request, response) => {
    if (request.url !== '/v1/topology') return false
    response.end(JSON.stringify({ ...node.topology(), fleet: 'other' }))
    return true
  }
  await until(() => errors.length > 0, 'an error event')
  t.match(errors[0], { code: 'RINGHOLD_NO_NODES', message: /belongs to fleet other/ })
  t.equal(cache.topology?.fleet, 'ringhold')
  t.equal((await cache.set('a', 1)).stored, true)
  await until(() => cache.stats().refreshFailures > 2, 'more failures')
  t.equal(errors.length, 1, 'one event when fetches begin to fail')
})
