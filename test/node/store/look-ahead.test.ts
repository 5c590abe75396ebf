import { test } from 'tap'
import { keysAheadMax } from '#node/store/look-ahead.js'
import type { Entry, Place, Reading } from '#node/store/store.js'
import { smallStore } from './small-store.ts'

const at = (key: string, token = 1): Place => ({ token, cache: 'default', key: Buffer.from(key) })
const entry = (value: string, expiresAt?: number): Entry => {
  return { value: Buffer.from(value), contentType: 'a/b', version: 1, expiresAt }
}
const names = Array.from({ length: 20 }, (_, index) => `k${index}`)
const rangeOf = (name: string, cache = 'default') => {
  return { cache, bytes: Buffer.from(`<${name}>`), from: 1, to: 1 + name.length, ticket: -1 }
}

function prepared() {
  const store = smallStore()
  for (const name of names) store.write(at(name), entry(`value of ${name}`, 100), 0)
  const reading: Reading = {
    target: Buffer.alloc(100),
    at: 0,
    length: 0,
    contentType: '',
    version: 0,
    expiresAt: undefined,
  }
  const expect = (list: readonly string[], cache?: string) => {
    const ranges = list.map((name) => rangeOf(name, cache))
    for (const [index, range] of ranges.entries()) store.expect(1, range, index % 2 === 0)
    store.prefetch()
    return ranges
  }
  const read = (range: ReturnType<typeof rangeOf>, now = 0) => {
    const found = store.readInto(1, range, now, reading)
    return found === 'hit' ? Buffer.from(reading.target).toString('latin1', 0, reading.length) : found
  }
  return { store, expect, read }
}

test('what was expected is read as usual, in its order, out of it, twice, or with others in between', async (t) => {
  const { expect, read, store } = prepared()
  for (const order of [names, names.toReversed(), [...names, ...names], ['k3', 'none', 'k4', 'k4', 'k5']]) {
    const ranges = expect(names)
    t.ok(
      ranges.every(({ ticket }) => ticket >= 0),
      'each has a ticket',
    )
    for (const name of order) {
      const range = ranges[names.indexOf(name)] ?? rangeOf(name)
      t.equal(read(range), name === 'none' ? 'never' : `value of ${name}`)
    }
  }
  const [none, k1] = expect(['none', 'k1']) as [ReturnType<typeof rangeOf>, ReturnType<typeof rangeOf>]
  t.equal(read(none), 'never')
  t.equal(read(k1), 'value of k1')
  t.match(store.stats(0), { hits: 85, misses: { never: 2 } })
})

test('what happens to an entry after the prefetch is seen by its read', async (t) => {
  const { store, expect, read } = prepared()
  const ranges = expect(names)
  store.write(at('k0'), entry('another, longer value than before', 100), 0)
  store.write(at('k1'), entry('VALUE OF k1', 100), 0)
  store.remove(at('k2'), 0)
  store.apply(at('k3'), { type: 'tombstone', version: 9, keptUntil: 100 }, 0)
  store.compact()
  const found = [0, 0, 0, 0, 99, 100].map((now, index) => read(ranges[index] as (typeof ranges)[0], now))
  const after = ['another, longer value than before', 'VALUE OF k1', 'deleted', 'deleted', 'value of k4', 'expired']
  t.strictSame(found, after)
})

test('bytes of another entry that lie where an expected one lay are not taken for it', async (t) => {
  const { store, expect, read } = prepared()
  const ranges = expect(names)
  store.drop(() => true)
  // Each of these values looks like the entry that was there, header and all.
  for (let index = 0; index < 20; index++) store.write(at(`x${index}`), entry('value of k', 100), 0)
  for (const range of ranges) t.equal(read(range), 'never')
})

test('a key that was written since it was expected is found', async (t) => {
  const { store, expect, read } = prepared()
  const ranges = expect(['new', 'newer'])
  store.write(at('new'), entry('a value', 100), 0)
  t.strictSame(
    ranges.map((range) => read(range)),
    ['a value', 'never'],
  )
})

test('a ticket is good for its batch: an older one, or none, changes nothing', async (t) => {
  const { store, expect, read } = prepared()
  const older = expect(names)
  const others = expect(names.toReversed())
  for (const [index, range] of older.entries()) t.equal(read(range), `value of k${index}`)
  for (const [index, range] of others.entries()) t.equal(read(range), `value of k${19 - index}`)
  const unfetched = names.map((name) => rangeOf(name))
  for (const range of unfetched) store.expect(1, range, false)
  for (const [index, range] of unfetched.entries()) t.equal(read(range), `value of k${index}`)
})

test('more than one batch holds is left out, and so is a cache that holds nothing', async (t) => {
  const { expect, read } = prepared()
  const ranges = expect([...names, ...names])
  t.strictSame(
    ranges.map(({ ticket }) => ticket >= 0),
    ranges.map((_, index) => index < keysAheadMax),
  )
  for (const [index, range] of ranges.entries()) t.equal(read(range), `value of k${index % 20}`)
  const [unknown] = expect(['k1'], 'elsewhere')
  t.match(unknown, { ticket: -1 })
  t.equal(read(unknown as (typeof ranges)[0]), 'never')
})
