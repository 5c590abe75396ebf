import { RingholdError } from '@ringhold/sdk/protocol'
import { test } from 'tap'
import { fill } from '#cli/fleet/fill-run.js'

const plan = { entries: 10, prefix: 'key:', valueBytes: 8, concurrency: 3 }

test('a fill writes each entry once, with few under way, and the same ones every time', async (t) => {
  const runs = await Promise.all(
    [1, 2].map(async () => {
      const stored = new Map<string, string>()
      let underWay = 0
      let most = 0
      const result = await fill(plan, {
        set: async (key, value) => {
          most = Math.max(most, ++underWay)
          await new Promise(setImmediate)
          underWay--
          t.notOk(stored.has(key), `${key} once`)
          stored.set(key, Buffer.from(value).toString())
        },
      })
      t.same(result, { stored: 10, failed: 0, failures: {} })
      t.equal(most, 3)
      return stored
    }),
  )
  t.same(runs[0], runs[1])
  t.equal(runs[0]?.get('key:1'), 'key:1 ke')
  t.equal(runs[0]?.size, 10)
  t.ok(runs[0]?.has('key:10'))
})

test('failures are counted by code and stop nothing', async (t) => {
  const done: number[] = []
  const result = await fill(plan, {
    set: async (key) => {
      if (key === 'key:4') throw new RingholdError('RINGHOLD_TIMEOUT')
      if (key > 'key:6') throw new RingholdError('RINGHOLD_NO_NODES')
    },
    onProgress: (count) => done.push(count),
  })
  t.same(result, { stored: 6, failed: 4, failures: { RINGHOLD_NO_NODES: 3, RINGHOLD_TIMEOUT: 1 } })
  t.same(done, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
})

test('an error without a code is a fault of the program and ends the fill', async (t) => {
  const failing = { set: () => Promise.reject(new TypeError('a fault')) }
  await t.rejects(fill(plan, failing), { message: 'a fault' })
})
