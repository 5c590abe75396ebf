import { test } from 'tap'
import { Ringhold, type SetOptions } from '#sdk/index.js'
import { overBoth, smallFleet } from './small-fleet.ts'

interface User {
  readonly name: string
}

overBoth('a value comes back as what it was, and a miss is undefined', async (t, transport) => {
  const fleet = await smallFleet(t)
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
  t.match(await cache.set('user:42', { name: 'Ada' }, { ttlMs: 60_000 }), { stored: true, created: true, copies: 1 })
  t.match(await cache.set('user:42', { name: 'Ada' }, { ttlMs: 60_000 }), { stored: true, created: false })
  t.strictSame(await cache.get<User>('user:42'), { name: 'Ada' })
  t.equal(await cache.get('user:43'), undefined)
  t.equal(await cache.getEntry('user:43'), undefined)
  t.equal(await cache.has('user:42'), true)
  t.equal(await cache.delete('user:42'), true)
  t.equal(await cache.delete('user:42'), false)
  t.equal(await cache.has('user:42'), false)
  for (const value of [null, 0, '', 'text', new Uint8Array([0, 255]), new Uint8Array(0), [1, { a: 'é' }]]) {
    await cache.set('any', value)
    t.strictSame(await cache.get('any'), value)
  }
})

overBoth('lookup tells what there is, or why there is nothing', async (t, transport) => {
  const fleet = await smallFleet(t)
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
  t.strictSame(await cache.lookup('a'), { found: false, reason: undefined })
  const { version } = (await cache.set('a', 'v')) as { version: number }
  t.match(await cache.lookup<string>('a'), { found: true, value: 'v', version, contentType: /^text.plain/ })
  await cache.delete('a')
  t.strictSame(await cache.lookup('a'), { found: false, reason: 'deleted' })
})

test('lookup of a client that fails open says that nobody could be asked', async (t) => {
  await using cache = await Ringhold.connect({ nodes: ['http://127.0.0.1:9'], failOpen: true, timeoutMs: 500 })
  t.strictSame(await cache.lookup('a'), { found: false, reason: 'unreachable' })
})

overBoth('getEntry tells version, time to live and content type; getBytes what is stored', async (t, transport) => {
  const fleet = await smallFleet(t)
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
  const { version } = (await cache.set('a', { b: 1 }, { ttlMs: 60_000 })) as { version: number }
  const about = { version, ttlMs: 60_000, contentType: 'application/json' }
  t.strictSame(await cache.getEntry('a'), { value: { b: 1 }, ...about })
  t.strictSame(await cache.getBytes('a'), { value: new TextEncoder().encode('{"b":1}'), ...about })
  await cache.set('a', '<p>', { contentType: 'text/html' })
  t.match(await cache.getEntry('a'), { value: '<p>', ttlMs: undefined, contentType: 'text/html' })
  t.equal(await cache.getBytes('b'), undefined)
})

overBoth(
  'what is asked for at once keeps what is its own: value, version, time to live and content type',
  async (t, transport) => {
    const fleet = await smallFleet(t, 1)
    await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
    const keys = ['a', 'b', 'c', 'd']
    const written = await Promise.all(
      keys.map((key, index) =>
        cache.set(key, `<${key}>`, { contentType: `text/x-${key}`, ...(index % 2 === 0 && { ttlMs: 60_000 }) }),
      ),
    )
    const expected = keys.map((key, index) => {
      const { version } = written[index] as { version: number }
      return { version, ttlMs: index % 2 === 0 ? 60_000 : undefined, contentType: `text/x-${key}` }
    })
    const texts = await Promise.all(keys.map((key) => cache.getEntry(key)))
    t.strictSame(
      texts,
      expected.map((about, index) => ({ value: `<${keys[index]}>`, ...about })),
    )
    const bytes = await Promise.all(keys.map((key) => cache.getBytes(key)))
    t.strictSame(
      bytes,
      texts.map((entry) => ({ ...entry, value: new TextEncoder().encode(entry?.value as string) })),
    )
  },
)

