import { test } from 'tap'
import { Ring, type RingInput } from '#sdk/ring/index.js'

const input: RingInput = {
  members: [{ name: 'a' }, { name: 'b', zone: 'z' }, { name: 'c', weight: 2 }],
  seed: 1,
  copies: 2,
}
const [a, b, c] = input.members as [{ name: string }, { name: string }, { name: string }]

test('equal rings have equal checksums of 16 hexadecimal digits', async (t) => {
  const ring = new Ring(input)
  t.match(ring.checksum, /^[0-9a-f]{16}$/)
  t.equal(new Ring({ ...input, members: [c, a, b] }).checksum, ring.checksum, 'in another order')
  t.equal(
    new Ring({ ...input, members: [{ ...a, zone: '', weight: 1 }, b, c] }).checksum,
    ring.checksum,
    'defaults written out',
  )
  t.equal(
    new Ring({ ...input, copies: 3 }).checksum,
    new Ring({ ...input, copies: 9 }).checksum,
    'as many copies as members',
  )
})

test('any difference between two rings shows in the checksum', async (t) => {
  const rows: [difference: string, other: RingInput][] = [
    ['seed', { ...input, seed: 2 }],
    ['copies', { ...input, copies: 1 }],
    ['a member less', { ...input, members: [a, b] }],
    ['a member more', { ...input, members: [a, b, c, { name: 'd' }] }],
    ['a name', { ...input, members: [{ name: 'A' }, b, c] }],
    ['a zone', { ...input, members: [{ ...a, zone: 'z' }, b, c] }],
    ['a zone that changes no owner', { ...input, members: [a, { name: 'b', zone: 'y' }, c] }],
    ['a weight', { ...input, members: [a, b, { ...c, weight: 3 }] }],
    ['nobody', { ...input, members: [] }],
  ]
  const seen = new Map([[new Ring(input).checksum, 'the ring itself']])
  for (const [difference, other] of rows) {
    const { checksum } = new Ring(other)
    t.notOk(seen.has(checksum), `${difference} is told from ${seen.get(checksum) ?? 'all before'}`)
    seen.set(checksum, difference)
  }
})

test('a thousand fleets have a thousand checksums', async (t) => {
  const checksums = Array.from(
    { length: 1000 },
    (_, index) => new Ring({ members: [{ name: `node-${index}` }], seed: 1 }).checksum,
  )
  t.equal(new Set(checksums).size, 1000)
  t.equal(new Set(checksums.map((checksum) => checksum.slice(0, 8))).size, 1000, 'by the upper half alone')
  t.equal(new Set(checksums.map((checksum) => checksum.slice(8))).size, 1000, 'by the lower half alone')
})
