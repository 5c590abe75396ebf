import { execFileSync } from 'node:child_process'
import { connect } from 'node:net'
import { test } from 'tap'
import { outputBytes } from '#node/stream/conversation.js'
import { defaultStreamPatience } from '#node/stream/streams.js'
import { frameOverheadBytesMax } from '#sdk/protocol/index.js'
import { until } from '../fleet/in-process-fleet.ts'
import { send, sendBytes } from '../http/wire.ts'
import { bytesOf, commands, helloBytes } from './frames.ts'
import { openStream, streamNode, upgradeRequest } from './stream-node.ts'

test('a connection is upgraded, greeted, and answers commands', async (t) => {
  const { port, streams, rest } = await streamNode(t)
  const { socket, listener } = await openStream(t, port)
  t.equal(listener.heard[0]?.said, `hello ${rest.ring.checksum}`)
  socket.write(
    bytesOf([commands.get('a'), commands.set('a', 'v'), commands.get('a'), commands.remove('a'), commands.get('')]),
  )
  await until(() => listener.answers.length === 5, 'five answers')
  t.match(listener.answers, [
    { id: 1, said: 'miss' },
    { id: 2, said: 'created' },
    { id: 3, said: 'hit', value: 'v' },
    { id: 4, said: 'deleted' },
    { id: 5, said: 'RINGHOLD_BAD_KEY' },
  ])
  t.equal(streams.size, 1)
  socket.destroy()
  await until(() => streams.size === 0, 'the end of the stream')
})

