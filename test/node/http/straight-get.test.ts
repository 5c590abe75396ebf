import { test } from 'tap'
import type { CacheNode } from '#node/node.js'
import { startFleet, until } from '../fleet/in-process-fleet.ts'
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
  const value = Buffer.alloc(500_000, 7)
  await send(url, { method: 'PUT', path: keyUrl('large'), body: value })
  await send(url, { method: 'PUT', path: keyUrl('small'), body: 'v' })
  const all = room.take(room.bytes, { roomy: () => {}, evicted: () => {} }) as Uint8Array
  const large = [1, 2].map(() => send(url, { path: keyUrl('large') }))
  await until(() => room.waiting === 2, 'both to wait')
  t.match(await send(url, { path: keyUrl('small') }), { status: 200 })
  room.give(all)
  for (const { status, body } of await Promise.all(large)) {
    t.equal(status, 200)
    t.ok(body.equals(value))
  }
  await until(() => room.lentBytes === 0, 'all of the room to be given back')
})
