import fc from 'fast-check'
import { test } from 'tap'
import { maxMembers, maxWeight, Ring, type RingMember, seedOfFleet, tokenCount, tokenOf } from '#sdk/ring/index.js'
import { holds } from '../../property.ts'

const every = (ring: Ring, holdsFor: (owners: string[], token: number) => boolean): boolean => {
  for (let token = 0; token < tokenCount; token++) if (!holdsFor(ring.owners(token), token)) return false
  return true
}

test('a ring of nobody has no owners', async (t) => {
  const ring = new Ring({ members: [], seed: 1 })
  t.equal(ring.ownersPerToken, 0)
  t.equal(ring.coordinator(0), undefined)
  t.strictSame(ring.owners(16_383), [])
  t.strictSame([...ring.tokensOf()], [])
})

test('a single member owns everything, once', async (t) => {
  const ring = new Ring({ members: [{ name: 'a' }], seed: 1, copies: 3 })
  t.ok(every(ring, (owners) => owners.join() === 'a'))
  t.strictSame([...ring.tokensOf()], [['a', tokenCount]])
})

test('of two members each is the replica of the other', async (t) => {
  const ring = new Ring({ members: [{ name: 'a' }, { name: 'b' }], seed: 1 })
  t.ok(every(ring, (owners) => owners.join() === 'a,b' || owners.join() === 'b,a'))
})

test('of three members with three copies everybody owns everything, in different orders', async (t) => {
  const ring = new Ring({ members: [{ name: 'a' }, { name: 'b' }, { name: 'c' }], seed: 1, copies: 3 })
  const orders = new Map<string, number>()
  for (let token = 0; token < tokenCount; token++) {
    const order = ring.owners(token).join('')
    orders.set(order, (orders.get(order) ?? 0) + 1)
  }
  t.strictSame([...orders.keys()].sort(), ['abc', 'acb', 'bac', 'bca', 'cab', 'cba'])
  t.ok(Math.min(...orders.values()) > (tokenCount / 6) * 0.9, 'all six about equally often')
})

test('a key belongs to the owners of its token', async (t) => {
  const ring = new Ring({ members: [{ name: 'a' }, { name: 'b' }, { name: 'c' }], seed: seedOfFleet('shop') })
  for (const key of ['user:42', '', '🧊']) {
    const token = tokenOf(key, seedOfFleet('shop'))
    t.equal(ring.token(key), token)
    t.equal(ring.coordinator(token), ring.owners(token)[0])
    t.equal(ring.owners(token).length, 2)
  }
})

test('the seed moves keys among tokens and leaves the owners of the tokens alone', async (t) => {
  const members = [{ name: 'a' }, { name: 'b' }, { name: 'c' }]
  const one = new Ring({ members, seed: seedOfFleet('one') })
  const two = new Ring({ members, seed: seedOfFleet('two') })
  t.strictSame(one.table, two.table)
  t.not(one.token('user:42'), two.token('user:42'))
})

test('a member of weight three coordinates what three members of weight one would', async (t) => {
  const ring = new Ring({ members: [{ name: 'a', weight: 3 }, { name: 'b' }, { name: 'c' }, { name: 'd' }], seed: 1 })
  const tokens = ring.tokensOf()
  const even = tokenCount / 6
  t.ok(Math.abs((tokens.get('a') as number) / (3 * even) - 1) <= 0.05, `a: ${tokens.get('a')}`)
  for (const name of ['b', 'c', 'd']) t.ok(Math.abs((tokens.get(name) as number) / even - 1) <= 0.05, name)
})

test('a member that grows from weight one to two takes tokens and gives none', async (t) => {
  const names = ['a', 'b', 'c', 'd', 'e']
  const before = new Ring({ members: names.map((name) => ({ name })), seed: 1 })
  const after = new Ring({ members: names.map((name) => ({ name, weight: name === 'c' ? 2 : 1 })), seed: 1 })
  t.ok(every(before, ([owner], token) => owner !== 'c' || after.coordinator(token) === 'c'))
})

test('a replica stands in another zone than its coordinator, whenever zones are of one size', async (t) => {
  for (const zones of [2, 3, 5]) {
    const members = Array.from({ length: zones * 3 }, (_, at) => ({ name: `node-${at}`, zone: `zone-${at % zones}` }))
    const ring = new Ring({ members, seed: 1 })
    const zoneOf = new Map(members.map(({ name, zone }) => [name, zone]))
    t.ok(
      every(ring, (owners) => new Set(owners.map((name) => zoneOf.get(name))).size === 2),
      `${zones} zones`,
    )
  }
})

