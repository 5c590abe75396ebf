import type { ServerResponse } from 'node:http'
import { test } from 'tap'
import { Ringhold, type RingholdError } from '#sdk/index.js'
import { type Hook, type SmallNode, smallFleet, until } from './small-fleet.ts'

/** Lets requests for keys wait for ever. */
const silent: Hook = (request) => request.url !== '/v1/topology'

function breaks(times: number, after: 'nothing' | 'half a reply'): Hook {
  let left = times
  return (request, response) => {
    if (request.url === '/v1/topology' || left-- <= 0) return false
    if (after === 'half a reply') response.writeHead(200, { 'content-length': 100 }).write('half')
    setImmediate(() => request.socket.resetAndDestroy())
    return true
  }
}

async function caught(promise: Promise<unknown>): Promise<RingholdError> {
  return promise.then(
    () => {
      throw new Error('it did not reject')
    },
    (error: RingholdError) => error,
  )
}

test('a connection that breaks before or within a reply: reads and plain writes are sent again', async (t) => {
  const fleet = await smallFleet(t, 3)
  await using cache = await Ringhold.connect({ nodes: fleet.urls })
  const node = fleet.owner('a')
  for (const after of ['nothing', 'half a reply'] as const) {
    node.hook = breaks(1, after)
    t.equal((await cache.set('a', after)).stored, true)
    node.hook = breaks(1, after)
    t.equal(await cache.get('a'), after)
    node.hook = breaks(1, after)
    t.equal(typeof (await cache.delete('a')), 'boolean')
  }
  t.equal(cache.stats().retries, 6)
})

test('a conditional write whose connection breaks is not sent again: it may have been executed', async (t) => {
  const fleet = await smallFleet(t, 3)
  await using cache = await Ringhold.connect({ nodes: fleet.urls })
  const node = fleet.owner('a')
  for (const write of [() => cache.set('a', 1, { ifAbsent: true }), () => cache.delete('a', { ifVersion: 1 })]) {
    node.hook = breaks(1, 'nothing')
    const before = node.seen.length
    t.match(await caught(write()), { code: 'RINGHOLD_CONNECTION_LOST', executed: 'unknown', retryable: true })
    t.equal(node.seen.length - before, 1)
  }
  t.equal(cache.stats().retries, 0)
})

test('a call in the seconds between a crash and the new ring succeeds, whatever it writes', async (t) => {
  const fleet = await smallFleet(t, 5)
  await using cache = await Ringhold.connect({ nodes: fleet.urls })
  const node = fleet.owner('a')
  const other = Array.from({ length: 100 }, (_, index) => `key-${index}`).find((key) => fleet.owner(key) === node)
  await cache.set('a', 1)
  await node.crash()
  const calls = Promise.all([
    cache.set('a', 2),
    cache.set(other as string, 3, { ifAbsent: true }),
    ...Array.from({ length: 40 }, () => cache.get('a')),
  ])
  await until(() => cache.stats().retries > 100, 'a while of retries')
  node.status = 'dead'
  const [plain, conditional] = await calls
  t.match([plain, conditional], [{ stored: true }, { stored: true, created: true }])
  await until(() => cache.ownerOf('a') !== node.name, 'the new ring')
  t.equal(cache.stats().failures, 0)
})

test('an owner that only this client cannot reach is reached through another node', async (t) => {
  const fleet = await smallFleet(t, 3)
  const node = fleet.owner('a')
  await using cache = await Ringhold.connect({
    nodes: fleet.urls.filter((url) => url !== node.url),
    addressMap: { [node.name]: 'http://127.0.0.1:1' },
  })
  t.equal((await cache.set('a', 1)).stored, true)
  t.equal(await cache.get('a'), 1)
  t.equal(node.store.size, 1)
  const direct = fleet.members.flatMap(({ seen }) => seen).filter(({ headers }) => headers['ringhold-route'])
  t.strictSame(direct, [], 'a node that shall forward is not told to refuse')
})

test('a node that never answers: the call ends at its deadline and says so', async (t) => {
  const fleet = await smallFleet(t, 1)
  await using cache = await Ringhold.connect({ nodes: fleet.urls, timeoutMs: 200 })
  fleet.node('node-1').hook = silent
  const start = performance.now()
  const error = await caught(cache.get('a'))
  const tookMs = performance.now() - start
  t.match(error, { code: 'RINGHOLD_TIMEOUT', executed: 'unknown', message: /within 200 ms/ })
  t.ok(tookMs >= 200 && tookMs < 300, `${tookMs} ms`)
  await t.rejects(cache.get('a', { timeoutMs: 50 }), { message: /within 50 ms/ })
  t.equal(cache.stats().timeouts, 2)
  t.equal(cache.stats().retryTokens, 480)
})

