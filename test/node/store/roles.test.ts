/** Eviction is the coordinator's: which entries a store under pressure lets go, and what it tells of it. */
import fc from 'fast-check'
import { test } from 'tap'
import type { ByteStore } from '#node/store/byte-store.js'
import type { Change, Evicted, Place } from '#node/store/store.js'
import { holds } from '../../property.ts'
import { smallStore, smallStoreBytes } from './small-store.ts'

const at = (key: string, token: number): Place => ({ token, cache: 'default', key: Buffer.from(key) })
const value = new Uint8Array(64 * 1024)
const entry = (version = 1): Change & { type: 'entry' } => {
  return { type: 'entry', value, contentType: 'a/b', version, expiresAt: undefined }
}
/** Entries with this value that the store holds at most. */
const capacity = Math.floor(smallStoreBytes / value.length)
const isEven = (token: number): boolean => token % 2 === 0
const keyOf = ({ place }: Evicted): string => Buffer.from(place.key).toString()

function fill(store: ByteStore, name: string, { count, token }: { count: number; token: number }): void {
  for (let index = 0; index < count; index++) store.apply(at(`${name}${index}`, token), entry(index + 1), 0)
}

function held(store: ByteStore, name: string, { count, token }: { count: number; token: number }): number {
  let found = 0
  for (let index = 0; index < count; index++) if (store.version(at(`${name}${index}`, token), 0)) found++
  return found
}

test('a store that was told nothing coordinates everything and lists nothing', async (t) => {
  const store = smallStore()
  fill(store, 'k', { count: capacity * 2, token: 1 })
  t.ok(store.stats(0).evictions > capacity * 0.9)
  t.same(store.takeEvicted(), { evicted: [], unlisted: 0 })
})

test('of each cache it is known how many entries are replicas, whatever becomes of them', async (t) => {
  const store = smallStore()
  const replicas = () => store.stats(0).caches.get('default')?.replicas
  fill(store, 'a', { count: 10, token: 1 })
  fill(store, 'b', { count: 20, token: 2 })
  t.equal(replicas(), 0)
  store.coordinate(isEven)
  while (store.settle());
  t.equal(replicas(), 10)
  fill(store, 'c', { count: 5, token: 3 })
  store.apply(at('a0', 1), { type: 'tombstone', version: 99, keptUntil: 1_000 }, 0)
  store.evict(at('c1', 3), 2, 0)
  t.equal(replicas(), 13)
  for (const change of [entry(200), { ...entry(201), value: new Uint8Array(3) }]) store.apply(at('a1', 1), change, 0)
  t.equal(replicas(), 13)
  store.coordinate((token) => !isEven(token))
  while (store.settle());
  t.equal(replicas(), 20)
  store.drop((token) => token === 2)
  while (store.settle());
  store.sweep(0, 1_000)
  t.equal(replicas() ?? 0, 0)
})

test('what changes its role in a full store does so in slices, also where compaction has to win the room for it', async (t) => {
  const store = smallStore()
  const small = (index: number): Change => ({ ...entry(index + 1), value: new Uint8Array(100 + (index % 400)) })
  for (let index = 0; index < 80_000; index++) store.apply(at(`k${index}`, index % 16_384), small(index), 0)
  t.ok(store.stats(0).evictions > 1_000, 'it is full')
  store.coordinate((token) => token % 5 !== 0)
  let most = 0
  let slices = 0
  for (let before = store.stats(0).compactedBytes; store.settle(); slices++) {
    const { compactedBytes } = store.stats(0)
    most = Math.max(most, compactedBytes - before)
    before = compactedBytes
  }
  t.ok(slices > 50, `${slices} slices`)
  // A slice has it move a dozen times 40 kB, and a mebibyte more where no segment is left.
  t.ok(most > 0 && most < 1_500_000, `compaction moves ${most} bytes in a slice at most`)
})

test('under pressure a node evicts what it coordinates, however much longer it holds its replicas', async (t) => {
  const store = smallStore()
  store.coordinate(isEven)
  fill(store, 'replica', { count: capacity / 2, token: 1 })
  fill(store, 'own', { count: capacity * 3, token: 2 })
  t.equal(held(store, 'replica', { count: capacity / 2, token: 1 }), capacity / 2, 'all replicas are there')
  const { evicted, unlisted } = store.takeEvicted()
  t.equal(unlisted, 0)
  t.equal(evicted.length, store.stats(0).evictions)
  for (const { role, place, version } of evicted) {
    if (role !== 'coordinator' || place.token !== 2) t.fail('a replica was evicted')
    if (store.version(place, 0) !== undefined) t.fail('an entry that is listed is still there')
    if (`own${version - 1}` !== Buffer.from(place.key).toString()) t.fail('the version is another one')
  }
})

test('a replica goes only when nothing else is left: the longest held first, listed as what it was', async (t) => {
  const store = smallStore()
  store.coordinate(isEven)
  fill(store, 'own', { count: 20, token: 2 })
  fill(store, 'replica', { count: capacity + 20, token: 1 })
  t.equal(held(store, 'own', { count: 20, token: 2 }), 0)
  const { evicted } = store.takeEvicted()
  const roles = evicted.map(({ role }) => role)
  t.same(roles.slice(0, 20), Array(20).fill('coordinator'), 'first what it coordinates')
  const replicas = evicted.slice(20)
  t.ok(replicas.length > 0 && replicas.every(({ role }) => role === 'replica'))
  t.same(
    replicas.map(keyOf),
    replicas.map((_, index) => `replica${index}`),
  )
})

