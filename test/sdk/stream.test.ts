import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { mock } from 'node:test'
import { type Test, test } from 'tap'
import { execute, openConnection } from '#sdk/connection.js'
import { Deadlines } from '#sdk/deadlines.js'
import { Ringhold, type RingholdError } from '#sdk/index.js'
import { cancel, type Unanswered } from '#sdk/lane/attempt.js'
import { portionMax, portionMin, portionOf } from '#sdk/lane/portion.js'
import { slotsMax } from '#sdk/lane/slots.js'
import { pingMs } from '#sdk/lane/stream.js'
import { defaultLimits, FrameWriter, writeOutcome } from '#sdk/protocol/index.js'
import { Scope } from '#sdk/scope.js'
import { attemptOf, quietStream } from './quiet-stream.ts'
import { smallFleet, until } from './small-fleet.ts'
import type { SmallNode } from './small-node.ts'

test('a lone call leaves at once; the few that are called in one turn leave in one write for each node', async (t) => {
  const fleet = await smallFleet(t, 2)
  await using cache = await Ringhold.connect({ nodes: fleet.urls })
  const keys = Array.from({ length: portionMin }, (_, index) => `key-${index}`)
  await cache.getMany(keys)
  const reads = () => fleet.members.map((node) => node.reads)
  const before = reads()
  await Promise.all(keys.map((key) => cache.get(key)))
  const after = reads()
  // The first of each node goes alone, since nothing is under way there; the others go together.
  for (const [index, node] of fleet.members.entries()) {
    const count = (after[index] as number) - (before[index] as number)
    t.ok(count <= 2, `${node.name} read ${count} times`)
  }
  t.strictSame(
    fleet.members.map((node) => node.streams),
    [1, 1],
  )
})

test('many that are called in one turn leave in portions: the node has the first while the others are put together', async (t) => {
  const { stream, writes } = quietStream({ underWay: () => 270 })
  for (let submitted = 0; submitted < 256; submitted++) stream.submit(attemptOf('k'))
  t.strictSame(writes(), [64, 64, 64, 64])
  for (let submitted = 0; submitted < portionMin; submitted++) stream.submit(attemptOf('k'))
  t.equal(writes().length, 4, 'a part of one waits for the end of the turn')
  await new Promise((resolve) => setImmediate(resolve))
  t.strictSame(writes(), [64, 64, 64, 64, portionMin])
  await stream.destroy()
})

test('a portion is a fourth of what is under way, in steps of 32 from 32 to 256', async (t) => {
  t.strictSame([1, 64, 191, 192, 270, 1_000, 100_000].map(portionOf), [32, 32, 32, 64, 64, 256, 256])
})

test('a burst on a client at rest leaves in growing portions', async (t) => {
  const { stream, writes } = quietStream({})
  for (let submitted = 0; submitted < 2_000; submitted++) stream.submit(attemptOf('k'))
  const [first, second, ...others] = writes()
  t.strictSame([first, second], [1, portionMin])
  t.strictSame(
    others.toSorted((a, b) => a - b),
    others,
  )
  t.equal(others.at(-1), portionMax)
  await stream.destroy()
})

test('what the system refuses to send was not sent, whatever was sent before', async (t) => {
  let isBroken = false
  const { stream, writes } = quietStream({
    underWay: () => 100,
    whenTaken: (done) => done(isBroken ? new Error('write ECONNRESET') : undefined),
  })
  const ends: string[] = []
  const submit = (name: string) => {
    const attempt = { ...attemptOf('k'), fail: ({ type }: Unanswered) => ends.push(`${name} ${type}`) }
    stream.submit(attempt)
    return attempt
  }
  for (let submitted = 0; submitted < portionMin; submitted++) submit('before')
  isBroken = true
  const attempts = Array.from({ length: portionMin }, () => submit('then'))
  t.strictSame(writes(), [portionMin, portionMin])
  t.notOk(attempts.some(cancel), 'whoever cancels one is told that it was not sent')
  for (const attempt of attempts.slice(1)) attempt.isCancelled = false
  submit('after')
  await new Promise((resolve) => setImmediate(resolve))
  const some = (end: string, count: number) => Array.from({ length: count }, () => end)
  t.strictSame(ends, [...some('before lost', portionMin), ...some('then refused', portionMin - 1), 'after refused'])
})

