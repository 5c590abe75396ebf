import { Ringhold, type RingholdError } from '#sdk/index.js'
import { overBoth, smallFleet, until } from './small-fleet.ts'
import { silent } from './small-node.ts'

const nowhere = ['http://127.0.0.1:1', 'http://127.0.0.1:2']

overBoth(
  'a fleet that is away is a miss: nothing rejects, and what was swallowed is counted and emitted',
  async (t, transport) => {
    await using cache = await Ringhold.connect({ transport, nodes: nowhere, failOpen: true })
    const errors: RingholdError[] = []
    cache.on('error', (error) => errors.push(error))
    t.equal(cache.status, 'connecting')
    t.equal(await cache.get('a'), undefined)
    t.equal(await cache.getEntry('a'), undefined)
    t.equal(await cache.has('a'), false)
    t.strictSame(await cache.set('a', 1), { stored: false, reason: 'unreachable', version: undefined })
    t.equal(await cache.delete('a'), false)
    t.strictSame(await cache.getMany(['a', 'b']), [undefined, undefined])
    t.match(await cache.setMany([['a', 1]]), [{ stored: false, reason: 'unreachable' }])
    t.equal(await cache.deleteMany(['a']), 0)
    t.equal(cache.stats().failedOpen, 8)
    await until(() => errors.length >= 8, 'the events')
  },
)

overBoth('mistakes of the caller, aborts and a closed client still reject', async (t, transport) => {
  const cache = new Ringhold({ transport, nodes: nowhere, failOpen: true })
  await t.rejects(cache.set('a', undefined), { code: 'RINGHOLD_BAD_VALUE' })
  await t.rejects(cache.get(''), { code: 'RINGHOLD_BAD_KEY' })
  await t.rejects(cache.get('a', { signal: AbortSignal.abort() }), { name: 'AbortError' })
  await cache.close()
  await t.rejects(cache.get('a'), { code: 'RINGHOLD_CLOSED' })
})

overBoth(
  'a node that never answers is a miss at the deadline, and the keys of the others come',
  async (t, transport) => {
    const fleet = await smallFleet(t)
    await using cache = await Ringhold.connect({ transport, nodes: fleet.urls, failOpen: true })
    const keys = Array.from({ length: 30 }, (_, index) => `key-${index}`)
    await cache.setMany(keys.map((key) => [key, key]))
    const frozen = fleet.owner('key-0')
    frozen.onCommand = silent
    t.equal(await cache.get('key-0', { timeoutMs: 300 }), undefined)
    const values = await cache.getMany(keys, { timeoutMs: 300 })
    t.strictSame(
      values,
      keys.map((key) => (fleet.owner(key) === frozen ? undefined : key)),
    )
  },
)

overBoth('it connects by itself once the fleet is there', async (t, transport) => {
  const fleet = await smallFleet(t, 1)
  const node = fleet.node('node-1')
  const { port } = node
  await node.crash()
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls, failOpen: true, checkIntervalMs: 30 })
  await node.listen(port)
  await until(() => cache.status === 'ready', 'the connection')
  t.equal((await cache.set('a', 1)).stored, true)
})

overBoth('an error event that nobody listens to is no fault', async (t, transport) => {
  const fleet = await smallFleet(t, 1)
  const node = fleet.node('node-1')
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls, checkIntervalMs: 20 })
  await node.crash()
  await until(() => cache.stats().refreshFailures > 1, 'failed checks')
  t.pass('still here')
})
