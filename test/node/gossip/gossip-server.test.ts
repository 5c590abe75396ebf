import { test } from 'tap'
import { startNode } from '#node/index.js'
import type { PeerMessage } from '#node/membership/membership.js'
import { RingholdError as Coded, FrameWriter, type RingholdError } from '#sdk/protocol/index.js'
import { until } from '../fleet/in-process-fleet.ts'
import { send } from '../http/wire.ts'
import { byHand, echo, framed, gossipPeer, say } from './gossip-peer.ts'

type Reply = (answer: PeerMessage | RingholdError) => void

function frameOf(type: number, body: string): Uint8Array {
  const writer = new FrameWriter()
  const bytes = Buffer.from(body)
  writer.begin(type, 0, 0, bytes.length)
  writer.raw(bytes)
  writer.end()
  return writer.take()
}

test('what is no gossip is refused with a coded error that ends its connection, and changes nothing', async (t) => {
  const node = await startNode({ name: 'n1', port: 0, peerPort: 0, logLevel: 'silent' })
  t.teardown(() => node.cut())
  const before = node.view
  const port = Number(new URL(node.peerUrl).port)
  const message = 128
  const rows: [what: string, bytes: Uint8Array][] = [
    ['no JSON', frameOf(message, '{')],
    ['nothing', frameOf(message, '')],
    ['another shape', frameOf(message, '{"type":"gossip"}')],
    ['a prototype', frameOf(message, '{"__proto__":{"type":"gossip"},"constructor":{"prototype":{}}}')],
    ['a number', frameOf(message, '42')],
    ['deep nesting', frameOf(message, '['.repeat(8_000))],
    ['too much', frameOf(message, `"${'x'.repeat(16_384)}"`)],
    ['far too much', frameOf(message, `"${'x'.repeat(200_000)}"`)],
    ['another type of frame', frameOf(1, '{}')],
    ['no frame', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ]
  for (const [what, bytes] of rows) {
    const { said, isClosed } = await byHand(t, port, bytes)
    await until(isClosed, 'the connection is closed')
    t.strictSame(said, ['RINGHOLD_BAD_REQUEST'], what)
  }
  t.equal(node.view, before)
  const { status } = await send(node.peerUrl, { path: '/v1/peer/gossip' })
  t.equal(status, 404, 'without an upgrade there is nothing')
})

test('gossip is for peers: the listener for clients does not know it', async (t) => {
  const node = await startNode({ name: 'n1', port: 0, peerPort: 0, logLevel: 'silent' })
  t.teardown(() => node.cut())
  const headers = { connection: 'Upgrade', upgrade: 'ringhold-gossip/1' }
  t.equal((await send(node.clientUrl, { path: '/v1/peer/gossip', headers })).status, 404)
})

test('messages of one connection are taken one at a time, however they come', async (t) => {
  const held: [string, Reply][] = []
  const peer = await gossipPeer(t, (said, reply) => held.push([said, reply]))
  const { socket, said } = await byHand(t, peer.port, framed(say('1'), say('2')))
  socket.write(framed(say('3')))
  for (const number of ['1', '2', '3']) {
    await until(() => held.length > 0, 'it was asked')
    t.equal(held.length, 1)
    const [name, reply] = held.pop() as [string, Reply]
    t.equal(name, number)
    reply(say(`to ${number}`))
  }
  await until(() => said.length === 3, 'three answers')
  t.strictSame(said, ['to 1', 'to 2', 'to 3'])
})

test('a message may come in any pieces', async (t) => {
  const peer = await gossipPeer(t, echo)
  const { socket, said } = await byHand(t, peer.port)
  socket.setNoDelay(true)
  for (const byte of framed(say('piecemeal'))) {
    await new Promise((resolve) => socket.write(Uint8Array.of(byte), resolve))
  }
  await until(() => said.length > 0, 'an answer')
  t.strictSame(said, ['piecemeal, you say'])
})

test('who does not read its answers is not answered any more, and again when it does', async (t) => {
  let taken = 0
  const peer = await gossipPeer(t, (_said, reply) => {
    taken++
    reply(say('x'.repeat(200)))
  })
  const { socket, said } = await byHand(t, peer.port)
  socket.pause()
  const messages = 50_000
  const some = framed(...Array.from({ length: 1_000 }, () => say('x'.repeat(200))))
  for (let sent = 0; sent < messages; sent += 1_000) socket.write(some)
  const server = [...peer.sockets][0]
  await until(() => server?.isPaused() === true && server.writableNeedDrain, 'nothing more is taken')
  t.ok(taken < messages, `${taken} of ${messages}`)
  // What a socket keeps, which Node 20 and 24 bound differently, and what one read brought.
  const bound = (server?.writableHighWaterMark ?? 0) + 65_536
  t.ok((server?.writableLength ?? Number.NaN) < bound, 'and what waits for it is bounded')
  socket.resume()
  await until(() => said.length === messages, 'all answers')
  t.equal(taken, messages)
})

test('an error is the last that a connection hears', async (t) => {
  const peer = await gossipPeer(t, (said, reply) =>
    said === 'too much' ? reply(new Coded('RINGHOLD_OVERLOADED', { retryAfterMs: 1_000 })) : echo(said, reply),
  )
  const { said, isClosed } = await byHand(t, peer.port, framed(say('hello'), say('too much'), say('still there?')))
  await until(isClosed, 'the connection is closed')
  t.strictSame(said, ['hello, you say', 'RINGHOLD_OVERLOADED'])
  t.equal(peer.problems.length, 1)
})

test('an answer that comes when the connection is closed goes nowhere', async (t) => {
  const held: Reply[] = []
  const peer = await gossipPeer(t, (_said, reply) => held.push(reply))
  const { socket } = await byHand(t, peer.port, framed(say('hello')))
  await until(() => held.length > 0, 'it was asked')
  socket.destroy()
  await until(() => peer.gossip.size === 0, 'the connection is closed')
  held[0]?.(say('late'))
  t.strictSame(peer.problems, [])
})