overBoth('a value that is not what its content type says can still be read as bytes', async (t, transport) => {
  const fleet = await smallFleet(t)
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
  await cache.set('a', '{', { contentType: 'application/json' })
  await t.rejects(cache.get('a'), { code: 'RINGHOLD_BAD_REPLY' })
  t.strictSame((await cache.getBytes('a'))?.value, new Uint8Array([0x7b]))
  await t.rejects(cache.getMany(['a', 'b']), { code: 'RINGHOLD_PARTIAL' })
})

overBoth('writes with a condition happen only when it holds, and say which version is there', async (t, transport) => {
  const fleet = await smallFleet(t)
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
  t.match(await cache.set('a', 1, { ifPresent: true }), { stored: false, reason: 'condition' })
  const first = await cache.set('a', 1, { ifAbsent: true })
  t.match(first, { stored: true, created: true })
  const { version } = first as { version: number }
  t.strictSame(await cache.set('a', 2, { ifAbsent: true }), { stored: false, reason: 'condition', version })
  t.match(await cache.set('a', 2, { ifVersion: version + 1 }), { stored: false, version })
  t.equal(await cache.delete('a', { ifVersion: version + 1 }), false)
  t.match(await cache.set('a', 2, { ifVersion: [7, version] }), { stored: true, created: false })
  t.match(await cache.set('a', 3, { ifPresent: true, ifAbsent: false }), { stored: true })
  const entry = await cache.getEntry('a')
  t.equal(await cache.delete('a', { ifVersion: entry?.version ?? 0 }), true)
})

overBoth('key spaces share connections and nothing else', async (t, transport) => {
  const fleet = await smallFleet(t, 1)
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls, connectionsMax: 1 })
  const sessions = cache.cache('sessions')
  t.same([cache.name, sessions.name], ['default', 'sessions'])
  await Promise.all([cache.set('a', 1), sessions.set('a', 2)])
  t.same([await cache.get('a'), await sessions.get('a')], [1, 2])
  t.ok(fleet.node('node-1').connections <= 2, 'one for commands, one for the topology')
  await using own = await Ringhold.connect({ transport, nodes: fleet.urls, cache: 'sessions' })
  t.equal(await own.get('a'), 2)
  t.throws(() => cache.cache('No'), { code: 'RINGHOLD_BAD_CACHE' })
})

overBoth('what is wrong with a call is found before anything is sent', async (t, transport) => {
  const fleet = await smallFleet(t, 1)
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls, valueBytesMax: 10 })
  const rows: [code: string, call: () => Promise<unknown>][] = [
    ['RINGHOLD_BAD_KEY', () => cache.get('')],
    ['RINGHOLD_BAD_KEY', () => cache.get('x'.repeat(513))],
    ['RINGHOLD_BAD_KEY', () => cache.set('\ud800', 1)],
    ['RINGHOLD_BAD_KEY', () => cache.delete(7 as unknown as string)],
    ['RINGHOLD_BAD_KEY', () => cache.getMany(['a', ''])],
    ['RINGHOLD_BAD_KEY', () => cache.deleteMany(['a', ''])],
    ['RINGHOLD_BAD_TTL', () => cache.set('a', 1, { ttlMs: 0 })],
    ['RINGHOLD_BAD_TTL', () => cache.set('a', 1, { ttlMs: Number.NaN })],
    [
      'RINGHOLD_BAD_TTL',
      () =>
        cache.setMany([
          ['a', 1],
          ['b', 1, { ttlMs: -1 }],
        ]),
    ],
    ['RINGHOLD_BAD_VALUE', () => cache.set('a', undefined)],
    [
      'RINGHOLD_BAD_VALUE',
      () =>
        cache.setMany([
          ['a', 1],
          ['b', () => 1],
        ]),
    ],
    ['RINGHOLD_VALUE_TOO_LARGE', () => cache.set('a', 'x'.repeat(11))],
    ['RINGHOLD_BAD_CONTENT', () => cache.set('a', 'x', { contentType: 'x' })],
    ['RINGHOLD_BAD_CONDITION', () => cache.set('a', 1, { ifAbsent: true, ifPresent: true })],
    ['RINGHOLD_BAD_CONDITION', () => cache.set('a', 1, { ifVersion: -1 })],
    ['RINGHOLD_BAD_CONDITION', () => cache.set('a', 1, { ifVersion: [] })],
    ['RINGHOLD_BAD_CONDITION', () => cache.set('a', 1, { ifVersion: '1' } as unknown as SetOptions)],
    ['RINGHOLD_BAD_CONDITION', () => cache.set('a', 1, { ifVersion: null } as unknown as SetOptions)],
    ['RINGHOLD_BAD_OPTION', () => cache.setMany({ a: 1 } as unknown as [])],
    ['RINGHOLD_BAD_OPTION', () => cache.setMany(['ab'] as unknown as [])],
    ['RINGHOLD_BAD_OPTION', () => cache.setMany([null] as unknown as [])],
    ['RINGHOLD_BAD_OPTION', () => cache.getMany('abc')],
    ['RINGHOLD_BAD_CONDITION', () => cache.delete('a', { ifVersion: Number.NaN })],
    ['RINGHOLD_BAD_OPTION', () => cache.set('a', 1, { ttl: 60 } as SetOptions)],
    ['RINGHOLD_BAD_OPTION', () => cache.setMany([['a', 1, { ttl: 60 } as SetOptions]])],
    ['RINGHOLD_BAD_OPTION', () => cache.get('a', { signal: {} as AbortSignal })],
    ['RINGHOLD_BAD_OPTION', () => cache.get('a', { timeoutMs: 0 })],
    ['RINGHOLD_BAD_OPTION', () => cache.get('a', { timeoutMs: '5' as unknown as number })],
  ]
  for (const [code, call] of rows) await t.rejects(call(), { code, executed: 'no' }, code)
  t.equal(fleet.requests('', '/v1/caches') + fleet.requests('PUT', '') + fleet.requests('DELETE', ''), 0)
  t.equal(cache.stats().requests, 0)
})

