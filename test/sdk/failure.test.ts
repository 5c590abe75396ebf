import { Ringhold, type RingholdError } from '#sdk/index.js'
import { stopwatch } from '../stopwatch.ts'
import { overBoth, smallFleet, until } from './small-fleet.ts'
import { type CommandHook, type SmallNode, silent } from './small-node.ts'

function breaks(times: number, after: 'nothing' | 'half a reply'): CommandHook {
  let left = times
  return (exchange) => {
    if (left-- <= 0) return false
    const reply = exchange.bytesOf({ type: 'created', version: 1, copies: 1 })
    if (after === 'half a reply') exchange.write(reply.subarray(0, 12))
    setImmediate(() => exchange.breakOff())
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

overBoth(
  'a connection that breaks before or within a reply: reads and plain writes are sent again',
  async (t, transport) => {
    const fleet = await smallFleet(t, 3)
    await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
    const node = fleet.owner('a')
    for (const after of ['nothing', 'half a reply'] as const) {
      node.onCommand = breaks(1, after)
      t.equal((await cache.set('a', after)).stored, true)
      node.onCommand = breaks(1, after)
      t.equal(await cache.get('a'), after)
      node.onCommand = breaks(1, after)
      t.equal(typeof (await cache.delete('a')), 'boolean')
    }
    t.equal(cache.stats().retries, 6)
  },
)

overBoth(
  'a conditional write whose connection breaks is not sent again: it may have been executed',
  async (t, transport) => {
    const fleet = await smallFleet(t, 3)
    await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
    const node = fleet.owner('a')
    for (const write of [() => cache.set('a', 1, { ifAbsent: true }), () => cache.delete('a', { ifVersion: 1 })]) {
      node.onCommand = breaks(1, 'nothing')
      const before = node.seen.length
      t.match(await caught(write()), { code: 'RINGHOLD_CONNECTION_LOST', executed: 'unknown', retryable: true })
      t.equal(node.seen.length - before, 1)
    }
    t.equal(cache.stats().retries, 0)
  },
)

overBoth(
  'a call in the seconds between a crash and the new ring succeeds, whatever it writes',
  async (t, transport) => {
    const fleet = await smallFleet(t, 5)
    await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
    const node = fleet.owner('a')
    const ring = node.ring()
    const ownersOf = (key: string) => ring.owners(ring.token(key)).join()
    const other = Array.from({ length: 1_000 }, (_, at) => `key-${at}`).find((key) => ownersOf(key) === ownersOf('a'))
    const replica = fleet.node(ring.owners(ring.token('a'))[1] as string)
    await cache.set('a', 1)
    await Promise.all([node.crash(), replica.crash()])
    const calls = Promise.all([
      cache.set('a', 2),
      cache.set(other as string, 3, { ifAbsent: true }),
      ...Array.from({ length: 40 }, () => cache.get('a')),
    ])
    await until(() => cache.stats().retries > 100, 'a while of retries')
    node.status = 'dead'
    replica.status = 'dead'
    const [plain, conditional] = await calls
    t.match([plain, conditional], [{ stored: true }, { stored: true, created: true }])
    await until(() => cache.ownerOf('a') !== node.name, 'the new ring')
    t.equal(cache.stats().failures, 0)
  },
)

overBoth(
  'when the owner of a key has crashed the next owner is asked at once, whatever the command',
  async (t, transport) => {
    const fleet = await smallFleet(t, 5)
    await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
    const node = fleet.owner('a')
    await cache.set('a', 1)
    await node.crash()
    t.match(await cache.set('a', 2), { stored: true })
    t.equal(await cache.get('a'), 2)
    t.match(await cache.set('a', 3, { ifPresent: true }), { stored: true })
    t.equal(cache.ownerOf('a'), node.name, 'no new ring was needed')
  },
)

overBoth('an owner that only this client cannot reach is reached through another node', async (t, transport) => {
  const fleet = await smallFleet(t, 3)
  const node = fleet.owner('a')
  await using cache = await Ringhold.connect({
    transport,
    nodes: fleet.urls.filter((url) => url !== node.url),
    addressMap: { [node.name]: 'http://127.0.0.1:1' },
  })
  t.equal((await cache.set('a', 1)).stored, true)
  t.equal(await cache.get('a'), 1)
  t.equal(node.store.size, 1)
  const used = fleet.members.filter(({ seen }) => seen.some(({ url }) => url.includes('/keys/')))
  t.equal(used.length, 1, 'the replica passes all of it on')
})

overBoth('a node that never answers: the call ends at its deadline and says so', async (t, transport) => {
  const fleet = await smallFleet(t, 1)
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls, timeoutMs: 200 })
  fleet.node('node-1').onCommand = silent
  const start = performance.now()
  const awakeMs = stopwatch(t)
  const error = await caught(cache.get('a'))
  const tookMs = performance.now() - start
  t.match(error, { code: 'RINGHOLD_TIMEOUT', executed: 'unknown', message: /within 200 ms/ })
  t.ok(tookMs >= 200 && awakeMs() < 300, `${tookMs} ms`)
  await t.rejects(cache.get('a', { timeoutMs: 50 }), { message: /within 50 ms/ })
  t.equal(cache.stats().timeouts, 2)
  t.equal(cache.stats().retryTokens, 480)
})

