/** What befalls one call harms no other. */
import { test } from 'tap'
import { Ringhold } from '#sdk/index.js'
import { defaultLimits, FrameWriter, RingholdError, writeError } from '#sdk/protocol/index.js'
import { overBoth, smallFleet, until } from './small-fleet.ts'
import { silent } from './small-node.ts'

const keys = Array.from({ length: 30 }, (_, index) => `key-${index}`)

test('a node that says goodbye together with its greeting is asked again later', async (t) => {
  const fleet = await smallFleet(t, 1)
  const node = fleet.node('node-1')
  node.leaves = true
  await using cache = await Ringhold.connect({ nodes: fleet.urls, timeoutMs: 200 })
  t.match(await cache.get('a').catch((error) => error), { executed: 'no' })
  node.leaves = false
  let isWell = false
  const untilWell = async () => {
    while (!isWell)
      isWell = await cache
        .set('a', 1)
        .then(({ stored }) => stored)
        .catch(() => false)
  }
  await untilWell()
  t.equal(await cache.get('a'), 1)
  t.equal(node.streams, 1)
})

overBoth('calls that are ended early say nothing of the nodes, those of many keys neither', async (t, transport) => {
  const fleet = await smallFleet(t, 2)
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
  await cache.setMany(keys.map((key) => [key, key]))
  for (const node of fleet.members) node.onCommand = silent
  for (let round = 0; round < 5; round++) {
    const abort = new AbortController()
    const before = fleet.requests('GET', '/v1/caches')
    const many = cache.getMany(keys, { signal: abort.signal })
    await until(() => fleet.requests('GET', '/v1/caches') > before, 'it is under way')
    abort.abort(new Error('enough'))
    await t.rejects(many, /enough/)
  }
  for (const node of fleet.members) node.onCommand = undefined
  t.strictSame(await cache.getMany(keys), keys)
  const { nodes } = cache.stats()
  t.strictSame(
    Object.values(nodes).map(({ failures }) => failures),
    [0, 0],
  )
})

overBoth(
  'a value above the limit of the node is refused, and what is called beside it is not',
  async (t, transport) => {
    const fleet = await smallFleet(t, 1)
    const { valueBytesMax } = defaultLimits
    await using cache = await Ringhold.connect({ transport, nodes: fleet.urls, valueBytesMax: 4 * valueBytesMax })
    const large = new Uint8Array(valueBytesMax + 1)
    const [refused, ...others] = await Promise.allSettled([
      cache.set('large', large, { ifAbsent: true }),
      ...keys.map((key) => cache.set(key, key, { ifAbsent: true })),
    ])
    t.match(refused, { reason: { code: 'RINGHOLD_VALUE_TOO_LARGE', executed: 'no' } })
    t.ok(others.every(({ status }) => status === 'fulfilled'))
    t.match(await cache.set('large', large.subarray(1)), { stored: true })
    await t.rejects(cache.setMany([['large', large]]), { code: 'RINGHOLD_PARTIAL' })
  },
)

overBoth(
  'where a node could not read what it got, reads go again, and what it did of conditional writes is not known',
  async (t, transport) => {
    const fleet = await smallFleet(t, 1)
    const node = fleet.node('node-1')
    await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
    await cache.set('a', 1)
    let isRead = false
    node.onCommand = (exchange) => {
      if (isRead) return false
      isRead = true
      const writer = new FrameWriter()
      writeError(writer, 0, new RingholdError('RINGHOLD_BAD_REQUEST', { detail: 'a frame of 9 GB' }))
      exchange.write(writer.take())
      return true
    }
    t.equal(await cache.get('a'), 1)
    isRead = false
    await t.rejects(cache.set('a', 2, { ifPresent: true }), {
      code: 'RINGHOLD_CONNECTION_LOST',
      executed: 'unknown',
      message: /a frame of 9 GB/,
    })
    t.match(cache.stats(), { retries: 1 })
  },
)

test('a request of which a part was answered makes room when nobody waits for the rest', async (t) => {
  const fleet = await smallFleet(t, 1)
  const node = fleet.node('node-1')
  await using cache = await Ringhold.connect({ transport: 'post', nodes: fleet.urls, connectionsMax: 1 })
  node.onCommand = ({ url }) => url.endsWith('/slow')
  for (let round = 0; round < 3; round++) {
    const slow = cache.get('slow', { timeoutMs: 50 })
    t.equal(await cache.get('fast'), undefined)
    await t.rejects(slow, { code: 'RINGHOLD_TIMEOUT' })
  }
  t.equal(await cache.get('fast'), undefined)
})

test('a call to a node that has left ends with the client', async (t) => {
  for (const transport of ['stream', 'post'] as const) {
    const fleet = await smallFleet(t, 2)
    const [stays, leaves] = fleet.members as [(typeof fleet.members)[0], (typeof fleet.members)[0]]
    const cache = await Ringhold.connect({ transport, nodes: stays.url, checkIntervalMs: 20 })
    const key = keys.find((each) => fleet.owner(each) === leaves) as string
    leaves.onCommand = silent
    const get = t.rejects(cache.get(key, { timeoutMs: 60_000 }), { code: 'RINGHOLD_CLOSED' })
    await until(() => leaves.requests('GET', '/v1/caches') === 1, 'it is under way')
    fleet.members.splice(1)
    await until(() => cache.ring?.members.length === 1, 'the node has left')
    await cache.destroy()
    await get
    await until(() => leaves.connections === 0, 'no connection is left')
    await leaves.crash()
  }
})

test('bytes that are handed over to somebody else while they are under way give back the room that they took', async (t) => {
  const fleet = await smallFleet(t, 1)
  await using cache = await Ringhold.connect({ nodes: fleet.urls, inFlightBytesMax: 10_000 })
  for (let round = 0; round < 20; round++) {
    const bytes = new Uint8Array(1_000)
    const set = cache.set('a', bytes)
    structuredClone(bytes, { transfer: [bytes.buffer] })
    await set
  }
  t.match(cache.stats(), { inFlight: 0, inFlightBytes: 0 })
})

test('while one large value is under way, what brings no value has room', async (t) => {
  const fleet = await smallFleet(t, 1)
  const node = fleet.node('node-1')
  await using cache = await Ringhold.connect({ nodes: fleet.urls, inFlightBytesMax: 1_000 })
  node.onCommand = ({ method }) => method === 'PUT'
  const set = t.rejects(cache.set('a', new Uint8Array(2_000), { timeoutMs: 300 }), { code: 'RINGHOLD_TIMEOUT' })
  t.equal(await cache.get('a'), undefined)
  t.equal(await cache.delete('a'), false)
  await t.rejects(cache.set('b', 'x'), { code: 'RINGHOLD_QUEUE_FULL' })
  await set
})