overBoth('every usable key reaches its own entry, whatever characters it has', async (t, transport) => {
  const fleet = await smallFleet(t)
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
  const keys = [
    '.',
    '..',
    '/',
    '%2F',
    '%',
    '%00',
    '\0',
    'a\r\nb',
    '?',
    '#',
    '&=',
    ' ',
    '+',
    '😀',
    'é',
    '../../topology',
    '\u2028',
    'x'.repeat(512),
  ]
  for (const key of keys) await cache.set(key, key)
  t.strictSame(await cache.getMany(keys), keys)
  t.equal(
    fleet.members.reduce((sum, { store }) => sum + store.size, 0),
    keys.length,
  )
  t.equal(await cache.delete('..'), true)
  t.equal(await cache.deleteMany(keys), keys.length - 1)
})

overBoth('bytes that are transferred away before they were sent harm no other call', async (t, transport) => {
  const fleet = await smallFleet(t, 1)
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
  const bytes = new Uint8Array(4)
  const calls = [cache.set('a', 1), cache.set('b', bytes), cache.set('c', 3)]
  structuredClone(bytes, { transfer: [bytes.buffer] })
  await Promise.all(calls)
  t.strictSame(await cache.getMany(['a', 'c']), [1, 3])
})

overBoth('a write of which nobody wants to hear is accepted, and never rejects', async (t, transport) => {
  const fleet = await smallFleet(t)
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
  const accepted = { stored: false, reason: 'accepted', version: undefined }
  t.strictSame(await cache.set('a', 1, { ack: 'none' }), accepted)
  t.equal(await cache.get('a'), 1)
  t.strictSame(
    await cache
      .setMany(
        [
          ['b', 1],
          ['c', 2, { ack: 'one' }],
        ],
        { ack: 'none' },
      )
      .then(([b]) => b),
    accepted,
  )
  t.match(await cache.getMany(['b', 'c']), [1, 2])
  await t.rejects(cache.set('a', 1, { ack: 'some' } as unknown as SetOptions), { code: 'RINGHOLD_BAD_OPTION' })

  const errors: unknown[] = []
  cache.on('error', (error) => errors.push(error))
  for (const name of ['node-1', 'node-2', 'node-3']) await fleet.node(name)?.crash()
  t.match(await cache.set('a', 2, { ack: 'none', timeoutMs: 200 }), { stored: false, reason: 'unreachable' })
  t.equal(await cache.delete('a', { ack: 'none', timeoutMs: 200 }), false)
  t.ok(errors.length >= 2, 'what failed is emitted')
  await t.rejects(cache.set('a', 2, { timeoutMs: 200 }), 'a write that is waited for rejects')
})
