import fc from 'fast-check'
import { test } from 'tap'
import { Heartbeats } from '#node/membership/heartbeats.js'
import { judge } from '#node/membership/own-name.js'
import { PeersOrder, sample, shuffle } from '#node/membership/peers-order.js'
import { Roster } from '#node/membership/roster.js'
import type { Member } from '#sdk/membership/member.js'
import { mergeViews, type View } from '#sdk/membership/view.js'
import { holds } from '../../property.ts'
import { seededRandom } from '../../sim/random.ts'
import { anyMember, memberOf } from './members.ts'

function rosterOf(options: { membersMax?: number; rememberMs?: number } = {}): Roster {
  return new Roster({ self: memberOf('self'), membersMax: 100, rememberMs: 1_000, ...options })
}

test('a roster merges as views do, and its digest depends on nothing but its live records', async (t) => {
  const records = fc.array(
    fc
      .tuple(anyMember, fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 3 }))
      .map(([member, name, incarnation]) => ({ ...member, name, incarnation })),
    { maxLength: 15 },
  )
  const orders = records.chain((list) =>
    fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
  )
  const property = fc.property(orders, ([list, shuffled]) => {
    const [one, other] = [rosterOf(), rosterOf()]
    for (const record of list) one.merge(record, { now: 0, adoptGone: true })
    for (const record of shuffled) other.merge(record, { now: 0, adoptGone: true })
    const expected = list.reduce<View>(
      (view, record) => mergeViews(view, new Map([[record.name, record]])),
      new Map([['self', one.self]]),
    )
    const sorted = (view: Iterable<[string, Member]>): string => JSON.stringify([...view].sort())
    return (
      one.digest === other.digest && sorted(one.view) === sorted(expected) && sorted(other.view) === sorted(expected)
    )
  })
  holds(t, 'in any order', property)
})

test('digests differ when anything about a live member does, and not for the gone ones', async (t) => {
  const digestWith = (record: Member): number => {
    const roster = rosterOf()
    roster.merge(record, { now: 0, adoptGone: true })
    return roster.digest
  }
  const record = memberOf('a')
  const others = [
    { incarnation: 2 },
    { status: 'suspect' as const },
    { instance: 'x' },
    { weight: 2 },
    { zone: 'z' },
    { name: 'b' },
  ]
  for (const change of others) t.not(digestWith({ ...record, ...change }), digestWith(record), JSON.stringify(change))
  t.equal(digestWith({ ...record, status: 'dead' }), rosterOf().digest)
})

test('gone members are remembered for their time, with their age, and are not taken in by chance', async (t) => {
  const roster = rosterOf()
  const dead = memberOf('a', { status: 'dead' })
  t.equal(roster.merge(dead, { now: 0 }).type, 'unwanted', 'not known, and heard in passing')
  t.equal(roster.merge(dead, { now: 0, adoptGone: true, ageMs: 1_000 }).type, 'unwanted', 'too old')
  t.equal(roster.merge(dead, { now: 0, adoptGone: true, ageMs: 400 }).type, 'news')
  t.equal(roster.goneMs('a', 100), 500)
  t.same(
    [...roster.dead()].map(({ name }) => name),
    ['a'],
  )
  t.equal(roster.merge(memberOf('a'), { now: 100 }).type, 'older', 'old gossip')
  t.same(roster.forget(599), [])
  t.same(roster.forget(600), ['a'])
  t.equal(roster.get('a'), undefined)
  roster.merge(memberOf('b'), { now: 0 })
  t.equal(roster.merge(memberOf('b', { status: 'left' }), { now: 0 }).type, 'news', 'of a known one it is news')
  t.same([...roster.live], ['self'])
  t.equal(roster.merge(memberOf('b', { incarnation: 2 }), { now: 0 }).type, 'news', 'a later incarnation is back')
  t.equal(roster.goneMs('b', 0), undefined)
})

test('a full roster forgets the longest gone for a newcomer, and never a live one', async (t) => {
  const roster = rosterOf({ membersMax: 3 })
  roster.merge(memberOf('a', { status: 'dead' }), { now: 0, adoptGone: true })
  roster.merge(memberOf('b'), { now: 0 })
  t.equal(roster.merge(memberOf('c'), { now: 0 }).type, 'news')
  t.same(roster.names, ['b', 'c', 'self'])
  t.equal(roster.merge(memberOf('d'), { now: 0 }).type, 'unwanted')
  t.equal(roster.merge(memberOf('c', { incarnation: 2 }), { now: 0 }).type, 'news', 'known names go on')
})

