import { once } from 'node:events'
import { connect } from 'node:net'
import { keyPath, ringOf, type Topology } from '@ringhold/sdk/protocol'
import { test } from 'tap'
import type { CacheNode, Explanation, NodeStats } from '#node/index.js'
import { stopwatch } from '../../stopwatch.ts'
import { send } from '../http/wire.ts'
import { addNode, agree, settle, startFleet, until } from './in-process-fleet.ts'

const json = async <T>(node: CacheNode, path: string): Promise<T> =>
  JSON.parse((await send(node.clientUrl, { path })).body.toString())
const entriesOf = async (nodes: readonly CacheNode[]): Promise<number> => {
  const stats = await Promise.all(nodes.map((node) => json<NodeStats>(node, '/v1/stats')))
  return stats.reduce((sum, { entries }) => sum + entries, 0)
}
const keys = Array.from({ length: 300 }, (_, at) => `key-${at}`)
const fill = (node: CacheNode) =>
  Promise.all(keys.map((key) => send(node.clientUrl, { method: 'PUT', path: keyPath('default', key), body: key })))

test('any node answers for any key, and each key lies on its owners alone', async (t) => {
  const nodes = await startFleet(t, 3)
  const [first, second, third] = nodes as [CacheNode, CacheNode, CacheNode]
  const ring = ringOf(await json<Topology>(first, '/v1/topology'))
  t.ok((await fill(first)).every(({ status }) => status === 201))
  t.equal(await entriesOf(nodes), keys.length)
  for (const key of keys) {
    const path = keyPath('default', key)
    const owners = ring.owners(ring.token(key))
    for (const node of nodes) {
      const headers = { 'ringhold-route': 'direct' }
      const isOwner = owners.includes(node.config.name)
      t.equal((await send(node.clientUrl, { path, headers })).status, isOwner ? 200 : 421)
    }
  }
  for (const key of keys.slice(0, 50)) {
    const path = keyPath('default', key)
    t.equal((await send(second.clientUrl, { path })).body.toString(), key)
    t.equal((await send(third.clientUrl, { method: 'DELETE', path })).status, 204)
    t.equal((await send(second.clientUrl, { path })).status, 404)
  }
  t.equal(await entriesOf(nodes), keys.length - 50)
  const stats = await json<NodeStats>(second, '/v1/stats')
  t.ok(stats.forwarded > 0 && stats.gossip.exchangesSent > 0 && stats.gossip.bytesReceived > 0)
  const tokens = await Promise.all(nodes.map(async (node) => (await json<NodeStats>(node, '/v1/stats')).tokens))
  t.equal(
    tokens.reduce((sum, each) => sum + each),
    16_384,
  )
})

test('every node explains a key alike', async (t) => {
  const nodes = await startFleet(t, 3)
  for (const key of ['user:42', '..', 'a/b%2F💥']) {
    const path = `/v1/explain/default/${encodeURIComponent(key)}`
    const explanations = await Promise.all(nodes.map((node) => json<Explanation>(node, path)))
    const [{ coordinator, token, owners, ring }] = explanations as [Explanation]
    t.equal(owners[0]?.name, coordinator)
    t.equal(owners.length, 2)
    for (const [at, explanation] of explanations.entries()) {
      const { name } = (nodes[at] as CacheNode).config
      t.match(explanation, { key, token, ring, answeredBy: name, isCoordinator: name === coordinator, owners })
    }
  }
})

test('when a node joins, everything is there at every moment, and ends on its owners alone', async (t) => {
  const nodes = await startFleet(t, 3)
  await fill(nodes[0] as CacheNode)
  const four = [...nodes, await addNode(t, nodes, 'n4')]
  for (const key of keys) {
    t.equal((await send((four[3] as CacheNode).clientUrl, { path: keyPath('default', key) })).status, 200, key)
  }
  await agree(four)
  await settle(four)
  t.equal(await entriesOf(four), keys.length)
  t.ok((four[3] as CacheNode).copies.entries.coordinated > 0)
  await fill(four[3] as CacheNode)
  t.equal(await entriesOf(four), keys.length, 'a refill counts no key twice')
})

test('a planned leave is known everywhere before the node is gone, and its tokens pass on', async (t) => {
  const nodes = await startFleet(t, 3)
  await fill(nodes[0] as CacheNode)
  const [leaving, ...rest] = nodes as [CacheNode, CacheNode, CacheNode]
  await leaving.stop()
  t.ok(rest.every(({ view }) => ['leaving', 'left'].includes(String(view.get('n1')?.status))))
  await agree(rest)
  await settle(rest)
  t.equal(await entriesOf(rest), keys.length, 'nothing is lost')
  const replies = await fill(rest[0] as CacheNode)
  t.ok(replies.every(({ status }) => status < 300))
  t.equal(await entriesOf(rest), keys.length)
})