test('the list is handed over in parts, in order, and what it had no room for is counted', async (t) => {
  const store = smallStore()
  store.coordinate(() => true)
  const small = { value: new Uint8Array(900), contentType: 'a/b', expiresAt: undefined }
  const count = 40_000
  for (let index = 0; index < count; index++) store.write(at(`k${index}`, 1), { ...small, version: index + 1 }, 0)
  const { evictions } = store.stats(0)
  const first = store.takeEvicted(10)
  t.equal(first.evicted.length, 10)
  const rest = store.takeEvicted()
  t.equal(first.unlisted + rest.unlisted + 10 + rest.evicted.length, evictions)
  t.equal(10 + rest.evicted.length, 16_384)
  t.same(store.takeEvicted(), { evicted: [], unlisted: 0 })
})

test('evict lets exactly the version go that the coordinator let go, and nothing of it is listed', async (t) => {
  const store = smallStore()
  store.coordinate(isEven)
  store.apply(at('k', 1), entry(5), 0)
  store.apply(at('buried', 1), { type: 'tombstone', version: 5, keptUntil: 1_000 }, 0)
  t.equal(store.evict(at('k', 1), 4, 0), false)
  t.equal(store.evict(at('k', 1), 6, 0), false)
  t.equal(store.evict(at('other', 1), 5, 0), false)
  t.equal(store.evict(at('buried', 1), 5, 0), false)
  t.equal(store.version(at('buried', 1), 0), 5, 'a tombstone stays')
  t.equal(store.evict(at('k', 1), 5, 0), true)
  t.equal(store.version(at('k', 1), 0), undefined)
  t.equal(store.missReason(at('k', 1), 0), 'evicted')
  t.equal(store.stats(0).evictions, 1)
  t.same(store.takeEvicted().evicted, [])
  t.same(store.digest(1).entries, 1, 'the tombstone')
})

test('entries that are here take on a new role in slices', async (t) => {
  const store = smallStore()
  store.coordinate(() => false)
  const half = capacity / 2
  fill(store, 'a', { count: half, token: 1 })
  fill(store, 'b', { count: half - 10, token: 2 })
  store.coordinate(isEven)
  let slices = 1
  while (store.settle()) slices++
  t.ok(slices > 3, `${slices} slices`)
  fill(store, 'new', { count: half, token: 4 })
  t.equal(held(store, 'a', { count: half, token: 1 }), half, 'what is still a replica stays')
  const roles = store.takeEvicted().evicted.map(({ role }) => role)
  t.ok(roles.length > 0 && roles.every((role) => role === 'coordinator'))
  const kept = held(store, 'new', { count: half, token: 4 })
  store.coordinate((token) => !isEven(token))
  while (store.settle());
  fill(store, 'more', { count: half, token: 3 })
  t.equal(held(store, 'new', { count: half, token: 4 }), kept, 'what became a replica stays')
})

test('what settle has not come to yet is put right by writes and by the hand of eviction', async (t) => {
  const store = smallStore()
  const half = capacity / 2
  fill(store, 'a', { count: half, token: 1 })
  store.coordinate(isEven)
  fill(store, 'own', { count: capacity * 2, token: 2 })
  t.equal(held(store, 'a', { count: half, token: 1 }), half)
  for (const { role } of store.takeEvicted().evicted) if (role === 'replica') t.fail('a replica was evicted')
})

test('drop lets tokens go without a trace in the figures; the others stay', async (t) => {
  const store = smallStore()
  store.coordinate(isEven)
  for (const token of [1, 2, 3]) fill(store, `t${token}-`, { count: 10, token })
  store.apply(at('buried', 3), { type: 'tombstone', version: 5, keptUntil: 1_000 }, 0)
  t.equal(
    store.drop((token) => token === 3),
    11,
  )
  t.same(store.digest(3), { entries: 0, low: 0, high: 0 })
  t.equal(store.missReason(at('t3-1', 3), 0), undefined)
  t.match(store.stats(0), { entries: 20, tombstones: 0, evictions: 0, expirations: 0 })
  t.same(store.takeEvicted().evicted, [])
  t.equal(store.apply(at('t3-1', 3), entry(1), 0), 'applied', 'even an old version is new again')
})

const change = fc.record({
  key: fc.nat(60),
  token: fc.nat(3),
  version: fc.integer({ min: 1, max: 40 }),
  isTombstone: fc.boolean(),
})

test('digests follow from what is held, in whatever order and however often changes came', (t) => {
  const shuffled = fc
    .uniqueArray(change, { minLength: 1, maxLength: 80, selector: ({ key, version }) => key * 100 + version })
    .chain((changes) => fc.tuple(fc.constant(changes), fc.shuffledSubarray(changes, { minLength: changes.length })))
  const property = fc.property(shuffled, fc.array(fc.nat(79)), ([changes, others], again) => {
    const [one, other] = [smallStore(), smallStore()]
    const repeated = again.flatMap((index) => others[index] ?? [])
    for (const each of changes) applyTo(one, each)
    for (const each of [...others, ...repeated]) applyTo(other, each)
    for (let token = 0; token < 4; token++) {
      if (JSON.stringify(one.digest(token)) !== JSON.stringify(other.digest(token))) return false
    }
    return true
  })
  holds(t, 'equal changes, equal digests', property, 150)
  t.end()

  function applyTo(
    store: ByteStore,
    { key, version, isTombstone }: { key: number; version: number; isTombstone: boolean },
  ) {
    // The token follows from the key, as it does everywhere.
    const place = at(`k${key}`, key % 4)
    const small = { ...entry(version), value: Uint8Array.of(version) }
    store.apply(place, isTombstone ? { type: 'tombstone', version, keptUntil: 1_000 } : small, 0)
  }
})