test('a lone call that the system refuses to send was not sent', async (t) => {
  const { stream } = quietStream({ whenTaken: (done) => done(new Error('write ECONNRESET')) })
  const failure = new Promise<Unanswered>((resolve) => stream.submit({ ...attemptOf('k'), fail: resolve }))
  t.match(await failure, { type: 'refused', error: { code: 'RINGHOLD_CONNECTION_LOST', executed: 'no' } })
})

test('what is written to a stream that the other side has ended was not sent', async (t) => {
  const { stream, socket, writes } = quietStream({ underWay: () => 1 })
  const ends: string[] = []
  socket.on('end', () => {
    for (let submitted = 0; submitted < 3; submitted++) {
      stream.submit({ ...attemptOf('k'), fail: ({ type }: Unanswered) => ends.push(type) })
    }
  })
  socket.push(null)
  socket.resume()
  await until(() => ends.length === 3, 'all have ended')
  t.strictSame(ends, ['refused', 'refused', 'refused'])
  t.strictSame(writes(), [])
})

test('what more than can be outstanding at a time waits for answers, and is sent then', async (t) => {
  const { stream, receive, writes } = quietStream({ underWay: () => 100_000 })
  let answered = 0
  const count = slotsMax + 1_000
  const sent = () => writes().reduce((sum, frames) => sum + frames, 0)
  for (let submitted = 0; submitted < count; submitted++) {
    stream.submit({ ...attemptOf('k'), succeed: () => answered++ })
  }
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(sent(), slotsMax)
  for (const ids of [
    [1, slotsMax],
    [slotsMax - 999, slotsMax],
  ] as const) {
    const writer = new FrameWriter()
    for (let id = ids[0]; id <= ids[1]; id++) writeOutcome(writer, id, { type: 'miss' })
    receive(writer.take())
  }
  t.equal(sent(), count)
  t.equal(answered, count)
  await stream.destroy()
})

test('a stream that owes all its answers to nobody is given up; one that somebody waits for is not', async (t) => {
  const { stream, gone } = quietStream({ underWay: () => 100_000 })
  const attempts = Array.from({ length: slotsMax }, () => attemptOf('k'))
  for (const attempt of attempts) stream.submit(attempt)
  const flushed = () => new Promise((resolve) => setImmediate(resolve))
  await flushed()
  for (const attempt of attempts.slice(1)) cancel(attempt)
  stream.submit(attemptOf('k'))
  await flushed()
  t.equal(gone(), 0)
  cancel(attempts[0] as (typeof attempts)[number])
  stream.submit(attemptOf('k'))
  await flushed()
  t.equal(gone(), 1)
})

test('while the socket does not take what was written, what follows is not cut into portions', async (t) => {
  let taken = () => {}
  const { stream, writes } = quietStream({ underWay: () => 1_000, whenTaken: (done) => (taken = done) })
  for (let submitted = 0; submitted < 1_000; submitted++) stream.submit(attemptOf('k'))
  await new Promise((resolve) => setImmediate(resolve))
  taken()
  t.strictSame(writes(), [portionOf(1_000), 1_000 - portionOf(1_000)])
  await stream.destroy()
})

test('bytes that a call returned stay as they were, whatever the stream brings after them', async (t) => {
  const fleet = await smallFleet(t, 1)
  await using cache = await Ringhold.connect({ nodes: fleet.urls })
  const values = Array.from({ length: 60 }, (_, index) => new Uint8Array(1 + index ** 3).fill(index + 1))
  await cache.setMany(values.map((value, index) => [`key-${index}`, value]))
  const returned: [index: number, bytes: Uint8Array][] = []
  for (let round = 0; round < 3; round++) {
    const reads = values.map(async (_, index) => {
      const key = `key-${index}`
      const bytes = index % 2 === 0 ? (await cache.getBytes(key))?.value : await cache.get<Uint8Array>(key)
      returned.push([index, bytes as Uint8Array])
    })
    await Promise.all(reads)
    const many = await cache.getMany<Uint8Array>(values.map((_, index) => `key-${index}`))
    for (const [index, bytes] of many.entries()) returned.push([index, bytes as Uint8Array])
  }
  for (const [index, bytes] of returned) {
    if (Buffer.compare(bytes, values[index] as Uint8Array) !== 0) t.fail(`value ${index} has changed`)
  }
  t.equal(returned.length, 6 * values.length)
})

