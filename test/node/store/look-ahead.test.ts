import { test } from 'tap'
import type { Entry, Place } from '#node/store/store.js'
import { smallStore } from './small-store.ts'

const at = (key: string, token = 1): Place => ({ token, cache: 'default', key: Buffer.from(key) })
const entry = (value: string, expiresAt?: number): Entry => {
  return { value: Buffer.from(value), contentType: 'a/b', version: 1, expiresAt }
}
const names = Array.from({ length: 20 }, (_, index) => `k${index}`)

function prepared() {
  const store = smallStore()
  for (const name of names) store.write(at(name), entry(`value of ${name}`, 100), 0)
  const expect = (list: readonly string[]) => {
    for (const name of list)
      store.expect(1, { cache: 'default', bytes: Buffer.from(`<${name}>`), from: 1, to: 1 + name.length })
    store.prefetch()
  }
  const read = (name: string, now = 0) => {
    const found = store.read(at(name), now)
    return found && Buffer.from(found.value).toString()
  }
  return { store, expect, read }
}

test('what was expected is read as usual, in its order, out of it, twice, or with others in between', async (t) => {
  const { expect, read, store } = prepared()
  for (const order of [names, names.toReversed(), [...names, ...names], ['k3', 'none', 'k4', 'k4', 'k5']]) {
    expect(names)
    for (const name of order) t.equal(read(name), name === 'none' ? undefined : `value of ${name}`)
  }
  expect(['none', 'k1'])
  t.equal(read('none'), undefined)
  t.equal(read('k1'), 'value of k1')
  t.match(store.stats(0), { hits: 85, misses: { never: 2 } })
})

test('what happens to an entry after the prefetch is seen by its read', async (t) => {
  const { store, expect, read } = prepared()
  expect(names)
  store.write(at('k0'), entry('another, longer value than before', 100), 0)
  store.write(at('k1'), entry('VALUE OF k1', 100), 0)
  store.remove(at('k2'), 0)
  store.apply(at('k3'), { type: 'tombstone', version: 9, keptUntil: 100 }, 0)
  store.compact()
  t.equal(read('k0'), 'another, longer value than before')
  t.equal(read('k1'), 'VALUE OF k1')
  t.equal(read('k2'), undefined)
  t.equal(read('k3'), undefined)
  t.equal(read('k4', 99), 'value of k4')
  t.equal(read('k5', 100), undefined, 'expired since')
})

test('bytes of another entry that lie where an expected one lay are not taken for it', async (t) => {
  const { store, expect, read } = prepared()
  expect(names)
  store.drop(() => true)
  // Each of these values looks like the entry that was there, header and all.
  for (let index = 0; index < 20; index++) store.write(at(`x${index}`), entry('value of k', 100), 0)
  for (const name of names) t.equal(read(name), undefined)
})

test('more than one batch, or a batch without a prefetch, changes nothing', async (t) => {
  const { store, expect, read } = prepared()
  expect([...names, ...names, ...names])
  for (const name of names) t.equal(read(name), `value of ${name}`)
  for (const name of names) store.expect(1, { cache: 'default', bytes: Buffer.from(name), from: 0, to: name.length })
  for (const name of names) t.equal(read(name), `value of ${name}`)
  t.equal(store.looksAhead, false, 'too small to gain anything')
})
