import fc from 'fast-check'
import { test } from 'tap'
import { compareMembers, isGone, type Member, statuses } from '#sdk/membership/member.js'
import { mergeViews, type View, winner } from '#sdk/membership/view.js'
import { holds } from '../../property.ts'

/** Few values for each field, so that records of one name clash in every way. */
const member: fc.Arbitrary<Member> = fc.record({
  name: fc.constantFrom('node-1', 'node-2', 'node-3'),
  urls: fc.record({
    client: fc.constantFrom('http://a:1', 'http://b:1'),
    peer: fc.constantFrom('http://a:2', 'http://b:2'),
  }),
  incarnation: fc.integer({ min: 1, max: 3 }),
  status: fc.constantFrom(...statuses),
  zone: fc.constantFrom('', 'z'),
  weight: fc.integer({ min: 1, max: 2 }),
  instance: fc.constantFrom('i', 'j'),
})

const view: fc.Arbitrary<View> = fc.array(member, { maxLength: 12 }).map(viewOf)

function viewOf(records: readonly Member[]): View {
  return records.reduce<View>((merged, record) => mergeViews(merged, new Map([[record.name, record]])), new Map())
}

function same(a: View, b: View): boolean {
  return (
    a.size === b.size &&
    [...a].every(([name, record]) => compareMembers(record, b.get(name) ?? { ...record, weight: 0 }) === 0)
  )
}

test('views form a join-semilattice', async (t) => {
  holds(
    t,
    'merging is commutative',
    fc.property(view, view, (a, b) => same(mergeViews(a, b), mergeViews(b, a))),
  )
  holds(
    t,
    'merging is associative',
    fc.property(view, view, view, (a, b, c) => same(mergeViews(mergeViews(a, b), c), mergeViews(a, mergeViews(b, c)))),
  )
  holds(
    t,
    'merging is idempotent',
    fc.property(view, (a) => same(mergeViews(a, a), a)),
  )
  holds(
    t,
    'nothing is lost by merging',
    fc.property(view, view, (a, b) => {
      const merged = mergeViews(a, b)
      return [...a, ...b].every(([name, record]) => compareMembers(merged.get(name) as Member, record) >= 0)
    }),
  )
})

test('records that were heard in any order, any number of times, give one view', async (t) => {
  const heard = fc
    .array(member, { maxLength: 12 })
    .chain((records) =>
      fc.tuple(fc.constant(records), fc.shuffledSubarray([...records, ...records], { minLength: 2 * records.length })),
    )
  holds(
    t,
    'order and repetition do not matter',
    fc.property(heard, ([once, twice]) => same(viewOf(once), viewOf(twice))),
  )
})

test('old gossip never revives a dead member', async (t) => {
  const older = fc
    .tuple(member, member)
    .filter(([dead, old]) => isGone(dead.status) && old.incarnation <= dead.incarnation && !isGone(old.status))
    .map(([dead, old]) => [dead, { ...old, name: dead.name }] as const)
  holds(
    t,
    'whatever else the record says',
    fc.property(older, ([dead, old]) => winner(dead, old) === dead && winner(old, dead) === dead),
  )
})

test('the order of records is total: equal only when the same', async (t) => {
  const text = ({ urls, ...rest }: Member): string =>
    JSON.stringify([Object.entries(rest).sort(), urls.client, urls.peer])
  holds(
    t,
    'antisymmetric, and 0 for equal records only',
    fc.property(member, member, (a, b) => {
      const renamed = { ...b, name: a.name }
      const order = compareMembers(a, renamed)
      return (
        Math.sign(order) === -Math.sign(compareMembers(renamed, a)) && (order === 0) === (text(a) === text(renamed))
      )
    }),
  )
  const rows: [stronger: Partial<Member>, weaker: Partial<Member>][] = [
    [
      { incarnation: 2, status: 'joining' },
      { incarnation: 1, status: 'left' },
    ],
    [{ status: 'alive' }, { status: 'joining' }],
    [{ status: 'suspect' }, { status: 'alive' }],
    [{ status: 'leaving' }, { status: 'suspect' }],
    [{ status: 'dead' }, { status: 'leaving' }],
    [{ status: 'left' }, { status: 'dead' }],
    [{ instance: 'b' }, { instance: 'a' }],
  ]
  const urls = { client: 'http://a:1', peer: 'http://a:2' }
  const base: Member = { name: 'n', urls, incarnation: 1, status: 'alive', zone: '', weight: 1, instance: 'a' }
  for (const [stronger, weaker] of rows) {
    t.ok(compareMembers({ ...base, ...stronger }, { ...base, ...weaker }) > 0, JSON.stringify({ stronger, weaker }))
  }
})