test('as many streams as are asked for share the commands', async (t) => {
  const fleet = await smallFleet(t, 1)
  await using cache = await Ringhold.connect({ nodes: fleet.urls, streams: 3 })
  const node = fleet.node('node-1')
  for (let round = 0; round < 20; round++)
    await Promise.all(Array.from({ length: 9 }, (_, key) => cache.set(`${key}`, 1)))
  t.equal(node.streams, 3)
})

test('a stream that is cut at any byte of an answer: reads go again, conditional writes say that it is not known', async (t) => {
  const fleet = await smallFleet(t, 1)
  await using cache = await Ringhold.connect({ nodes: fleet.urls, timeoutMs: 5_000 })
  const node = fleet.node('node-1')
  await cache.set('a', 'value')
  const hit = { type: 'hit', value: Buffer.from('value'), contentType: 'text/plain', version: 1 } as const
  for (let length = 0; length < 34; length++) {
    node.onCommand = (exchange) => {
      node.onCommand = undefined
      exchange.write(exchange.bytesOf(hit).subarray(0, length))
      setImmediate(() => exchange.breakOff())
      return true
    }
    t.equal(await cache.get('a'), 'value', `${length} bytes`)
    node.onCommand = (exchange) => {
      node.onCommand = undefined
      exchange.write(exchange.bytesOf({ type: 'created', version: 1, copies: 1 }).subarray(0, Math.min(length, 19)))
      setImmediate(() => exchange.breakOff())
      return true
    }
    const error: RingholdError = await cache.set('a', 'value', { ifPresent: true }).then(
      () => t.fail('it did not reject'),
      (reason) => reason,
    )
    t.match(error, { code: 'RINGHOLD_CONNECTION_LOST', executed: 'unknown' })
  }
  t.equal(cache.stats().inFlight, 0)
})

test('hundreds of calls on a stream that is cut: none is lost, none hangs', async (t) => {
  const fleet = await smallFleet(t, 3)
  await using cache = await Ringhold.connect({ nodes: fleet.urls, timeoutMs: 10_000 })
  const keys = Array.from({ length: 300 }, (_, index) => `key-${index}`)
  await cache.setMany(keys.map((key) => [key, key]))
  let commands = 0
  for (const node of fleet.members) {
    node.onCommand = (exchange) => {
      if (++commands % 701 !== 0) return false
      exchange.breakOff()
      return true
    }
  }
  for (let round = 0; round < 5; round++) {
    t.strictSame(await Promise.all(keys.map((key) => cache.get(key))), keys)
    t.strictSame(await cache.getMany(keys), keys)
  }
  t.match(cache.stats(), { inFlight: 0, failures: 0 })
})

test('a node that leaves says goodbye: what is under way is answered, what follows takes another stream', async (t) => {
  const fleet = await smallFleet(t, 1)
  await using cache = await Ringhold.connect({ nodes: fleet.urls })
  const node = fleet.node('node-1')
  let answer: (() => void) | undefined
  node.onCommand = (exchange) => {
    answer = () => exchange.answer({ type: 'miss' })
    return true
  }
  const slow = cache.get('slow')
  await until(() => answer !== undefined, 'the command')
  node.onCommand = undefined
  node.sayGoodbye()
  await until(() => node.streams === 1, 'the stream still stands')
  for (let round = 0; node.streams < 2 && round < 100; round++) t.equal((await cache.set('a', round)).stored, true)
  t.equal(node.streams, 2, 'a new one beside it')
  answer?.()
  t.equal(await slow, undefined)
  await until(() => node.streams === 1, 'the end of the first')
  t.match(cache.stats(), { retries: 0, failures: 0 })
})

test('the news of another ring brings a fetch, without any command', async (t) => {
  const fleet = await smallFleet(t, 2)
  await using cache = await Ringhold.connect({ nodes: fleet.urls, checkIntervalMs: 60_000 })
  for (const key of ['a', 'b', 'c', 'd', 'e']) await cache.get(key)
  await fleet.add('node-3')
  for (const node of fleet.members) node.tellRing()
  await until(() => cache.nodeUrl('node-3') !== undefined, 'the new ring')
})