overBoth('a node that sends its reply drop by drop cannot hold a call beyond its deadline', async (t, transport) => {
  const fleet = await smallFleet(t, 1)
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls, timeoutMs: 200 })
  const timers: NodeJS.Timeout[] = []
  t.teardown(() => timers.forEach(clearInterval))
  fleet.node('node-1').onCommand = (exchange) => {
    const reply = exchange.bytesOf({ type: 'hit', value: new Uint8Array(99), contentType: 'text/plain', version: 1 })
    let sent = 0
    timers.push(setInterval(() => exchange.write(reply.subarray(sent, ++sent)), 20))
    return true
  }
  await t.rejects(cache.get('a'), { code: 'RINGHOLD_TIMEOUT' })
})

overBoth('a call that was never sent is known not to have been executed', async (t, transport) => {
  const fleet = await smallFleet(t, 1)
  // More than sockets and a node that does not read can take, or than one request does.
  const large = new Uint8Array(8_000_000)
  const limits = { connectionsMax: 1, timeoutMs: 300, valueBytesMax: large.length }
  const node = fleet.node('node-1')
  node.limits = { ...node.limits, valueBytesMax: large.length }
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls, ...limits })
  await cache.get('a')
  node.deaf = true
  const calls = Array.from({ length: 3 }, (_, index) => caught(cache.set(`key-${index}`, large)))
  const executed = (await Promise.all(calls)).map((error) => error.executed)
  t.equal(executed[0], 'unknown')
  t.equal(executed[2], 'no')
  t.equal(fleet.requests('PUT', ''), 0)
})

overBoth(
  'a signal ends a call with its reason, before, during and after, and leaves no listener behind',
  async (t, transport) => {
    const fleet = await smallFleet(t, 1)
    await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
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
    node.onCommand = silent
    const before = fleet.requests('GET', '/v1/caches')
    const many = cache.getMany(['a', 'b', 'c', 'd'], { signal })
    const call = cache.get('a', { signal })
    const others = Array.from({ length: 20 }, () => caught(cache.get('a', { signal })))
    t.equal(listeners, 1, 'one for all calls that share it')
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
    await Promise.all(others)
    t.equal(listeners, 0)
  },
)

overBoth('a node that failed three times is left alone for a second, then probed by one call', async (t, transport) => {
  const fleet = await smallFleet(t, 2)
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls, checkIntervalMs: 60_000 })
  const node = fleet.owner('a')
  const breaker = () => cache.stats().nodes[node.name]?.breaker
  node.onCommand = silent
  for (let count = 0; count < 2; count++) await caught(cache.get('a', { timeoutMs: 50 }))
  t.equal(breaker(), 'closed')
  // The second runs by the clock: where the machine takes longer than that for two calls, they are made again.
  let isInTime = false
  while (!isInTime) {
    const begun = performance.now()
    await caught(cache.get('a', { timeoutMs: 50 }))
    t.equal(breaker(), 'open')
    const before = node.seen.length
    const ended = await cache.get('a', { timeoutMs: 500 }).then(
      () => 'answered',
      () => 'failed',
    )
    isInTime = performance.now() - begun < 1_000
    if (isInTime) t.strictSame([ended, node.seen.length], ['answered', before], 'the other node forwards')
    else await until(() => breaker() === 'half-open', 'the end of the second')
  }
  node.onCommand = undefined
  await until(() => breaker() === 'half-open', 'the end of the second')
  const before = node.seen.length
  await cache.get('a')
  t.equal(node.seen.length, before + 1)
  t.equal(cache.stats().nodes[node.name]?.breaker, 'closed')
})

