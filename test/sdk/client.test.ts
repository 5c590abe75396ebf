import { test } from 'tap'
import { Ringhold } from '#sdk/index.js'
import { smallFleet } from './small-fleet.ts'

interface User {
  readonly name: string
}

test('a value comes back as what it was, and a miss is undefined', async (t) => {
  const fleet = await smallFleet(t)
  await using cache = await Ringhold.connect({ nodes: fleet.urls })
  t.match(await cache.set('user:42', { name: 'Ada' }, { ttlMs: 60_000 }), { stored: true, created: true, copies: 1 })
  t.strictSame(await cache.get<User>('user:42'), { name: 'Ada' })
  t.equal(await cache.get('user:43'), undefined)
  t.match(await cache.getEntry('user:42'), { ttlMs: 60_000, contentType: 'application/json' })
  t.equal(await cache.has('user:42'), true)
  t.equal(await cache.delete('user:42'), true)
  t.equal(await cache.delete('user:42'), false)
  t.equal(await cache.has('user:42'), false)
})

test('each key goes straight to its owner, marked as direct', async (t) => {
  const fleet = await smallFleet(t, 5)
  await using cache = await Ringhold.connect({ nodes: fleet.urls.slice(0, 1) })
  const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`)
  await cache.setMany(keys.map((key) => [key, key]))
  t.strictSame(await cache.getMany(keys), keys)
  for (const node of fleet.members) {
    for (const { url, headers } of node.seen) {
      if (url === '/v1/topology') continue
      const key = decodeURIComponent(url.split('/').at(-1) as string)
      t.equal(fleet.owner(key), node)
      t.equal(headers['ringhold-route'], 'direct')
      t.equal(headers['ringhold-ring'], cache.ring?.checksum)
    }
  }
  t.equal(cache.stats().redirects, 0)
})