test('a heartbeat counts only when it is higher, of a known member, and of its present incarnation', async (t) => {
  const heartbeats = new Heartbeats(500)
  t.notOk(heartbeats.learn(['a', 1, 5], 0), 'not known')
  heartbeats.begin('a', 1, 0)
  heartbeats.begin('b', 1, 0)
  t.ok(heartbeats.learn(['a', 1, 5], 100))
  t.notOk(heartbeats.learn(['a', 1, 5], 200), 'the same')
  t.notOk(heartbeats.learn(['a', 1, 4], 200), 'a lower one')
  t.notOk(heartbeats.learn(['a', 2, 9], 200), 'another incarnation')
  t.equal(heartbeats.progressedAt('a'), 100)
  t.ok(heartbeats.learn(['b', 1, 1], 300))
  t.same(
    [...heartbeats.newest()],
    [
      ['b', 1, 1],
      ['a', 1, 5],
    ],
    'the newest first',
  )
  t.ok(heartbeats.learn(['a', 1, 6], 400))
  t.same(
    [...heartbeats.newest()],
    [
      ['a', 1, 6],
      ['b', 1, 1],
    ],
  )
  heartbeats.begin('a', 2, 500)
  t.same([...heartbeats.newest()], [['b', 1, 1]], 'those of an earlier incarnation are history')
  for (let beat = 2; beat < 5_000; beat++) heartbeats.learn(['b', 1, beat], beat * 500)
  t.ok(Math.abs(heartbeats.refreshMs - 500) < 5, `measured: ${heartbeats.refreshMs} ms`)
  heartbeats.forget('b')
  t.same([...heartbeats.newest()], [])
})

test('every peer is met once in a round, newcomers included', async (t) => {
  const random = seededRandom(7)
  const peers = Array.from({ length: 10 }, (_, index) => `node-${index}`)
  const order = new PeersOrder(random)
  const meetings = new Map<string, number>()
  for (let round = 0; round < 50; round++) {
    for (const name of order.next(2, peers, () => true)) meetings.set(name, (meetings.get(name) ?? 0) + 1)
  }
  t.same(new Set(meetings.values()), new Set([10]), '100 meetings, 10 with each')
  order.next(2, peers, () => true)
  order.add('node-new')
  const rest = [...order.next(5, peers, () => true), ...order.next(4, peers, () => true)]
  t.ok(rest.includes('node-new'))
  t.same(
    order.next(3, ['a', 'b'], (name) => name !== 'a'),
    ['b'],
    'no more than there are',
  )
  t.same(
    order.next(3, [], () => true),
    [],
  )
})

test('shuffling and drawing lose and repeat nothing', async (t) => {
  const property = fc.property(fc.uniqueArray(fc.nat()), fc.nat({ max: 9 }), fc.nat(), (list, count, seed) => {
    const random = seededRandom(seed)
    const drawn = sample([...list], count, { random, accept: (one) => one % 2 === 0 })
    const even = list.filter((one) => one % 2 === 0)
    const rightly = new Set(drawn).size === drawn.length && drawn.every((one) => even.includes(one))
    return (
      rightly &&
      drawn.length === Math.min(count, even.length) &&
      shuffle([...list], random)
        .sort()
        .join() === [...list].sort().join()
    )
  })
  holds(t, 'any list', property)
})

test('a node judges a record of its own name by whose it is and whether it beats its own', async (t) => {
  const self = memberOf('node-1', { incarnation: 5, instance: 'm' })
  const elsewhere = { client: 'http://other:1', peer: 'http://other:2' }
  const past = { instance: 'a' }
  const rival = { instance: 'z', urls: elsewhere }
  const joining = { status: 'joining' as const, incarnation: 1 }
  const rows: [name: string, self: Partial<Member>, heard: Partial<Member>, type: string, incarnation?: number][] = [
    ['its own record', {}, {}, 'ignore'],
    ['an older one of its own', {}, { incarnation: 4, status: 'suspect' }, 'ignore'],
    ['suspected', {}, { status: 'suspect' }, 'refute', 6],
    ['declared dead', {}, { status: 'dead' }, 'refute', 6],
    ['declared dead in a later incarnation than it has', {}, { status: 'dead', incarnation: 9 }, 'refute', 10],
    ['declared dead in an earlier one', {}, { status: 'dead', incarnation: 4 }, 'was-dead', 4],
    ['its past at this address', {}, { ...past, incarnation: 7 }, 'refute', 8],
    ['its past at this address, lower', {}, { ...past, incarnation: 3 }, 'ignore'],
    ['its past, dead, elsewhere', {}, { ...past, urls: elsewhere, status: 'dead', incarnation: 7 }, 'refute', 8],
    ['a higher rival', {}, rival, 'contest'],
    ['a lower rival', {}, { ...rival, instance: 'b' }, 'ignore'],
    ['a rival that joins', {}, { ...rival, status: 'joining', incarnation: 9 }, 'ignore'],
    ['a running rival, when joining', joining, { ...rival, instance: 'a', incarnation: 1 }, 'contest'],
    ['a higher rival that joins too', joining, { ...rival, ...joining }, 'contest'],
    ['a lower rival that joins too', joining, { ...rival, instance: 'b', ...joining }, 'ignore'],
    ['the echo of its own joining', joining, { incarnation: 1 }, 'ignore'],
    ['anything, when it leaves', { status: 'leaving' }, { status: 'dead' }, 'ignore'],
    ['anything, when it has left', { status: 'left' }, { status: 'suspect', incarnation: 9 }, 'ignore'],
  ]
  for (const [name, own, heard, type, incarnation] of rows) {
    const judgement = judge({ ...self, ...own }, { ...self, ...heard })
    t.match(judgement, { type, ...(incarnation && { incarnation }) }, name)
  }
  t.match(judge(self, { ...self, status: 'dead' }), { declaredDead: true })
  t.match(judge(self, { ...self, status: 'suspect' }), { declaredDead: false })
  t.match(
    judge({ ...self, ...joining }, { ...self, ...past, status: 'dead' }),
    { declaredDead: false },
    'it holds no entries yet',
  )
})
