import { test } from 'tap'
import { ByteStore, bytesMaxMin } from '#node/store/byte-store.js'
import { rangeOf } from '#node/store/key-range.js'
import type { Entry, Place } from '#node/store/store.js'
import { smallStore } from './small-store.ts'

const text = (value: Uint8Array | undefined): string | undefined => value && Buffer.from(value).toString()
const at = (key: string, token = 0, cache = 'default'): Place => ({ token, cache, key: Buffer.from(key) })
const entry = (value: string | Uint8Array, expiresAt?: number, version = 1): Entry => {
  return { value: Buffer.from(value), contentType: 'text/plain', version, expiresAt }
}
const mebibyte = 2 ** 20
/** More entries of this size than the smallest store holds. */
const filling = { count: 400, value: new Uint8Array(64 * 1024) }

test('what is written is read back byte for byte, with its content type, version and expiry', async (t) => {
  const store = smallStore()
  const value = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  const version = Number.MAX_SAFE_INTEGER
  t.equal(store.write(at('k'), { value, contentType: 'a/b', version, expiresAt: 50.25 }, 0), 'created')
  t.match(store.read(at('k'), 1), { value, contentType: 'a/b', version, expiresAt: 50.25 })
  value.fill(0)
  const read = store.read(at('k'), 1)
  t.equal(read?.value[255], 255, 'the store keeps a copy of its own')
  read?.value.fill(9)
  t.equal(store.read(at('k'), 1)?.value[255], 255, 'the reader gets a copy of its own')
  t.equal(store.write(at('k'), entry('x'), 1), 'replaced')
})

test('values of 0 bytes to 1 MiB come back whole, wherever segments end', async (t) => {
  const store = smallStore()
  const lengths = [0, 1, 3, 4, 63, 64, 65, 4_095, 262_115, 262_116, 262_117, 262_144, 600_000, mebibyte]
  for (const length of lengths) store.write(at(`k${length}`), entry(new Uint8Array(length).fill(length)), 0)
  for (const length of lengths) {
    t.equal(
      Buffer.compare(store.read(at(`k${length}`), 0)?.value ?? Buffer.of(1), new Uint8Array(length).fill(length)),
      0,
    )
  }
})

test('readInto copies a value into a reply, and tells its length where there is no room', async (t) => {
  const store = smallStore()
  store.write(at('k'), entry('value', 9, 7), 0)
  const reading = { target: Buffer.alloc(8, '.'), at: 2, length: 0, contentType: '', version: 0, expiresAt: undefined }
  const readInto = (key: string) => store.readInto(at(key).token, rangeOf(at(key)), 0, reading)
  t.equal(readInto('k'), 'hit')
  t.match(reading, { length: 5, contentType: 'text/plain', version: 7, expiresAt: 9 })
  t.equal(text(reading.target), '..value.')
  reading.at = 5
  t.equal(readInto('k'), 'hit')
  t.equal(text(reading.target), '..value.', 'no room: nothing was copied')
  t.equal(readInto('other'), 'never')
})

test('caches, and keys of any bytes, never meet each other', async (t) => {
  const store = smallStore()
  const places = [
    at('a/b', 0, 'c'),
    at('b', 0, 'c'),
    at('a'),
    at('A'),
    at('é'),
    at('e\u0301'),
    at('a\0'),
    at('__proto__'),
  ]
  for (const [index, place] of places.entries()) store.write(place, entry(String(index)), 0)
  for (const [index, place] of places.entries()) t.equal(text(store.read(place, 0)?.value), String(index))
})

test('more content types than are remembered cost space, not correctness', async (t) => {
  const store = smallStore()
  for (let type = 0; type < 3_000; type++) store.write(at(`k${type}`), { ...entry('v'), contentType: `a/${type}` }, 0)
  for (const type of [0, 1_023, 1_024, 2_999]) {
    t.match(store.read(at(`k${type}`), 0), { contentType: `a/${type}`, value: Buffer.from('v') })
  }
})

