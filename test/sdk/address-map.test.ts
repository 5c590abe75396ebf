import { type AddressMap, Ringhold, type RingholdError } from '#sdk/index.js'
import { overBoth, smallFleet, until } from './small-fleet.ts'

overBoth('nodes are reached where the map says: by name, by advertised URL, or by a function', async (t, transport) => {
  const fleet = await smallFleet(t, 2)
  const real = new Map(fleet.members.map(({ name, url }) => [name, url]))
  for (const node of fleet.members) node.url = `http://${node.name}.internal:7001`
  const byFunction: AddressMap = ({ name, url }) => (url.includes('internal') ? real.get(name) : undefined)
  const byUrl = Object.fromEntries(fleet.members.map(({ name, url }) => [url, real.get(name) as string]))
  for (const addressMap of [Object.fromEntries(real), byUrl, byFunction]) {
    await using cache = await Ringhold.connect({ transport, nodes: [...real.values()], addressMap })
    for (const key of ['a', 'b', 'c', 'd']) t.equal((await cache.set(key, 1)).stored, true)
    t.equal(cache.nodeUrl('node-1'), real.get('node-1'))
    t.equal(cache.topology?.members[0]?.url, 'http://node-1.internal:7001')
  }
})

overBoth(
  'a map that answers nonsense for one node is reported, and the node is reached through the others',
  async (t, transport) => {
    const fleet = await smallFleet(t, 3)
    const node = fleet.owner('a')
    const addressMap = ({ name }: { name: string }) => {
      if (name === node.name) throw new Error('no idea')
      return undefined
    }
    await using cache = new Ringhold({ transport, nodes: fleet.urls, addressMap })
    const errors: RingholdError[] = []
    cache.on('error', (error) => errors.push(error))
    t.equal((await cache.set('a', 1)).stored, true)
    t.equal(node.store.size, 1)
    await until(() => errors.length > 0, 'the event')
    t.match(errors[0], { code: 'RINGHOLD_BAD_OPTION', message: new RegExp(`${node.name} has no usable address`) })
  },
)

overBoth('where no node has a usable address, the error names them', async (t, transport) => {
  const fleet = await smallFleet(t, 2)
  await using cache = await Ringhold.connect({ transport, nodes: fleet.urls, addressMap: () => 'nowhere' })
  await t.rejects(cache.get('a'), {
    code: 'RINGHOLD_NO_NODES',
    message: /node-1 \(no usable address\), node-2 \(no usable address\)/,
  })
})