/** A server before a node that answers requests to upgrade in its own way, and passes everything else on. */
async function proxyOf(t: Test, node: SmallNode, onUpgrade: (socket: Socket) => void): Promise<string> {
  const server: Server = createServer((request, response) => {
    const { method = 'GET', url = '', headers } = request
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', async () => {
      const body = method === 'POST' ? Buffer.concat(chunks) : undefined
      const { 'content-type': type = '' } = headers
      const reply = await fetch(`${node.url}${url}`, {
        method,
        headers: { 'content-type': type },
        ...(body && { body }),
      })
      response.writeHead(reply.status, { 'content-type': reply.headers.get('content-type') ?? '' })
      response.end(Buffer.from(await reply.arrayBuffer()))
    })
  })
  server.on('upgrade', (_request, socket: Socket) => {
    socket.on('error', () => {})
    onUpgrade(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('where an upgrade is declined, in whatever way, the same commands go as requests', async (t) => {
  const reply = (line: string) => (socket: Socket) => socket.end(`HTTP/1.1 ${line}\r\ncontent-length: 0\r\n\r\n`)
  const ways: [name: string, way: (socket: Socket) => void][] = [
    ['426', reply('426 Upgrade Required')],
    ['403', reply('403 Forbidden')],
    ['200', reply('200 OK')],
    ['502', reply('502 Bad Gateway')],
    ['reset', (socket) => socket.resetAndDestroy()],
    ['closed', (socket) => socket.destroy()],
    ['another protocol', reply('101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket')],
    ['nonsense', (socket) => socket.end('what?\r\n\r\n')],
  ]
  for (const [name, way] of ways) {
    const fleet = await smallFleet(t, 1)
    const node = fleet.node('node-1')
    const url = await proxyOf(t, node, way)
    await using cache = await Ringhold.connect({ nodes: url, addressMap: { 'node-1': url } })
    t.match(await cache.set('a', name, { ifAbsent: true }), { stored: true, created: true }, name)
    t.strictSame(await Promise.all([cache.get('a'), cache.get('b'), cache.getMany(['a'])]), [name, undefined, [name]])
    t.match(cache.stats(), { retries: 0, failures: 0 }, name)
    t.equal(node.streams, 0)
  }
})

test('after a while streams are tried again, and used when they work', async (t) => {
  const fleet = await smallFleet(t, 1)
  const node = fleet.node('node-1')
  node.upgrades = false
  const limits = { streams: 1, connectionsMax: 2, connectTimeoutMs: 1_000, declinedMs: 20, limits: defaultLimits }
  const connection = openConnection({ url: node.url, transport: 'stream', ...limits, onRing: () => {} })
  t.teardown(() => connection.destroy())
  const deadlines = new Deadlines()
  const get = async () => {
    const scope = new Scope(deadlines, { timeoutMs: 5_000 })
    const command = { type: 'get', cache: 'default', key: 'a' } as const
    const answer = await execute(connection, { command, isDirect: true }, scope)
    scope.end()
    return answer.type
  }
  t.equal(await get(), 'outcome')
  t.equal(node.streams, 0)
  node.upgrades = true
  const end = performance.now() + 5_000
  while (node.streams === 0 && performance.now() < end) t.equal(await get(), 'outcome')
  t.equal(node.streams, 1)
  const before = node.reads
  await until(() => node.streams === 1, 'the stream')
  t.equal(await get(), 'outcome')
  t.ok(node.reads > before)
})

test('a connection that is closed refuses at once, whatever carries its commands', async (t) => {
  const fleet = await smallFleet(t, 1)
  const { url } = fleet.node('node-1')
  const deadlines = new Deadlines()
  for (const transport of ['stream', 'post'] as const) {
    const limits = { streams: 1, connectionsMax: 2, connectTimeoutMs: 1_000, limits: defaultLimits }
    const connection = openConnection({ url, transport, ...limits, onRing: () => {} })
    const command = { type: 'get', cache: 'default', key: 'a' } as const
    const get = async () => {
      const scope = new Scope(deadlines, { timeoutMs: 5_000 })
      const { type } = await execute(connection, { command, isDirect: true }, scope)
      scope.end()
      return type
    }
    t.equal(await get(), 'outcome', transport)
    await connection.close()
    t.equal(await get(), 'refused', transport)
  }
})

test('a stream on which nothing comes back is given up after some pings', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  const { stream, written, gone } = quietStream({})
  let failure: Unanswered | undefined
  stream.submit({ ...attemptOf('k'), fail: (answer) => (failure = answer) })
  mock.timers.tick(pingMs)
  const before = written()
  mock.timers.tick(pingMs)
  t.equal(written() - before, 10, 'a ping')
  t.equal(failure, undefined)
  mock.timers.tick(pingMs)
  t.match(failure, { type: 'lost', error: { code: 'RINGHOLD_CONNECTION_LOST' } })
  t.equal(gone(), 1)
  t.equal(stream.load, 0)
})