test('an entry is gone at the millisecond of its expiry, swept or not, and is counted no more', async (t) => {
  const store = smallStore()
  store.write(at('short'), entry('v', 100), 0)
  store.write(at('long'), entry('v', 200), 0)
  t.ok(store.read(at('short'), 99))
  t.equal(store.read(at('short'), 100), undefined)
  t.match(store.stats(199), { entries: 1, expirations: 1 })
  t.match(store.stats(200), { entries: 0, expirations: 2, caches: new Map() })
  t.equal(store.write(at('long'), entry('v'), 300), 'created', 'an expired entry is not replaced')
})

test('a sweep frees what has expired, at most its budget in one slice', async (t) => {
  const store = smallStore()
  for (let index = 9; index >= 0; index--) store.write(at(`k${index}`), entry('v', 10 + index), 0)
  t.equal(store.sweep(14, 3), 3)
  t.equal(store.sweep(14, 3), 2, 'five have expired by then')
  t.equal(store.sweep(14, 3), 0)
})

test('entries expire within a second of their time, be it in seconds or in years', async (t) => {
  const store = smallStore(5_000)
  const spans = [1, 2_500, 60_000, 4_096_000, 4_097_500, 86_400_000, 30 * 86_400_000, 400 * 86_400_000]
  for (const span of spans) store.write(at(`k${span}`), entry('v', 5_000 + span), 5_000)
  let left = spans.length
  for (const span of spans) {
    // Time steps as a timer would let it: never so far that entries of different spans come due at once.
    for (let now = 5_000 + span - 1; now <= 5_000 + span + 1_000; now += 1_000) while (store.sweep(now, 100) > 0);
    left--
    t.equal(store.stats(5_000 + span + 1_000).entries, left, `${span} ms`)
  }
})

test('an entry that was replaced lives by its new expiry only', async (t) => {
  const store = smallStore()
  for (const expiresAt of [10, 500, undefined, 20, undefined]) store.write(at('k'), entry('v', expiresAt), 0)
  t.equal(store.sweep(1_000, 10), 0)
  t.ok(store.read(at('k'), 1_000))
})

test('a value that can never fit is refused before anything is evicted, and what was there stays', async (t) => {
  const store = smallStore()
  store.write(at('k'), entry('v'), 0)
  for (const length of [bytesMaxMin, 2 ** 24]) {
    t.equal(store.write(at('k'), entry(new Uint8Array(length)), 0), 'too-large')
  }
  t.equal(text(store.read(at('k'), 0)?.value), 'v')
  t.equal(store.stats(0).evictions, 0)
})

test('a full store stays within its bytes, evicts, and counts every entry that it lets go', async (t) => {
  const store = smallStore()
  for (let index = 0; index < filling.count; index++) {
    t.equal(store.write(at(`k${index}`), entry(filling.value), 0), 'created')
  }
  const { entries, bytes, evictions, misses } = store.stats(0)
  t.ok(bytes <= bytesMaxMin && bytes > 0.98 * bytesMaxMin)
  t.equal(entries + evictions, filling.count)
  t.equal(misses.evicted, 0)
})

test('a miss says whether the entry was evicted, has expired or was deleted', async (t) => {
  const store = smallStore()
  store.write(at('short'), entry('v', 10), 0)
  store.write(at('deleted'), entry('v'), 0)
  store.remove(at('deleted'), 0)
  store.apply(at('buried'), { type: 'tombstone', version: 5, keptUntil: 1_000 }, 0)
  t.equal(store.sweep(20, 10), 1)
  for (let index = 0; index < filling.count; index++) store.write(at(`k${index}`), entry(filling.value), 20)
  const gone = Array.from({ length: filling.count }, (_, index) => at(`k${index}`)).find(
    (place) => !store.read(place, 20),
  )
  t.equal(store.missReason(gone as Place, 20), 'evicted')
  t.equal(store.missReason(at('short'), 20), 'expired')
  t.equal(store.missReason(at('deleted'), 20), 'deleted')
  t.equal(store.missReason(at('buried'), 20), 'deleted')
  t.equal(store.missReason(at('never'), 20), undefined)
  store.read(at('never'), 20)
  store.read(at('deleted'), 20)
  t.match(store.stats(20).misses, { never: 1, deleted: 1 })
})