test('a node that sends its reply drop by drop cannot hold a call beyond its deadline', async (t) => {
  const fleet = await smallFleet(t, 1)
  await using cache = await Ringhold.connect({ nodes: fleet.urls, timeoutMs: 200 })
  const timers: NodeJS.Timeout[] = []
  t.teardown(() => timers.forEach(clearInterval))
  fleet.node('node-1').hook = (request, response) => {
    if (request.url === '/v1/topology') return false
    response.writeHead(200, { etag: '"1"', 'content-type': 'text/plain' })
    timers.push(setInterval(() => response.write('.'), 20))
    return true
  }
  await t.rejects(cache.get('a'), { code: 'RINGHOLD_TIMEOUT' })
})

test('a call that was never sent is known not to have been executed', async (t) => {
  const fleet = await smallFleet(t, 1)
  await using cache = await Ringhold.connect({ nodes: fleet.urls, connectionsMax: 1, timeoutMs: 100 })
  fleet.node('node-1').hook = silent
  const [first, second] = await Promise.all([caught(cache.set('a', 1)), caught(cache.set('b', 1))])
  t.match([first.executed, second.executed], ['unknown', 'no'])
  t.equal(fleet.requests('PUT', ''), 1)
})

test('a signal ends a call with its reason, before, during and after, and leaves no listener behind', async (t) => {
  const fleet = await smallFleet(t, 1)
  await using cache = await Ringhold.connect({ nodes: fleet.urls })
  const node = fleet.node('node-1')
  const gone = AbortSignal.abort(new Error('too late'))
  await t.rejects(cache.get('a', { signal: gone }), { message: 'too late' })
  await t.rejects(cache.getMany(['a', 'b'], { signal: gone }), { message: 'too late' })
  t.equal(fleet.requests('GET', '/v1/caches'), 0, 'nothing is sent for a call that is over')

  const controller = new AbortController()
  let listeners = 0
  const { signal } = controller
  const { addEventListener, removeEventListener } = signal
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++
    addEventListener.apply(signal, args)
  }
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--
    removeEventListener.apply(signal, args)
  }
  for (let count = 0; count < 100; count++) await cache.get('a', { signal })
  t.equal(listeners, 0)
  node.hook = silent
  const before = fleet.requests('GET', '/v1/caches')
  const many = cache.getMany(['a', 'b', 'c', 'd'], { signal })
  const call = cache.get('a', { signal })
  t.equal(listeners, 2, 'one for a whole multi-key call')
  await until(() => fleet.requests('GET', '/v1/caches') > before, 'a request')
  const reason = { any: 'thing' }
  controller.abort(reason)
  for (const promise of [call, many])
    t.equal(
      await promise.then(
        () => undefined,
        (error) => error,
      ),
      reason,
    )
  t.equal(listeners, 0)
})

test('a node that failed three times is left alone for a second, then probed by one call', async (t) => {
  const fleet = await smallFleet(t, 2)
  await using cache = await Ringhold.connect({ nodes: fleet.urls, checkIntervalMs: 60_000 })
  const node = fleet.owner('a')
  node.hook = silent
  for (let count = 0; count < 3; count++) await caught(cache.get('a', { timeoutMs: 50 }))
  t.equal(cache.stats().nodes[node.name]?.breaker, 'open')
  const before = node.seen.length
  await cache.get('a', { timeoutMs: 500 })
  t.equal(node.seen.length, before, 'the other node forwards')
  node.hook = undefined
  await until(() => cache.stats().nodes[node.name]?.breaker === 'half-open', 'the end of the second')
  await cache.get('a')
  t.equal(node.seen.length, before + 1)
  t.equal(cache.stats().nodes[node.name]?.breaker, 'closed')
})

