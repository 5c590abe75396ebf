import { type Condition, FrameWriter, type Outcome } from '@ringhold/sdk/protocol'
import { test } from 'tap'
import { applyCommand, holds, readHit } from '#node/core/apply.js'
import { HitFrame } from '#node/stream/hit-frame.js'
import { smallStore, smallStoreBytes } from '../store/small-store.ts'

const key = { cache: 'default', key: Buffer.from('k') }

function fixture() {
  const store = smallStore()
  let version = 0
  const set = (value: string, more: { ttlMs?: number; condition?: Condition } = {}, now = 0): Outcome =>
    applyCommand(
      store,
      { type: 'set', ...key, value: Buffer.from(value), contentType: 'text/plain', ...more },
      { now, token: 1, nextVersion: () => ++version },
    )
  const get = (now = 0): Outcome =>
    applyCommand(store, { type: 'get', ...key }, { now, token: 1, nextVersion: () => ++version })
  const remove = (condition?: Condition, now = 0): Outcome =>
    applyCommand(store, { type: 'delete', ...key, condition }, { now, token: 1, nextVersion: () => ++version })
  return { store, set, get, remove }
}

test('a set creates or replaces, a get hits or misses, a delete deletes or finds nothing', async (t) => {
  const { set, get, remove } = fixture()
  t.same(get(), { type: 'miss' })
  t.same(set('a'), { type: 'created', version: 1, copies: 1 })
  t.same(set('b'), { type: 'replaced', version: 2, copies: 1 })
  t.match(get(), { type: 'hit', value: Buffer.from('b'), contentType: 'text/plain', version: 2, ttlMs: undefined })
  t.same(remove(), { type: 'deleted' })
  t.same(remove(), { type: 'absent' })
})

test('a miss says why the key is missing, as an outcome and through a sink', async (t) => {
  const { store, set, get, remove } = fixture()
  const sink = new HitFrame(new FrameWriter())
  const missed = (now: number) => {
    sink.now = now
    return [get(now), readHit(store, { token: 1, ...key }, sink)]
  }
  t.same(missed(0), [{ type: 'miss' }, { type: 'miss' }])
  set('a', { ttlMs: 10 })
  t.same(missed(10), Array(2).fill({ type: 'miss', reason: 'expired' }))
  set('b', {}, 10)
  remove(undefined, 10)
  t.same(missed(10), Array(2).fill({ type: 'miss', reason: 'deleted' }))
  store.apply(
    { token: 1, ...key },
    { type: 'entry', value: key.key, contentType: 'a/b', version: 9, expiresAt: undefined },
    10,
  )
  store.evict({ token: 1, ...key }, 9, 10)
  t.same(missed(10), Array(2).fill({ type: 'miss', reason: 'evicted' }))
})

test('the time left is rounded up to whole milliseconds and never 0', async (t) => {
  const { set, get } = fixture()
  set('a', { ttlMs: 10 })
  for (const [now, ttlMs] of [
    [0, 10],
    [0.5, 10],
    [9, 1],
    [9.9, 1],
  ] as const) {
    t.match(get(now), { type: 'hit', ttlMs })
  }
  t.same(get(10), { type: 'miss', reason: 'expired' })
})

test('a condition is judged by what the key holds at that moment', async (t) => {
  const conditions: [condition: Condition, whenAbsent: boolean, atVersion7: boolean][] = [
    [{ type: 'absent' }, true, false],
    [{ type: 'present' }, false, true],
    [{ type: 'version', versions: [6, 7] }, false, true],
    [{ type: 'version', versions: [6] }, false, false],
    [{ type: 'version', versions: [] }, false, false],
    [{ type: 'not-version', versions: [6, 7] }, true, false],
    [{ type: 'not-version', versions: [6, Number.NaN] }, true, true],
  ]
  for (const [condition, whenAbsent, atVersion7] of conditions) {
    t.equal(holds(condition, undefined), whenAbsent, `${JSON.stringify(condition)} when absent`)
    t.equal(holds(condition, 7), atVersion7, `${JSON.stringify(condition)} at version 7`)
  }
})

test('a failed condition changes nothing, issues no version, and tells the present one', async (t) => {
  const { set, get, remove } = fixture()
  t.same(set('a', { condition: { type: 'present' } }), { type: 'condition-failed', version: undefined })
  t.match(set('a', { ttlMs: 50 }), { version: 1 })
  t.same(set('b', { condition: { type: 'absent' } }), { type: 'condition-failed', version: 1 })
  t.same(remove({ type: 'version', versions: [9] }), { type: 'condition-failed', version: 1 })
  t.match(get(), { value: Buffer.from('a') })
  t.match(
    set('c', { condition: { type: 'absent' } }, 50),
    { type: 'created', version: 2 },
    'an expired entry is absent',
  )
})

test('what is absent already is absent, whatever the condition of a delete', async (t) => {
  t.same(fixture().remove({ type: 'version', versions: [9] }), { type: 'absent' })
})

test('a value larger than the memory of the node is refused', async (t) => {
  t.throws(() => fixture().set('v'.repeat(smallStoreBytes)), { code: 'RINGHOLD_VALUE_TOO_LARGE' })
})