test('the version of what expired is known, also when it had expired before it came', async (t) => {
  const store = smallStore()
  store.write(at('k'), entry('v', 10, 5), 0)
  t.equal(store.expiredVersion(at('k')), undefined)
  t.equal(store.read(at('k'), 20), undefined)
  t.equal(store.expiredVersion(at('k')), 5)
  t.equal(store.expiredVersion(at('other')), undefined)
  store.apply(at('late'), { type: 'entry', ...entry('v', 10, 7) }, 20)
  t.equal(store.expiredVersion(at('late')), 7)
  store.apply(at('buried'), { type: 'tombstone', version: 9, keptUntil: 30 }, 20)
  store.sweep(5_000, 10)
  t.equal(store.expiredVersion(at('buried')), undefined, 'a delete is over when its grace is')
})

test('of what was evicted it is known from which version on it may come back', async (t) => {
  const store = smallStore()
  store.coordinate(() => true)
  store.write(at('told'), entry('v', undefined, 5), 0)
  t.equal(store.welcomeFrom(at('told')), undefined)
  t.equal(store.evict(at('told'), 4, 0), false)
  t.equal(store.welcomeFrom(at('told')), undefined)
  t.equal(store.evict(at('told'), 5, 0), true)
  t.equal(store.welcomeFrom(at('told')), 5, 'what another node wanted gone may come back from there')
  for (let index = 0; index < filling.count; index++) {
    store.write(at(`k${index}`), entry(filling.value, undefined, 10 + index), 0)
  }
  const { evicted } = store.takeEvicted()
  t.ok(evicted.length > 0)
  for (const { place, version } of evicted) t.equal(store.welcomeFrom(place), version + 1)
  t.equal(store.welcomeFrom(at('never')), undefined)
})

test('only a higher version is applied, whichever comes first, entry or tombstone', async (t) => {
  const store = smallStore()
  const change = (version: number) => ({ type: 'entry' as const, ...entry(`v${version}`, undefined, version) })
  t.equal(store.apply(at('k'), change(5), 0), 'applied')
  t.equal(store.apply(at('k'), change(5), 0), 'stale')
  t.equal(store.apply(at('k'), change(4), 0), 'stale')
  t.equal(store.apply(at('k'), { type: 'tombstone', version: 6, keptUntil: 100 }, 0), 'applied')
  t.equal(store.read(at('k'), 0), undefined)
  t.equal(store.version(at('k'), 0), 6)
  t.equal(store.apply(at('k'), change(5), 0), 'stale', 'a deleted entry stays deleted')
  t.equal(store.apply(at('k'), change(7), 0), 'applied')
  t.equal(text(store.read(at('k'), 0)?.value), 'v7')
  t.match(store.stats(0), { entries: 1, tombstones: 0 })
})

test('tombstones in their grace are not evicted; after it they go without being read', async (t) => {
  const store = smallStore()
  for (let index = 0; index < 1_000; index++) {
    store.apply(at(`t${index}`, index), { type: 'tombstone', version: 1, keptUntil: 10_000 }, 0)
  }
  for (let index = 0; index < filling.count; index++) store.write(at(`k${index}`), entry(filling.value), 0)
  t.equal(store.stats(9_999).tombstones, 1_000)
  while (store.sweep(11_000, 100) > 0);
  t.match(store.stats(11_000), { tombstones: 0, expirations: 0 })
})

test('a store full of tombstones refuses writes and loses nothing by it', async (t) => {
  const store = smallStore()
  const key = '.'.repeat(500)
  let count = 0
  let applied = 'applied'
  for (; applied === 'applied' && count < 100_000; count++) {
    applied = store.apply(at(`${key}${count}`), { type: 'tombstone', version: 1, keptUntil: 10_000 }, 0)
  }
  t.equal(applied, 'full')
  t.equal(store.write(at('k'), entry(filling.value), 0), 'full')
  t.equal(store.stats(0).tombstones, count - 1)
  while (store.sweep(20_000, 1_000) > 0);
  t.equal(store.write(at('k'), entry(filling.value), 20_000), 'created')
})

