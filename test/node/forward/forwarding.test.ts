import { createServer, type Server } from 'node:net'
import { keyPath } from '@ringhold/sdk/protocol'
import { type Test, test } from 'tap'
import { send } from '../http/wire.ts'
import { type Fleet, keysOf, peerNode } from './peer-node.ts'

const codeOf = (body: Buffer): string => JSON.parse(body.toString()).code

/** A server that takes connections and does with them what the test says. */
async function rawServer(t: Test, onConnection: (socket: import('node:net').Socket) => void): Promise<string> {
  const sockets = new Set<import('node:net').Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    onConnection(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as import('node:net').AddressInfo).port}`
}

test('a node that does not own a key passes the command on, with everything that belongs to it', async (t) => {
  const fleet: Fleet = new Map()
  const a = await peerNode(t, { name: 'a', fleet, ring: ['a', 'b'] })
  const b = await peerNode(t, { name: 'b', fleet, ring: ['a', 'b'] })
  const odd = ['..', '.', '%2F', 'a/b', '\0', '\r\n', '💥', ' +;?#'].filter(
    (key) => b.ring.coordinator(b.ring.token(key)) === 'b',
  )
  t.ok(odd.length > 0)
  for (const key of [...odd, ...keysOf(a.ring, 'b', 5)]) {
    const path = keyPath('default', key)
    const body = Buffer.from([0, 255, 10])
    const headers = { 'content-type': 'image/x', 'if-none-match': '*', 'ttl-ms': '60000' }
    const put = await send(a.clientUrl, { method: 'PUT', path, headers, body })
    t.equal(put.status, 201)
    t.equal(put.headers['cache-status'], '"b", "a"; fwd=bypass; detail=forwarded')
    const again = await send(a.clientUrl, { method: 'PUT', path, headers, body: 'other' })
    t.equal(again.status, 412)
    t.equal(again.headers.etag, put.headers.etag)
    const get = await send(a.clientUrl, { path })
    t.match(get, { status: 200, body, headers: { 'content-type': 'image/x', etag: put.headers.etag } })
    t.equal(get.headers['cache-status'], '"b"; hit, "a"; fwd=bypass; detail=forwarded')
    t.ok(Number(get.headers['ttl-ms']) > 50_000)
    t.same((await send(b.clientUrl, { path })).body, body, 'it lies on its owner')
    const cached = await send(a.clientUrl, { path, headers: { 'if-none-match': String(get.headers.etag) } })
    t.equal(cached.status, 304)
    const stale = await send(a.clientUrl, { method: 'DELETE', path, headers: { 'if-match': '"1"' } })
    t.equal(stale.status, 412)
    t.equal((await send(a.clientUrl, { method: 'DELETE', path })).status, 204)
    const miss = await send(a.clientUrl, { path })
    t.equal(miss.status, 404)
    t.equal(miss.headers['cache-status'], '"b"; fwd=uri-miss; detail=deleted, "a"; fwd=bypass; detail=forwarded')
  }
  t.equal(a.forwardedRequests(), 0)
  t.equal(a.counters.forwarded, b.forwardedRequests())
})

test('two nodes whose rings disagree forward a command at most once; no request hangs or loops', async (t) => {
  const fleet: Fleet = new Map()
  // Each believes that the other owns everything.
  const a = await peerNode(t, { name: 'a', fleet, ring: ['b'] })
  const b = await peerNode(t, { name: 'b', fleet, ring: ['a'] })
  let requests = 0
  for (const method of ['GET', 'PUT', 'DELETE']) {
    for (const node of [a, b]) {
      const replies = await Promise.all(
        keysOf(a.ring, 'b', 20).map((key) => send(node.clientUrl, { method, path: keyPath('default', key) })),
      )
      requests += replies.length
      for (const reply of replies) {
        t.equal(reply.status, 503)
        t.equal(codeOf(reply.body), 'RINGHOLD_RING_UNSETTLED')
        t.equal(reply.headers['retry-after'], '1')
      }
    }
  }
  t.equal(a.forwardedRequests() + b.forwardedRequests(), requests, 'each command was forwarded exactly once')
  t.strictSame([new Set(a.suspected), new Set(b.suspected)], [new Set([b.peerUrl]), new Set([a.peerUrl])])
  t.equal(a.counters.wrongOwner, requests / 2)
})

test('an owner where nobody listens is 502, and so is one that breaks off', async (t) => {
  const fleet: Fleet = new Map()
  const a = await peerNode(t, { name: 'a', fleet, ring: ['gone', 'broken'] })
  const gone = await rawServer(t, () => {})
  fleet.set('gone', gone.replace(/\d+$/, '1'))
  fleet.set('broken', await rawServer(t, (socket) => socket.on('data', () => socket.resetAndDestroy())))
  for (const name of ['gone', 'broken']) {
    const reply = await send(a.clientUrl, { path: keyPath('default', keysOf(a.ring, name, 1)[0] as string) })
    t.equal(reply.status, 502, name)
    t.match(JSON.parse(reply.body.toString()), {
      code: 'RINGHOLD_OWNER_UNREACHABLE',
      executed: 'unknown',
      retryable: true,
    })
  }
})

test('an owner that does not answer is 504 at the deadline, and one that babbles is 502', async (t) => {
  const fleet: Fleet = new Map()
  const a = await peerNode(t, { name: 'a', fleet, ring: ['mute', 'odd'], deadlineMs: 100 })
  fleet.set('mute', await rawServer(t, () => {}))
  const babble = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi'
  fleet.set('odd', await rawServer(t, (socket) => socket.on('data', () => socket.write(babble))))
  const mute = await send(a.clientUrl, { path: keyPath('default', keysOf(a.ring, 'mute', 1)[0] as string) })
  t.equal(mute.status, 504)
  t.equal(codeOf(mute.body), 'RINGHOLD_OWNER_TIMEOUT')
  const odd = await send(a.clientUrl, { path: keyPath('default', keysOf(a.ring, 'odd', 1)[0] as string) })
  t.equal(odd.status, 502)
})

test('commands under way to one peer are bounded: more are refused at once', async (t) => {
  const fleet: Fleet = new Map()
  const a = await peerNode(t, { name: 'a', fleet, ring: ['mute'], deadlineMs: 300, inFlightMax: 3 })
  fleet.set('mute', await rawServer(t, () => {}))
  const replies = await Promise.all(
    Array.from({ length: 10 }, (_, at) => send(a.clientUrl, { path: keyPath('default', `k${at}`) })),
  )
  const codes = replies.map(({ body }) => codeOf(body)).sort()
  t.strictSame(codes, [...Array(7).fill('RINGHOLD_OVERLOADED'), ...Array(3).fill('RINGHOLD_OWNER_TIMEOUT')])
  const next = await send(a.clientUrl, { path: keyPath('default', 'k') })
  t.equal(codeOf(next.body), 'RINGHOLD_OWNER_TIMEOUT', 'those that ended make room')
})