test('commands may come with the request to upgrade already', async (t) => {
  const { url } = await streamNode(t)
  const bytes = Buffer.concat([Buffer.from(upgradeRequest), helloBytes(), bytesOf([commands.get('a')])])
  const { port } = new URL(url)
  const socket = connect(Number(port), '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.end(bytes)
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  t.match(
    Buffer.concat(chunks).toString('latin1'),
    /^HTTP\/1\.1 101 .*\r\nconnection: Upgrade\r\nupgrade: ringhold\/1/i,
  )
  t.equal(Buffer.concat(chunks).at(-2), 17, 'a miss, and then the end')
})

test('a node that does not own a key refuses it by the stream as by REST', async (t) => {
  const { port, rest } = await streamNode(t, { members: ['n1', 'n2'] })
  const { socket, listener } = await openStream(t, port)
  const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`)
  socket.write(bytesOf(keys.map((key) => commands.set(key, key))))
  await until(() => listener.answers.length === 50, 'all answers')
  for (const { id, said } of listener.answers) {
    const owner = rest.ring.coordinator(rest.ring.token(keys[id - 1] as string))
    t.equal(said, owner === 'n1' ? 'created' : 'RINGHOLD_WRONG_OWNER')
  }
  rest.answers = 'fenced'
  socket.write(bytesOf([commands.get('a')], { firstId: 100 }))
  await until(() => listener.answers.length === 51, 'one more')
  t.equal(listener.answers.at(-1)?.said, 'RINGHOLD_NOT_READY')
})

test('a request that would like another protocol is answered as if it had not asked', async (t) => {
  const { url } = await streamNode(t)
  const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQ' }
  const reply = await send(url, { path: '/livez', headers })
  t.equal(reply.status, 200)
  t.match(JSON.parse(reply.body.toString()), { status: 'live' })
  const posted = await send(url, { method: 'POST', path: '/v1/commands', headers, body: 'x' })
  t.equal(posted.status, 415, 'with its body')
  const elsewhere = { connection: 'Upgrade', upgrade: 'ringhold/1' }
  t.equal((await send(url, { path: '/livez', headers: elsewhere })).status, 400)
})

test('silent connections are closed: without a greeting, and when nothing was heard for long', async (t) => {
  const patience = { ...defaultStreamPatience, greetingMs: 50, silenceMs: 300, lookMs: 10 }
  const { port, streams } = await streamNode(t, { patience })
  const mute = await openStream(t, port, { greet: false })
  const greeted = await openStream(t, port)
  await until(mute.isClosed, 'the end of the mute one')
  t.notOk(greeted.isClosed())
  await until(greeted.isClosed, 'the end of the silent one')
  t.equal(streams.size, 0)
})

test('a reader that does not read is paused, then cut off, and its commands do not pile up', async (t) => {
  const patience = { ...defaultStreamPatience, stuckMs: 300, lookMs: 10 }
  const { port, streams, rooms } = await streamNode(t, { patience })
  const other = await openStream(t, port)
  const slow = await openStream(t, port)
  slow.socket.write(bytesOf([commands.set('large', new Uint8Array(1_000_000))]))
  await until(() => slow.listener.answers.length === 1, 'the write')
  slow.socket.pause()
  slow.socket.write(bytesOf(Array.from({ length: 2_000 }, () => commands.get('large'))))
  other.socket.write(bytesOf([commands.get('large')]))
  await until(() => other.listener.answers.length === 1, 'the other one is served meanwhile')
  let most = 0
  await until(() => {
    most = Math.max(most, streams.unsentBytes)
    return streams.size === 1
  }, 'the end of the slow one')
  // One answer on top of what may lie ready; without a pause it would be 2,000 MB.
  t.ok(most > 0 && most <= outputBytes + 1_000_000 + frameOverheadBytesMax, `${most} bytes`)
  t.equal(streams.unsentBytes, 0)
  t.equal(rooms.answers.lentBytes, 0, 'what it did not read has given its room back')
  slow.socket.resume()
  await until(slow.isClosed, 'the client sees it')
  t.ok(slow.listener.answers.length < 2_000)
})

test('leaving: goodbye, what is under way is answered, and then the client closes', async (t) => {
  const { port, streams } = await streamNode(t)
  const { socket, listener, isClosed } = await openStream(t, port)
  streams.sayGoodbye()
  await until(() => listener.heard.at(-1)?.said === 'goodbye', 'goodbye')
  socket.write(bytesOf([commands.get('late')]))
  await until(() => listener.answers.length === 1, 'the answer to what crossed the goodbye')
  socket.end()
  await until(isClosed, 'the end')
})

test('the news of another ring reaches every stream', async (t) => {
  const { port, streams } = await streamNode(t)
  const all = await Promise.all(Array.from({ length: 10 }, () => openStream(t, port)))
  streams.tellRing('0123456789abcdef')
  await until(() => all.every(({ listener }) => listener.heard.at(-1)?.said === 'ring 0123456789abcdef'), 'the news')
})

test('a stream that is cut at any byte harms nobody else, and what was whole is executed', async (t) => {
  const { port, streams, rest } = await streamNode(t)
  const other = await openStream(t, port)
  const frames = Buffer.concat([helloBytes(), bytesOf([commands.set('cut', 'v'), commands.get('cut')])])
  for (let length = 0; length <= frames.length; length++) {
    const { socket } = await openStream(t, port, { greet: false })
    if (length % 2 === 0) socket.end(frames.subarray(0, length))
    else socket.write(frames.subarray(0, length), () => socket.resetAndDestroy())
  }
  await until(() => streams.size === 1, 'only the other one is left')
  other.socket.write(bytesOf([commands.get('cut')]))
  await until(() => other.listener.answers.length === 1, 'it is served')
  t.match(other.listener.answers, [{ said: 'hit', value: 'v' }])
  t.equal(rest.store.stats(0).entries, 1)
})

test('random bytes after the upgrade close that connection only', async (t) => {
  const { port, streams } = await streamNode(t)
  const other = await openStream(t, port)
  for (let round = 0; round < 50; round++) {
    const { socket } = await openStream(t, port, { greet: false })
    socket.end(Buffer.from(Array.from({ length: 64 }, (_, index) => (round * 37 + index * 101) & 0xff)))
  }
  await until(() => streams.size === 1, 'the others are closed')
  other.socket.write(bytesOf([commands.get('a')]))
  await until(() => other.listener.answers.length === 1, 'the one is served')
})

test('thousands of streams at once: each is answered, and nothing is left of them', async (t) => {
  const filesMax = Number(execFileSync('sh', ['-c', 'ulimit -n']).toString().trim()) || 1_024
  // Both ends are in this process.
  const count = Math.min(10_000, Math.floor((filesMax - 200) / 2))
  t.comment(`${count} streams, ulimit -n ${filesMax}`)
  const { port, streams } = await streamNode(t)
  const all: Awaited<ReturnType<typeof openStream>>[] = []
  while (all.length < count) {
    all.push(
      ...(await Promise.all(Array.from({ length: Math.min(200, count - all.length) }, () => openStream(t, port)))),
    )
  }
  t.equal(streams.size, count)
  for (const { socket } of all) socket.write(bytesOf([commands.get('a')]))
  await until(() => all.every(({ listener }) => listener.answers.length === 1), 'all answers')
  for (const { socket } of all) socket.destroy()
  await until(() => streams.size === 0, 'the end of all')
})

test('a head that is no upgrade is still refused as before', async (t) => {
  const { url } = await streamNode(t)
  t.match(await sendBytes(url, 'nonsense\r\n\r\n'), /^HTTP\/1\.1 400 /)
})