test('equal contents have equal digests, in whatever order they came; a lost entry shows', async (t) => {
  const [one, other] = [smallStore(), new ByteStore({ bytesMax: bytesMaxMin, secret: [8, 9], now: 0 })]
  const keys = Array.from({ length: 200 }, (_, index) => `k${index}`)
  for (const key of keys) one.write(at(key, 7), entry('old', undefined, 1), 0)
  for (const key of keys) one.write(at(key, 7), entry('new', undefined, 2), 0)
  for (const key of keys.toReversed()) other.write(at(key, 7), entry('new', undefined, 2), 0)
  t.same(one.digest(7), other.digest(7))
  t.equal(one.digest(7).entries, 200)
  other.remove(at('k9', 7), 0)
  t.notSame(one.digest(7), other.digest(7))
  for (const key of keys) one.remove(at(key, 7), 0)
  t.same(one.digest(7), { entries: 0, low: 0, high: 0 })
})

test('paging returns each entry of the tokens that is there throughout, whatever is written meanwhile', async (t) => {
  const store = smallStore()
  const stays = (index: number): boolean => index % 3 !== 0
  for (let index = 0; index < 9_000; index++) store.write(at(`k${index}`, index % 60), entry(`v${index}`), 0)
  const seen = new Set<string>()
  let cursor: number | undefined
  let churn = 0
  let pages = 0
  do {
    const page = store.page({ tokens: (token) => token < 30, cursor, changesMax: 50, bytesMax: 10_000 }, 0)
    for (const { place } of page.changes) seen.add(Buffer.from(place.key).toString())
    t.ok(page.changes.length < 150 && page.changes.every(({ place }) => place.token < 30))
    // Deletes, new keys (tables grow) and larger values (entries move) between any two pages.
    for (let turn = 0; turn < 300; turn++, churn++) {
      if (churn % 9_000 < 9_000 && !stays(churn % 9_000)) store.remove(at(`k${churn % 9_000}`, churn % 60), 0)
      store.write(at(`new${churn}`, churn % 60), entry('v'), 0)
      if (stays(churn % 9_000)) store.write(at(`k${churn % 9_000}`, churn % 60), entry(`longer${churn}`), 0)
    }
    store.compact()
    cursor = page.cursor
    pages++
  } while (cursor !== undefined)
  t.ok(pages > 50, `${pages} pages`)
  for (let index = 0; index < 9_000; index++) {
    if (stays(index) && index % 60 < 30 && !seen.has(`k${index}`)) t.fail(`k${index} was not returned`)
  }
})

test('retain drops the entries of all other tokens at once', async (t) => {
  const store = smallStore()
  for (let token = 0; token < 100; token++) store.write(at(`k${token}`, token), entry('v', 1e6), 0)
  const kept = store.retain((token) => token % 2 === 0)
  t.equal(kept, 50)
  t.equal(store.read(at('k1', 1), 0), undefined)
  t.ok(store.read(at('k2', 2), 0))
  t.match(store.stats(0), { entries: 50, evictions: 0, expirations: 0 })
  t.equal(
    store.retain(() => false),
    50,
    'all of them',
  )
  t.match(store.stats(0), { entries: 0, bytes: 0, caches: new Map() })
  t.same(store.digest(2), { entries: 0, low: 0, high: 0 })
  t.equal(store.write(at('k2', 2), entry('v', 1e6), 0), 'created')
  t.equal(store.sweep(2e6, 10), 1)
})

test('less than 16 MiB is refused', async (t) => {
  t.throws(() => new ByteStore({ bytesMax: bytesMaxMin - 1, secret: [1, 2], now: 0 }), TypeError)
  t.throws(() => new ByteStore({ bytesMax: Number.NaN, secret: [1, 2], now: 0 }), TypeError)
})
