import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { test } from 'tap'
import type { PeerMessage } from '#node/membership/membership.js'
import type { RingholdError } from '#sdk/protocol/index.js'
import { until } from '../fleet/in-process-fleet.ts'
import { asker, echo, gossipPeer, say } from './gossip-peer.ts'

type Reply = (answer: PeerMessage | RingholdError) => void

test('a peer is asked over a connection that stays open for the next exchange', async (t) => {
  const peer = await gossipPeer(t, echo)
  const { ask, traffic } = asker(t)
  t.equal(await ask(peer.url, 'été'), 'été, you say')
  for (const said of ['one', 'two', 'three']) t.equal(await ask(peer.url, said), `${said}, you say`)
  t.equal(peer.connections(), 1)
  const bytes = (text: string) => Buffer.byteLength(JSON.stringify(say(text)))
  t.equal(traffic.bytesSent, bytes('été') + bytes('one') + bytes('two') + bytes('three'))
  t.equal(traffic.bytesReceived, traffic.bytesSent + 4 * Buffer.byteLength(', you say'))
})

test('an exchange that takes its time holds up no other', async (t) => {
  const held: Reply[] = []
  const peer = await gossipPeer(t, (said, reply) => (said === 'slow' ? held.push(reply) : echo(said, reply)))
  const { ask } = asker(t)
  const slow = ask(peer.url, 'slow')
  t.equal(await ask(peer.url, 'quick'), 'quick, you say')
  await until(() => held.length > 0, 'it was asked')
  held[0]?.(say('at last'))
  t.equal(await slow, 'at last')
  await ask(peer.url)
  t.equal(peer.connections(), 2, 'both go on being used')
})

test('a peer that does not listen is told from one that fails', async (t) => {
  const { ask } = asker(t)
  const gone = createServer()
  await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve))
  const { port } = gone.address() as AddressInfo
  gone.close()
  await once(gone, 'close')
  t.equal(await ask(`http://127.0.0.1:${port}`), 'refused')
  const peer = await gossipPeer(t, () => {
    for (const socket of peer.sockets) socket.destroy()
  })
  t.equal(await ask(peer.url), 'failed')
})

test('who listens but does not gossip, or not yet, has failed', async (t) => {
  const { ask } = asker(t)
  const starting = await gossipPeer(t, undefined)
  t.equal(await ask(starting.url), 'failed')
  const other = await gossipPeer(t, echo)
  other.server.removeAllListeners('upgrade')
  other.server.on('request', (_request, response) => response.end('what?'))
  t.equal(await ask(other.url), 'failed')
})

test('an answer that cannot be read, or that nobody asked for, ends its connection', async (t) => {
  const { ask, links, lost } = asker(t)
  const peer = await gossipPeer(t, () => {
    for (const socket of peer.sockets) socket.write(Buffer.alloc(32, 0xff))
  })
  t.equal(await ask(peer.url), 'failed')
  const eager = await gossipPeer(t, (_said, reply) => {
    reply(say('once'))
    reply(say('twice'))
  })
  t.equal(await ask(eager.url), 'once')
  await until(() => eager.sockets.size === 0, 'the connection is closed')
  t.strictSame(lost, [], 'we closed them')
  links.look(0)
})

test('the loss of a connection is told, whether it is busy or idle', async (t) => {
  for (const isBusy of [true, false]) {
    let isAsked = false
    const peer = await gossipPeer(t, (said, reply) => {
      isAsked = true
      if (!isBusy) echo(said, reply)
    })
    const { ask, lost } = asker(t)
    const ended = ask(peer.url)
    await until(() => isAsked, 'it was asked')
    if (!isBusy) await ended
    for (const socket of peer.sockets) socket.end()
    await until(() => lost.length > 0, 'the loss')
    t.strictSame(lost, [peer.url])
    t.equal(await ended, isBusy ? 'failed' : 'hello, you say')
  }
})

test('an exchange that takes too long is given up with its connection, which is no loss', async (t) => {
  const peer = await gossipPeer(t, () => {})
  const { ask, links, lost } = asker(t)
  const ended = ask(peer.url, 'hello', 4_000)
  await until(() => peer.gossip.size === 1, 'the connection stands')
  links.look(3_999)
  t.equal(peer.sockets.size, 1)
  links.look(4_000)
  t.equal(await ended, 'failed')
  await until(() => peer.sockets.size === 0, 'the connection is closed')
  t.strictSame(lost, [])
})

test('a connection that has had no exchange for long is closed, which is no loss', async (t) => {
  const peer = await gossipPeer(t, echo)
  const { ask, links, lost } = asker(t, { idleMs: 60_000 })
  await ask(peer.url)
  links.look(1_000)
  await ask(peer.url)
  links.look(50_000)
  links.look(109_999)
  await ask(peer.url)
  t.equal(peer.connections(), 1)
  links.look(110_000)
  links.look(170_000)
  await until(() => peer.sockets.size === 0, 'the connection is closed')
  t.strictSame(lost, [])
})

test('links to who is no peer any more serve what is under way, and are closed then, which is no loss', async (t) => {
  const held: Reply[] = []
  const peer = await gossipPeer(t, (_said, reply) => held.push(reply))
  const { ask, links, lost } = asker(t)
  const ended = ask(peer.url)
  await until(() => held.length > 0, 'it was asked')
  links.keepOnly(new Set())
  links.look(0)
  held[0]?.(say('done'))
  t.equal(await ended, 'done')
  links.look(0)
  await until(() => peer.sockets.size === 0, 'the connection is closed')
  t.strictSame(lost, [])
})

test('links to those that are still peers stay', async (t) => {
  const peer = await gossipPeer(t, echo)
  const { ask, links } = asker(t)
  await ask(peer.url)
  links.keepOnly(new Set([peer.url]))
  await ask(peer.url)
  t.equal(peer.connections(), 1)
})

test('when links are cut, nobody hears of what was under way, nor of what is asked later', async (t) => {
  const peer = await gossipPeer(t, () => {})
  const { ask, links, lost } = asker(t)
  const heard: string[] = []
  ask(peer.url).then((outcome) => heard.push(outcome))
  await until(() => peer.gossip.size === 1, 'the connection stands')
  links.destroy()
  ask(peer.url).then((outcome) => heard.push(outcome))
  await until(() => peer.sockets.size === 0, 'the connection is closed')
  t.strictSame([heard, lost], [[], []])
  t.equal(peer.connections(), 1)
})

test('a connection that does not stand in time is given up', async (t) => {
  const { ask } = asker(t, { connectTimeoutMs: 50 })
  // TEST-NET-1, RFC 5737: nobody is there; where the system knows that at once, this fails at once.
  t.match(await ask('http://192.0.2.1:9'), /failed|refused/)
})
