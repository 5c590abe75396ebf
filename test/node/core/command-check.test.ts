import { test } from 'tap'
import { CommandCheck } from '#node/core/command-check.js'
import { defaultLimits, FrameKey } from '#sdk/protocol/index.js'

test('the first names that a node hears of are checked as all others, empty ones too', async (t) => {
  const key = Buffer.from('k')
  const get = (cache: string) => ({ type: 'get', cache, key }) as const
  const set = (contentType: string) =>
    ({ type: 'set', cache: 'default', key, value: key, contentType, ttlMs: undefined, condition: undefined }) as const
  const check = new CommandCheck(defaultLimits)
  const frameKey = Object.assign(new FrameKey(), { cache: '', bytes: key, from: 0, to: 1 })
  t.notOk(check.isInOrder(frameKey))
  t.throws(() => check.check(get('')), { code: 'RINGHOLD_BAD_CACHE' })
  t.throws(() => check.check(set('')), { code: 'RINGHOLD_BAD_CONTENT' })
  check.check(get('default'))
  check.check(set('text/plain'))
  t.ok(check.isInOrder(Object.assign(frameKey, { cache: 'default' })))
  t.throws(() => check.check(get('')), { code: 'RINGHOLD_BAD_CACHE' })
  t.throws(() => check.check(set('')), { code: 'RINGHOLD_BAD_CONTENT' })
})
