import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'tap'
import { getStraight } from '#node/http/straight-get.js'
import type { CacheNode } from '#node/node.js'
import { startFleet, until } from '../fleet/in-process-fleet.ts'
import { restApp } from './rest-app.ts'
import { send } from './wire.ts'

const keyUrl = (key: string): string => `/v1/caches/default/keys/${encodeURIComponent(key)}`

test('a plain read is answered field for field as the key route answers it', async (t) => {
  const [node] = await startFleet(t, 2)
  const url = node?.clientUrl as string
  const keys = Array.from({ length: 8 }, (_, index) => `key-${index}`)
  for (const key of [...keys, '..', 'é/%', ' ']) {
    await send(url, { method: 'PUT', path: keyUrl(key), body: key, headers: { 'content-type': 'text/x; a=b' } })
  }
  await send(url, { method: 'PUT', path: keyUrl('empty'), body: '' })
  const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  await send(url, { method: 'PUT', path: keyUrl('bytes'), body: every })
  await send(url, { method: 'PUT', path: keyUrl('large'), body: Buffer.alloc(100_000, every) })
  const sizes = [4_095, 4_096, 4_097, 16_383, 16_384]
  const sized = (size: number): string => `of ${size} bytes`
  for (const size of sizes) {
    await send(url, { method: 'PUT', path: keyUrl(sized(size)), body: Buffer.alloc(size, every) })
  }
  const owners = new Set<unknown>()
  const paths = [
    ...[...keys, '..', 'é/%', ' ', 'empty', 'bytes', 'large', 'never', 'x'.repeat(512), 'x'.repeat(513)].map(keyUrl),
    ...sizes.map((size) => keyUrl(sized(size))),
    ...['/v1/caches/No/keys/a', '/v1/caches/a%20b/keys/a', '/v1/caches/default/keys/', '/v1/caches/default/keys/%ff'],
    ...[
      '/v1/caches/default/keys/a?b=c',
      '/v1/caches/default/keys/a/b',
      '/v1/caches//keys/a',
      '/v1/caches/default/keys',
    ],
    ...['/v1/caches/default/keys/a#b', '/v1/caches/default', '/v1/caches/', '/'],
  ]
  for (const path of paths) {
    const straight = await send(url, { path })
    // A body, even an empty one, is for the routes.
    const routed = await send(url, { path, headers: { 'content-length': '0' } })
    const { date: _, ...fields } = straight.headers
    const { date: __, ...wanted } = routed.headers
    t.equal(straight.status, routed.status, path)
    t.strictSame(fields, wanted, path)
    t.strictSame(straight.body, routed.body, path)
    owners.add(straight.headers['cache-status'])
  }
  t.ok(
    [...owners].some((status) => /detail=forwarded/.test(String(status))),
    'some were forwarded',
  )
  t.ok(owners.has('"n1"; hit') && owners.has('"n1"; fwd=uri-miss'), 'some were not')
})

test('a plain read does not get to the routes, whatever its key and cache; everything else does', async (t) => {
  const { execute, rooms, ring } = restApp(t)
  const server = createServer((_, response) => response.writeHead(418).end())
  const around = {
    self: 'n1',
    execute,
    rooms,
    ringChecksum: () => ring.checksum,
    valueBytesMax: 1,
    isClosing: () => false,
  }
  getStraight(server, { ...around, onFault: (error) => t.fail(String(error)) })
  server.listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const statusOf = async (path: string): Promise<number> => (await send(url, { path })).status
  const plain = [
    'a',
    '..',
    'x'.repeat(64),
    'x'.repeat(65),
    'x'.repeat(512),
    'a%20b',
    '%2F',
    '%C3%A9',
    '%ff',
    '~!$&()*+,;=:@',
  ]
  for (const key of plain) {
    t.not(await statusOf(`/v1/caches/default/keys/${key}`), 418, key)
    t.not(await statusOf(`/v1/caches/other/keys/${key}`), 418, `${key} of another cache`)
  }
  const others = ['', 'a/b', 'a?b', 'a#b', `${'x'.repeat(65)}/b`, `${'x'.repeat(65)}?b`, `%20#b`]
  for (const key of others) t.equal(await statusOf(`/v1/caches/default/keys/${key}`), 418, `"${key}"`)
  for (const path of [
    '/',
    '/v1/stats',
    '/v1/caches/default/keys',
    '/v1/caches/a%20b/keys/a',
    '/v1/caches/a?b/keys/a',
  ]) {
    t.equal(await statusOf(path), 418, path)
  }
})

test('a time to live is told, and whoever asks for more than the value gets it', async (t) => {
  const [node] = await startFleet(t, 1)
  const url = node?.clientUrl as string
  const put = await send(url, { method: 'PUT', path: keyUrl('a'), body: 'v', headers: { 'ttl-ms': '60000' } })
  const { etag = '' } = put.headers
  const get = await send(url, { path: keyUrl('a') })
  t.match(get, { status: 200, headers: { etag, 'content-type': 'application/octet-stream' } })
  t.ok(Number(get.headers['ttl-ms']) > 50_000)
  t.equal((await send(url, { path: keyUrl('a'), headers: { 'if-none-match': etag } })).status, 304)
  t.equal((await send(url, { path: keyUrl('a'), headers: { 'if-match': '"1"' } })).status, 412)
  t.equal((await send(url, { path: keyUrl('a'), headers: { 'content-encoding': 'gzip' } })).status, 415)
  t.equal((await send(url, { method: 'HEAD', path: keyUrl('a') })).body.length, 0)
})

test('a large value waits until there is room for it, a small one does not', async (t) => {
  const [node] = (await startFleet(t, 1)) as [CacheNode]
  const { clientUrl: url, rooms } = node
  const { answers: room } = rooms
  const values = [1, 2].map((byte) => Buffer.alloc(500_000, byte))
  for (const [at, body] of values.entries()) await send(url, { method: 'PUT', path: keyUrl(`large-${at}`), body })
  await send(url, { method: 'PUT', path: keyUrl('small'), body: 'v' })
  const all = room.take(room.bytes, { roomy: () => {}, evicted: () => {} }) as Uint8Array
  const large = values.map((_, at) => send(url, { path: keyUrl(`large-${at}`) }))
  await until(() => room.waiting === 2, 'both to wait')
  t.match(await send(url, { path: keyUrl('small') }), { status: 200 })
  room.give(all)
  for (const [at, { status, body }] of (await Promise.all(large)).entries()) {
    t.equal(status, 200)
    t.ok(body.equals(values[at] as Buffer), 'each gets its own')
  }
  await until(() => room.lentBytes === 0, 'all of the room to be given back')
})
