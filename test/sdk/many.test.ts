import { Ringhold, type RingholdPartialError } from '#sdk/index.js'
import { RingholdError } from '#sdk/protocol/index.js'
import { stopwatch } from '../stopwatch.ts'
import { overBoth, smallFleet } from './small-fleet.ts'
import { silent } from './small-node.ts'

const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`)

overBoth(
  'each key goes straight to its owner, marked as direct, and a steady ring brings no 421',
  async (t, transport) => {
    const fleet = await smallFleet(t, 5)
    await using cache = await Ringhold.connect({ transport, nodes: fleet.urls.slice(0, 1) })
    await cache.setMany(keys.map((key) => [key, key]))
    t.strictSame(await cache.getMany(keys), keys)
    const commands = fleet.members.flatMap((node) => node.seen.map((seen) => ({ node, ...seen })))
    const strays = commands.filter(
      ({ node, url, headers }) =>
        url !== '/v1/topology' &&
        (fleet.owner(url.split('/').at(-1) as string) !== node || headers['ringhold-route'] !== 'direct'),
    )
    t.strictSame(strays, [])
    t.match(cache.stats(), { redirects: 0, retries: 0, requests: 100 })
  },
)

overBoth(
  'values come in the order of the keys, undefined for misses, the same for keys that come twice',
  async (t, transport) => {
    const fleet = await smallFleet(t)
    await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
    await cache.setMany(
      new Map<string, unknown>([
        ['a', 1],
        ['b', null],
      ]),
    )
    await cache.setMany(Object.entries({ c: 'x' }))
    t.strictSame(await cache.getMany(['c', 'miss', 'a', 'b', 'a']), ['x', undefined, 1, null, 1])
    t.strictSame(await cache.getMany([]), [])
    t.strictSame(await cache.setMany([]), [])
    t.equal(await cache.deleteMany(['a', 'a', 'miss', 'b']), 2)
  },
)

overBoth(
  'entries take the options of the call, and their own before them; of a key that comes twice the last is stored',
  async (t, transport) => {
    const fleet = await smallFleet(t)
    await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
    await cache.setMany(
      [
        ['a', 1],
        ['b', 2, { ttlMs: 5000 }],
        ['c', 1],
        ['c', 2],
      ],
      { ttlMs: 9000 },
    )
    t.match(await cache.getEntry('a'), { ttlMs: 9000 })
    t.match(await cache.getEntry('b'), { ttlMs: 5000 })
    t.equal(await cache.get('c'), 2)
    const results = await cache.setMany(
      [
        ['a', 1],
        ['new', 1],
      ],
      { ifAbsent: true },
    )
    t.match(results, [
      { stored: false, reason: 'condition' },
      { stored: true, created: true },
    ])
  },
)

overBoth('a multi-key call has no more commands under way than the client may have', async (t, transport) => {
  const fleet = await smallFleet(t, 2)
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls, inFlightMax: 6 })
  let most = 0
  for (const node of fleet.members) {
    node.onCommand = () => {
      most = Math.max(most, cache.stats().inFlight)
      return false
    }
  }
  const results = await Promise.all([1, 2].map((value) => cache.setMany(keys.map((key) => [key, value]))))
  t.equal(results.flat().length, 100)
  t.equal(most, 6)
})

overBoth(
  'a key that fails does not take the others with it: RINGHOLD_PARTIAL says which and why',
  async (t, transport) => {
    const fleet = await smallFleet(t)
    await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
    await cache.setMany(keys.map((key) => [key, key]))
    const node = fleet.owner('key-7')
    node.onCommand = (exchange) => {
      if (exchange.command.key !== 'key-7') return false
      exchange.answer(new RingholdError('RINGHOLD_INTERNAL'))
      return true
    }
    const error: RingholdPartialError = await cache.getMany(keys).then(
      () => t.fail('no failure'),
      (reason) => reason,
    )
    t.match(error, { code: 'RINGHOLD_PARTIAL', message: /1 of 50 keys failed/ })
    t.strictSame([...error.failures.keys()], ['key-7'])
    t.equal(error.failures.get('key-7')?.code, 'RINGHOLD_INTERNAL')
    t.strictSame(
      error.values,
      keys.map((key) => (key === 'key-7' ? undefined : key)),
    )
    await t.rejects(cache.setMany([['key-7', 1]]), { code: 'RINGHOLD_PARTIAL' })
    await t.rejects(cache.deleteMany(['key-7']), { code: 'RINGHOLD_PARTIAL' })
  },
)

overBoth('the deadline is that of the whole call: what came in time is in the error', async (t, transport) => {
  const fleet = await smallFleet(t)
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
  await cache.setMany(keys.map((key) => [key, key]))
  const frozen = fleet.owner('key-7')
  frozen.onCommand = silent
  const tookMs = stopwatch(t)
  const error: RingholdPartialError = await cache.getMany(keys, { timeoutMs: 200 }).then(
    () => t.fail('no failure'),
    (reason) => reason,
  )
  t.ok(tookMs() < 350)
  t.equal(error.failures.get('key-7')?.code, 'RINGHOLD_TIMEOUT')
  t.strictSame(
    error.values.filter((value) => value !== undefined),
    keys.filter((key) => fleet.owner(key) !== frozen),
  )
})

overBoth('a ring that changes under a multi-key call moves single keys, not the call', async (t, transport) => {
  const fleet = await smallFleet(t)
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
  await fleet.add('node-4')
  const results = await cache.setMany(keys.map((key) => [key, key]))
  t.ok(results.every(({ stored }) => stored))
  t.strictSame(await cache.getMany(keys), keys)
  t.ok(fleet.node('node-4').store.size > 0)
})

overBoth('deletes of many keys take the options of one', async (t, transport) => {
  const fleet = await smallFleet(t)
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
  const [first] = await cache.setMany([
    ['a', 1],
    ['b', 2],
  ])
  const ifVersion = first?.stored === true ? first.version : Number.NaN
  t.equal(await cache.deleteMany(['a', 'b'], { ifVersion }), 1)
  t.strictSame(await cache.getMany(['a', 'b']), [undefined, 2])
  t.equal(await cache.deleteMany(['b'], { ack: 'none' }), 0, 'nobody can tell')
  await t.rejects(cache.deleteMany(['b'], { ack: 'some' as 'none' }), { code: 'RINGHOLD_BAD_OPTION' })
})

overBoth('a list of versions may change once the call was made', async (t, transport) => {
  const fleet = await smallFleet(t)
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
  const result = await cache.set('a', 1)
  const versions = result.stored ? [result.version] : []
  const sets = [1, 2].map(() => cache.setMany([['a', 2]], { ifVersion: versions }))
  versions.length = 0
  const [once] = await Promise.all(sets)
  t.match(once, [{ stored: true }])
})
