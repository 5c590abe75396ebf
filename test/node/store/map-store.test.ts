import fc from 'fast-check'
import { test } from 'tap'
import { entryOverheadBytes, MapStore } from '#node/store/map-store.js'
import { holds } from '../../property.ts'

const text = (value: Uint8Array | undefined): string | undefined => value && Buffer.from(value).toString()
const at = (key: string, token = 0, cache = 'default') => ({ token, cache, key: Buffer.from(key) })
const entry = (value: string, expiresAt?: number, version = 1) => {
  return { value: Buffer.from(value), contentType: 'text/plain', version, expiresAt }
}
/** What an entry of these lengths is accounted with. */
const size = (key: string, value: string): number =>
  entryOverheadBytes + key.length + value.length + 'text/plain'.length

test('what is written is read back byte for byte, with its content type, version and expiry', async (t) => {
  const store = new MapStore({ bytesMax: 1e6 })
  const value = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  t.equal(store.write(at('k'), { value, contentType: 'a/b', version: 7, expiresAt: 50 }, 0), 'created')
  t.match(store.read(at('k'), 1), { value, contentType: 'a/b', version: 7, expiresAt: 50 })
  value.fill(0)
  t.equal(store.read(at('k'), 1)?.value[255], 255, 'the store keeps a copy of its own')
  t.equal(store.write(at('k'), entry('x'), 1), 'replaced')
})