test('after a crash nothing is lost, and commands for the keys of the dead node go on at once', async (t) => {
  const nodes = await startFleet(t, 3)
  const [dead, ...rest] = nodes as [CacheNode, CacheNode, CacheNode]
  const { ring } = dead
  await fill(dead)
  await dead.cut()
  for (const key of keys.filter((each) => ring.coordinator(ring.token(each)) === 'n1')) {
    const path = keyPath('default', key)
    t.equal((await send((rest[0] as CacheNode).clientUrl, { path })).body.toString(), key)
    t.equal((await send((rest[1] as CacheNode).clientUrl, { method: 'PUT', path, body: key })).status, 204)
  }
  await agree(rest)
  await settle(rest)
  t.equal(await entriesOf(rest), keys.length)
  for (const key of keys)
    t.equal((await send((rest[1] as CacheNode).clientUrl, { path: keyPath('default', key) })).body.toString(), key)
})

test('who waits for the topology to change is answered when it does', async (t) => {
  const nodes = await startFleet(t, 1)
  const [node] = nodes as [CacheNode]
  const { headers } = await send(node.clientUrl, { path: '/v1/topology' })
  const etag = String(headers.etag)
  const unchanged = await send(node.clientUrl, { path: '/v1/topology', headers: { 'if-none-match': etag } })
  t.match(unchanged, { status: 304, headers: { etag } })
  const waiting = send(node.clientUrl, { path: '/v1/topology', headers: { 'if-none-match': etag, prefer: 'wait=30' } })
  const second = await addNode(t, nodes, 'n2')
  const changed = await waiting
  t.equal(changed.status, 200)
  t.not(changed.headers.etag, etag)
  t.ok(JSON.parse(changed.body.toString()).members.some(({ name }: { name: string }) => name === 'n2'))
  await agree([node, second])
  const settled = String((await send(second.clientUrl, { path: '/v1/topology' })).headers.etag)
  const tookMs = stopwatch(t)
  const parked = send(second.clientUrl, {
    path: '/v1/topology',
    headers: { 'if-none-match': settled, prefer: 'wait=30' },
  })
  await until(() => second.feed.waiting > 0, 'the request waits')
  await second.stop()
  t.ok([200, 304].includes((await parked).status))
  t.ok(tookMs() < 10_000, 'a stop does not wait for those who wait')
})

test('readiness ends with the leave, liveness does not', async (t) => {
  const [node] = (await startFleet(t, 1)) as [CacheNode]
  t.equal((await send(node.clientUrl, { path: '/readyz' })).status, 200)
  t.equal((await send(node.clientUrl, { path: '/livez' })).status, 200)
  await node.gossiper?.leave()
  const reply = await send(node.clientUrl, { path: '/readyz' })
  t.equal(reply.status, 503)
  t.match(JSON.parse(reply.body.toString()), { code: 'RINGHOLD_NOT_READY', detail: /leaving/ })
  t.equal((await send(node.clientUrl, { path: '/livez' })).status, 200)
})

test('a node that stops finishes the requests that are under way, also one whose body still comes', async (t) => {
  const [stopping, other] = (await startFleet(t, 2)) as [CacheNode, CacheNode]
  const { hostname, port } = new URL(stopping.clientUrl)
  const socket = connect({ host: hostname, port: Number(port) })
  t.teardown(() => socket.destroy())
  let reply = ''
  const closed = new Promise((resolve) => socket.on('close', resolve))
  socket.on('data', (chunk) => {
    reply += chunk
  })
  const connection = once(stopping.clientServer, 'request')
  socket.write('PUT /v1/caches/default/keys/k HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nha')
  await connection
  const stopped = stopping.stop()
  await until(() => !stopping.clientServer.listening, 'the node takes no new connections')
  socket.write('lf')
  await closed
  t.match(reply, /^HTTP\/1\.1 201 .*connection: close/is)
  await stopped
  await agree([other])
  const kept = await send(other.clientUrl, { path: keyPath('default', 'k') })
  t.equal(kept.body.toString(), 'half', 'the leaving node passed it on')
})

test('a node that stops waits only so long for a request that does not come to its end', async (t) => {
  const [node] = (await startFleet(t, 1)) as [CacheNode]
  const { hostname, port } = new URL(node.clientUrl)
  const socket = connect({ host: hostname, port: Number(port) })
  t.teardown(() => socket.destroy())
  const request = once(node.clientServer, 'request')
  socket.write('PUT /v1/caches/default/keys/k HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nha')
  await request
  const tookMs = stopwatch(t)
  await node.stop()
  t.ok(tookMs() < 5_000)
})