test('with three copies in three zones each copy stands in a zone of its own', async (t) => {
  const members = Array.from({ length: 9 }, (_, at) => ({ name: `node-${at}`, zone: 'abc'[at % 3] as string }))
  const ring = new Ring({ members, seed: 1, copies: 3 })
  const zoneOf = new Map(members.map(({ name, zone }) => [name, zone]))
  let together = 0
  for (let token = 0; token < tokenCount; token++) {
    if (new Set(ring.owners(token).map((name) => zoneOf.get(name))).size < 3) together++
  }
  t.equal(together, 0)
})

test('a small zone is not overfilled for the sake of zones', async (t) => {
  const members = [{ name: 'a', zone: 'small' }, ...['b', 'c', 'd', 'e'].map((name) => ({ name, zone: 'large' }))]
  const ring = new Ring({ members, seed: 1 })
  t.ok((ring.tokensOf(1).get('a') as number) <= (tokenCount / 5) * 1.05)
  const zoneOf = new Map(members.map(({ name, zone }) => [name, zone]))
  const apart = Array.from({ length: tokenCount }, (_, token) => ring.owners(token)).filter(
    ([coordinator, replica]) => zoneOf.get(coordinator as string) !== zoneOf.get(replica as string),
  )
  t.ok(apart.length >= (tokenCount / 5) * 1.9, 'yet used as far as it has room, and always by its own tokens')
})

test('what is no ring is refused', async (t) => {
  const rows: [why: string, members: RingMember[], copies?: number][] = [
    ['two members of one name', [{ name: 'a' }, { name: 'b' }, { name: 'a' }]],
    ['weight zero', [{ name: 'a', weight: 0 }]],
    ['half a weight', [{ name: 'a', weight: 1.5 }]],
    ['a weight above the largest', [{ name: 'a', weight: maxWeight + 1 }]],
    ['no weight at all', [{ name: 'a', weight: Number.NaN }]],
    ['no copies', [{ name: 'a' }], 0],
    ['half a copy', [{ name: 'a' }], 1.5],
    ['more members than tokens', Array.from({ length: maxMembers + 1 }, (_, index) => ({ name: `n${index}` }))],
  ]
  for (const [why, members, copies] of rows) {
    t.throws(() => new Ring({ members, seed: 1, ...(copies !== undefined && { copies }) }), TypeError, why)
  }
})

const anyMembers = fc.uniqueArray(
  fc.record({
    name: fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }),
    zone: fc.constantFrom('', 'a', 'b', 'c'),
    weight: fc.integer({ min: 1, max: 4 }),
  }),
  { minLength: 1, maxLength: 12, selector: ({ name }) => name },
)
const anyCopies = fc.integer({ min: 1, max: 4 })

test('every token has as many distinct owners as copies are asked for and members there are', async (t) => {
  const property = fc.property(anyMembers, anyCopies, (members, copies) => {
    const ring = new Ring({ members, seed: 1, copies })
    const names = new Set(members.map(({ name }) => name))
    const expected = Math.min(copies, members.length)
    return every(ring, (owners) => {
      return owners.length === expected && new Set(owners).size === expected && owners.every((name) => names.has(name))
    })
  })
  holds(t, 'distinct owners, all of them members', property, 150)
})

test('nobody coordinates more than 1.05 times what its weight stands for', async (t) => {
  const property = fc.property(anyMembers, anyCopies, (members, copies) => {
    const tokens = new Ring({ members, seed: 1, copies }).tokensOf()
    const places = members.reduce((sum, { weight }) => sum + weight, 0)
    return members.every(({ name, weight }) => (tokens.get(name) as number) <= ((tokenCount * weight) / places) * 1.05)
  })
  holds(t, 'within its room', property, 150)
})

test('the order in which members are listed makes no difference', async (t) => {
  const property = fc.property(
    anyMembers.chain((members) =>
      fc.tuple(fc.constant(members), fc.shuffledSubarray(members, { minLength: members.length })),
    ),
    ([members, shuffled]) => {
      const one = new Ring({ members, seed: 1 })
      const other = new Ring({ members: shuffled, seed: 1 })
      return one.checksum === other.checksum && one.table.every((owner, at) => owner === other.table[at])
    },
  )
  holds(t, 'the same table and checksum', property, 100)
})

test('when a member leaves, nearly all other tokens stay where they are', async (t) => {
  const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), { minLength: 3, maxLength: 12 })
  const property = fc.property(names, (all) => {
    const [leaver, ...rest] = all as [string, ...string[]]
    const before = new Ring({ members: all.map((name) => ({ name })), seed: 1 })
    const after = new Ring({ members: rest.map((name) => ({ name })), seed: 1 })
    let needless = 0
    for (let token = 0; token < tokenCount; token++) {
      const owner = before.coordinator(token)
      if (owner !== leaver && owner !== after.coordinator(token)) needless++
    }
    return needless <= (tokenCount / all.length) * 0.05
  })
  holds(t, 'at most 5 % of a share moves needlessly', property, 100)
})