overBoth(
  'when the whole fleet is away, calls reject at once after the first ones, and work again when it is back',
  async (t, transport) => {
    const fleet = await smallFleet(t, 2)
    await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
    const ports = fleet.members.map(({ port }) => port)
    await Promise.all(fleet.members.map((node) => node.crash()))
    const error = await caught(cache.get('a', { timeoutMs: 5000 }))
    t.equal(error.code, 'RINGHOLD_NO_NODES')
    for (const { name } of fleet.members) t.ok(error.message.includes(name))
    const tookMs = stopwatch(t)
    await t.rejects(cache.get('a'), { code: 'RINGHOLD_NO_NODES' })
    t.ok(tookMs() < 50, 'at once')
    await Promise.all(fleet.members.map((node, index) => node.listen(ports[index])))
    await until(() => Object.values(cache.stats().nodes).some(({ breaker }) => breaker !== 'open'), 'a probe')
    t.equal((await cache.set('a', 1)).stored, true)
  },
)

overBoth(
  'retries to a node that keeps breaking connections are bounded by the budget and the deadline',
  async (t, transport) => {
    const fleet = await smallFleet(t, 1)
    await using cache = await Ringhold.connect({ transport, nodes: fleet.urls, timeoutMs: 300 })
    const node = fleet.node('node-1')
    node.onCommand = breaks(Number.POSITIVE_INFINITY, 'nothing')
    await Promise.allSettled(Array.from({ length: 200 }, (_, index) => cache.get(`key-${index}`)))
    t.ok(cache.stats().retryTokens >= 0)
    t.ok(node.requests('GET', '/v1/caches') <= 200 + 100, `${node.requests('GET', '/v1/caches')} requests`)
  },
)

overBoth('a reply that is larger than any value is given up, not read', async (t, transport) => {
  const fleet = await smallFleet(t, 1)
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls, valueBytesMax: 100_000 })
  const node = fleet.node('node-1')
  node.onCommand = (exchange) => {
    const value = new Uint8Array(1_000_000)
    exchange.write(exchange.bytesOf({ type: 'hit', value, contentType: 'a/b', version: 1 }).subarray(0, 500_000))
    return true
  }
  await t.rejects(cache.get('a'), { code: 'RINGHOLD_BAD_REPLY', message: /a frame of 10000\d\d bytes/ })
  await until(() => node.connections <= 1, 'the end of the connection')
})

overBoth(
  'replies of something else than a node are RINGHOLD_BAD_REPLY, and its errors those of the table',
  async (t, transport) => {
    const fleet = await smallFleet(t, 1)
    await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
    const node: SmallNode = fleet.node('node-1')
    for (const status of transport === 'post' ? [200, 204, 301, 404, 500, 502] : []) {
      node.hook = (_request, response) => {
        response.writeHead(status, { location: '/' }).end(status === 204 ? undefined : '<html>')
        return true
      }
      await t.rejects(cache.get('a'), { code: 'RINGHOLD_BAD_REPLY', message: new RegExp(String(status)) })
    }
    node.hook = undefined
    for (const bytes of [
      Buffer.from('HTTP/1.1 400 Bad Request'),
      new Uint8Array(20),
      Buffer.from([6, 0, 0, 0, 9, 0, 0, 0, 17, 0]),
    ]) {
      node.onCommand = (exchange) => {
        exchange.write(bytes)
        return true
      }
      await t.rejects(cache.get('a'), { code: 'RINGHOLD_BAD_REPLY' })
    }
  },
)

overBoth(
  'no more calls and bytes are under way than the bounds allow, and room is free again afterwards',
  async (t, transport) => {
    const fleet = await smallFleet(t, 1)
    const options = { transport, nodes: fleet.urls, inFlightMax: 10, inFlightBytesMax: 1000, timeoutMs: 300 }
    await using cache = await Ringhold.connect(options)
    const node = fleet.node('node-1')
    node.onCommand = silent
    const calls = Array.from({ length: 10 }, () => caught(cache.get('a')))
    await t.rejects(cache.get('a'), { code: 'RINGHOLD_QUEUE_FULL', message: /10 calls/ })
    t.equal(cache.stats().inFlight, 10)
    t.ok((await Promise.all(calls)).every(({ code }) => code === 'RINGHOLD_TIMEOUT'))
    const write = caught(cache.set('a', 'x'.repeat(600)))
    await t.rejects(cache.set('b', 'x'.repeat(600)), { code: 'RINGHOLD_QUEUE_FULL', message: /600 bytes/ })
    await write
    t.match(cache.stats(), { inFlight: 0, inFlightBytes: 0 })
    node.onCommand = undefined
    await until(() => cache.stats().nodes['node-1']?.breaker !== 'open', 'the breaker')
    t.equal((await cache.set('a', 'x'.repeat(2000))).stored, true, 'one large value always has room')
    const many = Array.from({ length: 100 }, (_, index) => [`key-${index}`, 'x'.repeat(300)] as const)
    t.equal((await cache.setMany(many, { timeoutMs: 5000 })).length, 100, 'multi-key calls wait for room')
  },
)
