/** Dropping tokens: at once for whoever looks, in slices for the memory. */
import { test } from 'tap'
import type { ByteStore } from '#node/store/byte-store.js'
import type { Entry, Place } from '#node/store/store.js'
import { smallStore } from './small-store.ts'

const count = 40_000
const tokens = 50
const at = (index: number): Place => ({ token: index % tokens, cache: 'default', key: Buffer.from(`k${index}`) })
const entry = (value: string, version = 1): Entry => ({
  value: Buffer.from(value),
  contentType: 'a/b',
  version,
  expiresAt: 1e6,
})
const isOdd = (token: number): boolean => token % 2 === 1

function filled(): ByteStore {
  const store = smallStore()
  for (let index = 0; index < count; index++) store.write(at(index), entry(`v${index}`), 0)
  return store
}

function readable(store: ByteStore): { odd: number; even: number } {
  const found = { odd: 0, even: 0 }
  for (let index = 0; index < count; index++) {
    if (store.read(at(index), 0) !== undefined) found[isOdd(at(index).token) ? 'odd' : 'even']++
  }
  return found
}

test('nobody gets to see or count an entry of a dropped token, though most of them are still there', async (t) => {
  const store = filled()
  const { bytes } = store.stats(0)
  t.equal(store.drop(isOdd), count / 2)
  t.ok(store.stats(0).bytes > 0.8 * bytes, 'their memory follows')
  t.same(readable(store), { odd: 0, even: count / 2 })
  t.match(store.stats(0), { entries: count / 2, evictions: 0, expirations: 0, misses: { never: count / 2 } })
  t.same(store.digest(1), { entries: 0, low: 0, high: 0 })
  t.equal(store.version(at(1), 0), undefined)
  t.equal(store.remove(at(1), 0), false)
  t.equal(store.evict(at(1), 1, 0), false)
  const page = store.page({ tokens: isOdd, changesMax: count, bytesMax: 1e9 }, 0)
  t.same(page, { changes: [], cursor: undefined })
  t.equal(store.drop(isOdd), 0, 'they are dropped once')
})

test('the memory of dropped tokens comes back in slices', async (t) => {
  const store = filled()
  const { bytes } = store.stats(0)
  store.drop(isOdd)
  let slices = 1
  while (store.settle()) slices++
  t.ok(slices > 5, `${slices} slices`)
  t.ok(store.stats(0).bytes < 0.7 * bytes)
  t.same(readable(store), { odd: 0, even: count / 2 })
  t.equal(store.stats(0).caches.get('default')?.entries, count / 2)
})

test('what is written to a dropped token is there, with any version, before and after the old entries have gone', async (t) => {
  const store = filled()
  store.drop(isOdd)
  for (let index = 1; index < 200; index += 2) {
    t.equal(store.apply(at(index), { type: 'entry', ...entry('new', 0.5) }, 0), 'applied')
  }
  for (let settles = true; settles; settles = store.settle()) {
    for (let index = 1; index < 200; index += 2) {
      if (Buffer.from(store.read(at(index), 0)?.value ?? []).toString() !== 'new') t.fail(`${index} is not the new one`)
    }
  }
  t.equal(store.stats(0).entries, count / 2 + 100)
  t.equal(store.digest(1).entries, 4)
  t.equal(store.remove(at(1), 0), true)
})

test('dropped entries expire, are passed by eviction and moved like any others, and are counted by none of it', async (t) => {
  const store = filled()
  store.coordinate(() => true)
  store.drop(isOdd)
  for (let index = 0; index < 400; index++) store.write(at(2 * index * tokens), entry('x'.repeat(60_000)), 0)
  store.compact()
  const { evictions, entries } = store.stats(0)
  t.equal(store.takeEvicted().evicted.filter(({ place }) => isOdd(place.token)).length, 0)
  while (store.sweep(2e6, 10_000) > 0);
  t.match(store.stats(2e6), { entries: 0, evictions, expirations: entries })
  t.equal(store.settle(), false)
})

test('a token may be dropped any number of times before the memory of the first is back', async (t) => {
  const store = smallStore()
  for (let round = 0; round < 600; round++) {
    for (let index = 0; index < 3; index++) store.write(at(index * tokens), entry(`round ${round}`), 0)
    t.equal(store.read(at(0), 0)?.value.length, `round ${round}`.length)
    store.apply(at(3 * tokens), { type: 'tombstone', version: 1, keptUntil: 1e6 }, 0)
    if (store.drop((token) => token === 0) !== 4) t.fail('other figures than those of the round')
    if (store.read(at(0), 0) !== undefined || store.stats(0).entries + store.stats(0).tombstones > 0)
      t.fail('not dropped')
  }
})

test('a store that dropped tombstones have filled takes writes again at once', async (t) => {
  const store = smallStore()
  const key = '.'.repeat(500)
  const place = (index: number): Place => ({ token: 1, cache: 'default', key: Buffer.from(`${key}${index}`) })
  let index = 0
  while (store.apply(place(index), { type: 'tombstone', version: 1, keptUntil: 1e6 }, 0) === 'applied') index++
  t.equal(store.write(at(2), entry('x'.repeat(100_000)), 0), 'full')
  store.drop((token) => token === 1)
  t.equal(store.write(at(2), entry('x'.repeat(100_000)), 0), 'created')
})
