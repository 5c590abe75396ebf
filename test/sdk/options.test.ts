import { test } from 'tap'
import { Ringhold } from '#sdk/index.js'
import { type RingholdOptions, settingsOf } from '#sdk/options.js'

const nodes = ['http://127.0.0.1:7001']

test('every option has its documented default', async (t) => {
  t.strictSame(settingsOf({ nodes }), {
    seeds: nodes,
    cache: 'default',
    addressMap: {},
    timeoutMs: 2000,
    connectTimeoutMs: 1000,
    checkIntervalMs: 5000,
    transport: 'stream',
    streams: 1,
    connectionsMax: 16,
    inFlightMax: 10_000,
    inFlightBytesMax: 67_108_864,
    awakeUs: 100,
    valueBytesMax: 1_048_576,
    failOpen: false,
  })
})

test('seeds are one URL or a list, in normal form and once each', async (t) => {
  t.strictSame(settingsOf({ nodes: 'http://LOCALHOST:80/' }).seeds, ['http://localhost'])
  t.strictSame(settingsOf({ nodes: ['http://a:1', 'http://a:1/', 'https://[::1]:2'] }).seeds, [
    'http://a:1',
    'https://[::1]:2',
  ])
})

test('a wrong option is refused at once, and the error names it', async (t) => {
  const rows: [name: string, options: unknown][] = [
    ['options', undefined],
    ['options', 'http://a'],
    ['nodes', {}],
    ['nodes', { nodes: [] }],
    ['nodes', { nodes: 7 }],
    ['nodes', { nodes: Array(257).fill('http://a') }],
    ['nodes[0]', { nodes: ['127.0.0.1:7001'] }],
    ['nodes[0]', { nodes: ['redis://a'] }],
    ['nodes[1]', { nodes: [...nodes, 'http://a/path'] }],
    ['nodes[0]', { nodes: ['http://a?x'] }],
    ['nodes[0]', { nodes: ['http://user:secret@a'] }],
    ['nodes[0]', { nodes: ['http://:secret@a'] }],
    ['nodes[0]', { nodes: [null] }],
    ['timeoutMs', { nodes, timeoutMs: 0 }],
    ['timeoutMs', { nodes, timeoutMs: Number.POSITIVE_INFINITY }],
    ['timeoutMs', { nodes, timeoutMs: '5' }],
    ['connectTimeoutMs', { nodes, connectTimeoutMs: -1 }],
    ['checkIntervalMs', { nodes, checkIntervalMs: 1.5 }],
    ['connectionsMax', { nodes, connectionsMax: 2000 }],
    ['inFlightMax', { nodes, inFlightMax: null }],
    ['inFlightBytesMax', { nodes, inFlightBytesMax: 0 }],
    ['valueBytesMax', { nodes, valueBytesMax: Number.NaN }],
    ['transport', { nodes, transport: 'pigeon' }],
    ['streams', { nodes, streams: 0 }],
    ['failOpen', { nodes, failOpen: 'yes' }],
    ['addressMap', { nodes, addressMap: 'http://a' }],
    ['addressMap', { nodes, addressMap: { 'node-1': 'nowhere' } }],
    ['timeout', { nodes, timeout: 5 }],
  ]
  for (const [name, options] of rows) {
    const make = () => new Ringhold(options as RingholdOptions)
    t.throws(make, { code: 'RINGHOLD_BAD_OPTION', message: new RegExp(name.replace(/[[\]]/g, '\\$&')) }, name)
  }
  const cache = new Ringhold({ nodes })
  for (const each of [60_000, '60 s', null]) {
    const given = each as unknown as object
    const refused = { code: 'RINGHOLD_BAD_OPTION', message: /must be an object/ }
    await t.rejects(cache.get('a', given), refused)
    await t.rejects(cache.set('a', 1, given), refused)
    await t.rejects(cache.setMany([['a', 1, given]]), refused)
    await t.rejects(cache.delete('a', given), refused)
    await t.rejects(cache.deleteMany(['a'], given), refused)
  }
  await cache.close()
  t.throws(() => new Ringhold({ nodes, cache: 'No' }), { code: 'RINGHOLD_BAD_CACHE' })
  await t.rejects(Ringhold.connect({ nodes: [] }), { code: 'RINGHOLD_BAD_OPTION' })
})