test('when the whole fleet is away, calls reject at once after the first ones, and work again when it is back', async (t) => {
  const fleet = await smallFleet(t, 2)
  await using cache = await Ringhold.connect({ nodes: fleet.urls })
  const ports = fleet.members.map(({ port }) => port)
  await Promise.all(fleet.members.map((node) => node.crash()))
  const error = await caught(cache.get('a', { timeoutMs: 5000 }))
  t.equal(error.code, 'RINGHOLD_NO_NODES')
  for (const { name } of fleet.members) t.ok(error.message.includes(name))
  const start = performance.now()
  await t.rejects(cache.get('a'), { code: 'RINGHOLD_NO_NODES' })
  t.ok(performance.now() - start < 50, 'at once')
  await Promise.all(fleet.members.map((node, index) => node.listen(ports[index])))
  await until(() => Object.values(cache.stats().nodes).some(({ breaker }) => breaker !== 'open'), 'a probe')
  t.equal((await cache.set('a', 1)).stored, true)
})

test('retries to a node that keeps breaking connections are bounded by the budget and the deadline', async (t) => {
  const fleet = await smallFleet(t, 1)
  await using cache = await Ringhold.connect({ nodes: fleet.urls, timeoutMs: 300 })
  const node = fleet.node('node-1')
  node.hook = breaks(Number.POSITIVE_INFINITY, 'nothing')
  await Promise.allSettled(Array.from({ length: 200 }, (_, index) => cache.get(`key-${index}`)))
  t.ok(cache.stats().retryTokens >= 0)
  t.ok(node.requests('GET', '/v1/caches') <= 200 + 100, `${node.requests('GET', '/v1/caches')} requests`)
})

test('a reply that is larger than any value is given up, not read', async (t) => {
  const fleet = await smallFleet(t, 1)
  await using cache = await Ringhold.connect({ nodes: fleet.urls, valueBytesMax: 100_000 })
  let response: ServerResponse | undefined
  fleet.node('node-1').hook = (request, reply) => {
    if (request.url === '/v1/topology') return false
    response = reply.writeHead(200, { etag: '"1"' })
    const pour = () => {
      while (!reply.destroyed && reply.write(Buffer.alloc(65_536)));
    }
    reply.on('drain', pour)
    pour()
    return true
  }
  await t.rejects(cache.get('a'), { code: 'RINGHOLD_BAD_REPLY', message: /more than 100000 bytes/ })
  await until(() => response?.destroyed === true, 'the end of the connection')
})

test('replies of something else than a node are RINGHOLD_BAD_REPLY, and its errors those of the table', async (t) => {
  const fleet = await smallFleet(t, 1)
  await using cache = await Ringhold.connect({ nodes: fleet.urls })
  const node: SmallNode = fleet.node('node-1')
  for (const status of [200, 204, 301, 404, 500, 502]) {
    node.hook = (_request, response) => {
      response.writeHead(status, { location: '/' }).end(status === 204 ? undefined : '<html>')
      return true
    }
    await t.rejects(cache.get('a'), { code: 'RINGHOLD_BAD_REPLY', message: new RegExp(String(status)) })
  }
})

test('no more calls and bytes are under way than the bounds allow, and room is free again afterwards', async (t) => {
  const fleet = await smallFleet(t, 1)
  const options = { nodes: fleet.urls, inFlightMax: 10, inFlightBytesMax: 1000, timeoutMs: 300 }
  await using cache = await Ringhold.connect(options)
  const node = fleet.node('node-1')
  node.hook = silent
  const calls = Array.from({ length: 10 }, () => caught(cache.get('a')))
  await t.rejects(cache.get('a'), { code: 'RINGHOLD_QUEUE_FULL', message: /10 calls/ })
  t.equal(cache.stats().inFlight, 10)
  t.ok((await Promise.all(calls)).every(({ code }) => code === 'RINGHOLD_TIMEOUT'))
  const write = caught(cache.set('a', 'x'.repeat(600)))
  await t.rejects(cache.set('b', 'x'.repeat(600)), { code: 'RINGHOLD_QUEUE_FULL', message: /600 bytes/ })
  await write
  t.match(cache.stats(), { inFlight: 0, inFlightBytes: 0 })
  node.hook = undefined
  await until(() => cache.stats().nodes['node-1']?.breaker !== 'open', 'the breaker')
  t.equal((await cache.set('a', 'x'.repeat(2000))).stored, true, 'one large value always has room')
  const many = Array.from({ length: 100 }, (_, index) => [`key-${index}`, 'x'.repeat(300)] as const)
  t.equal((await cache.setMany(many, { timeoutMs: 5000 })).length, 100, 'multi-key calls wait for room')
})