test('caches, and keys of any bytes, never meet each other', async (t) => {
  const store = new MapStore({ bytesMax: 1e6 })
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

test('an entry is gone at the millisecond of its expiry, swept or not, and is counted no more', async (t) => {
  const store = new MapStore({ bytesMax: 1e6 })
  store.write(at('short'), entry('v', 100), 0)
  store.write(at('long'), entry('v', 200), 0)
  t.ok(store.read(at('short'), 99))
  t.equal(store.read(at('short'), 100), undefined)
  t.match(store.stats(199), { entries: 1, bytes: size('long', 'v'), expirations: 1 })
  const { entries, bytes, expirations, caches } = store.stats(200)
  t.strictSame([entries, bytes, expirations, caches.size], [0, 0, 2, 0])
  t.equal(store.write(at('long'), entry('v'), 300), 'created', 'an expired entry is not replaced')
})

test('a sweep frees what has expired, at most its budget in one slice, first expired first', async (t) => {
  const store = new MapStore({ bytesMax: 1e6 })
  for (let index = 9; index >= 0; index--) store.write(at(`k${index}`), entry('v', 10 + index), 0)
  t.equal(store.sweep(14, 3), 3)
  t.equal(store.sweep(14, 3), 2, 'five have expired by then')
  t.equal(store.sweep(14, 3), 0)
})

test('an entry that was replaced lives by its new expiry only', async (t) => {
  const store = new MapStore({ bytesMax: 1e6 })
  for (const expiresAt of [10, 500, undefined, 20, undefined]) store.write(at('k'), entry('v', expiresAt), 0)
  t.equal(store.sweep(1000, 10), 0)
  t.ok(store.read(at('k'), 1000))
})

test('replacing entries over and over does not pile up deadlines', async (t) => {
  const store = new MapStore({ bytesMax: 1e6 })
  for (let now = 0; now < 100_000; now++) store.write(at(`k${now % 10}`), entry('v', now + 1e9), now)
  t.equal(store.stats(100_000).entries, 10)
  t.equal(store.sweep(2e9, 100), 10)
})

test('the entry unused for longest goes first when memory is full, and expired ones before it', async (t) => {
  const store = new MapStore({ bytesMax: 3 * size('k0', 'v') })
  for (const key of ['k0', 'k1', 'k2']) store.write(at(key), entry('v'), 0)
  store.read(at('k0'), 1)
  store.write(at('k3'), entry('v', 5), 1)
  t.equal(store.read(at('k1'), 1), undefined, 'evicted')
  t.equal(store.stats(1).evictions, 1)
  store.write(at('k4'), entry('v'), 5)
  t.ok(store.read(at('k0'), 5) && store.read(at('k2'), 5), 'the expired one made room')
  t.match(store.stats(5), { evictions: 1, expirations: 1, entries: 3 })
})

test('a value that can never fit is refused and what was there stays', async (t) => {
  const store = new MapStore({ bytesMax: size('k', 'v') })
  t.equal(store.write(at('k'), entry('v'), 0), 'created')
  t.equal(store.write(at('k'), entry('vv'), 0), 'too-large')
  t.equal(text(store.read(at('k'), 0)?.value), 'v')
})

test('retain drops the entries of all other tokens at once', async (t) => {
  const store = new MapStore({ bytesMax: 1e6 })
  for (let token = 0; token < 100; token++) store.write(at(`k${token}`, token), entry('v', 1e6), 0)
  t.equal(
    store.retain((token) => token % 2 === 0),
    50,
  )
  t.equal(store.read(at('k1', 1), 0), undefined)
  t.ok(store.read(at('k2', 2), 0))
  t.match(store.stats(0), {
    entries: 50,
    bytes: 5 * size('k0', 'v') + 45 * size('k00', 'v'),
    evictions: 0,
    expirations: 0,
  })
  t.equal(store.sweep(1e7, 1000), 50)
})

test('the store does what a naive map does, as long as memory lasts', async (t) => {
  const key = fc.constantFrom('a', 'b', 'c', 'd')
  const command = fc.oneof(
    fc.record({
      type: fc.constant('write' as const),
      key,
      value: fc.string({ maxLength: 8 }),
      ttl: fc.option(fc.nat(50)),
    }),
    fc.record({ type: fc.constant('read' as const), key }),
    fc.record({ type: fc.constant('remove' as const), key }),
    fc.record({ type: fc.constant('wait' as const), ms: fc.nat(40) }),
    fc.record({ type: fc.constant('sweep' as const), budget: fc.nat(3) }),
    fc.record({ type: fc.constant('retain' as const), even: fc.boolean() }),
  )
  const tokenOf = (name: string): number => name.charCodeAt(0)
  const property = fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
    const store = new MapStore({ bytesMax: 1e6 })
    const naive = new Map<string, { value: string; expiresAt: number }>()
    let now = 0
    const live = (name: string): string | undefined => {
      const found = naive.get(name)
      return found && found.expiresAt > now ? found.value : undefined
    }
    for (const step of commands) {
      if (step.type === 'wait') now += step.ms
      else if (step.type === 'sweep') store.sweep(now, step.budget)
      else if (step.type === 'retain') {
        const keep = (token: number): boolean => (token % 2 === 0) === step.even
        store.retain(keep)
        for (const name of [...naive.keys()]) if (!keep(tokenOf(name))) naive.delete(name)
      } else {
        const place = at(step.key, tokenOf(step.key))
        const before = live(step.key)
        if (step.type === 'read') {
          if (text(store.read(place, now)?.value) !== before) return false
        } else if (step.type === 'remove') {
          if (store.remove(place, now) !== (before !== undefined)) return false
          naive.delete(step.key)
        } else {
          const expiresAt = step.ttl === null ? undefined : now + step.ttl + 1
          const written = store.write(place, entry(step.value, expiresAt), now)
          if (written !== (before === undefined ? 'created' : 'replaced')) return false
          naive.set(step.key, { value: step.value, expiresAt: expiresAt ?? Number.POSITIVE_INFINITY })
        }
      }
      const names = [...naive.keys()].filter((name) => live(name) !== undefined)
      const bytes = names.reduce((sum, name) => sum + entryOverheadBytes + 11 + Buffer.byteLength(live(name) ?? ''), 0)
      const stats = store.stats(now)
      if (stats.entries !== names.length || stats.bytes !== bytes) return false
      if ((stats.caches.get('default')?.entries ?? 0) !== names.length) return false
    }
    return true
  })
  holds(t, 'store = naive map', property)
})

test('memory never exceeds its bound, and what remains is what was used last', async (t) => {
  const step = fc.record({ key: fc.nat(30), bytes: fc.nat(400), read: fc.boolean() })
  const property = fc.property(
    fc.array(step, { maxLength: 200 }),
    fc.integer({ min: 1000, max: 6000 }),
    (steps, bytesMax) => {
      const store = new MapStore({ bytesMax })
      const uses: string[] = []
      for (const { key, bytes, read } of steps) {
        const name = `k${key}`
        if (read) {
          if (!store.read(at(name), 0)) continue
        } else if (store.write(at(name), entry('v'.repeat(bytes)), 0) === 'too-large') return false
        uses.push(name)
        const stats = store.stats(0)
        if (stats.bytes > bytesMax) return false
        const lastUsed = [...new Set(uses.toReversed())].slice(0, stats.entries)
        // Reading in reverse keeps the order of use for the next round.
        if (!lastUsed.toReversed().every((used) => store.read(at(used), 0))) return false
      }
      return true
    },
  )
  holds(t, 'bounded, least recently used', property, 200)
})
