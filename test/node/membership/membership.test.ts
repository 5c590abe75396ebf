import fc from 'fast-check'
import { test } from 'tap'
import { type Effect, Membership, type MembershipOptions, type PeerMessage } from '#node/membership/membership.js'
import type { Gossip } from '#node/membership/message.js'
import { defaultSettings } from '#node/membership/settings.js'
import type { Member } from '#sdk/membership/member.js'
import { holds } from '../../property.ts'
import { seededRandom } from '../../sim/random.ts'
import { anyMessage, gossipFrom, memberOf } from './members.ts'

const selfUrls = { client: 'http://self:7001', peer: 'http://self:7101' }

/** A node that is a fleet of its own, unless it has seeds. */
function membershipOf(options: Partial<MembershipOptions> = {}): Membership {
  return new Membership({
    self: { name: 'self', urls: selfUrls, zone: '', weight: 1, instance: 'i-self' },
    fleet: { name: 'test', copies: 2 },
    seeds: [],
    random: seededRandom(1),
    ...options,
  })
}

/** A running node that has heard of these members. */
function runningWith(...members: Member[]): Membership {
  const membership = membershipOf()
  membership.start(0)
  for (const member of members) membership.receive(1, gossipFrom(member), 0)
  return membership
}

function only<T extends Effect['type']>(effects: readonly Effect[], type: T): Extract<Effect, { type: T }>[] {
  return effects.filter((effect): effect is Extract<Effect, { type: T }> => effect.type === type)
}

function answerOf(effects: readonly Effect[]): Gossip {
  return only(effects, 'answer')[0]?.message as Gossip
}

test('gossip of another fleet, or with other copies, is refused and changes nothing', async (t) => {
  const membership = runningWith()
  for (const other of [{ fleet: 'other' }, { copies: 3 }]) {
    const effects = membership.receive(7, gossipFrom(memberOf('a'), other), 10)
    t.match(effects, [{ type: 'answer', requestId: 7, message: { type: 'refusal', code: 'RINGHOLD_WRONG_FLEET' } }])
    t.equal(effects.length, 1)
    t.equal(membership.view.size, 1)
  }
  t.match(membership.receive(8, { type: 'refusal', code: 'RINGHOLD_INTERNAL', detail: '' }, 10), [
    { type: 'answer', requestId: 8, message: { type: 'refusal', code: 'RINGHOLD_BAD_REQUEST' } },
  ])
})

test('a node that hears it is suspected refutes in the same exchange and keeps its entries', async (t) => {
  const membership = runningWith(memberOf('a'))
  const effects = membership.receive(
    2,
    gossipFrom(memberOf('a'), { rumours: [{ member: { ...membership.self, status: 'suspect' } }] }),
    10,
  )
  t.match(answerOf(effects).from, { name: 'self', status: 'alive', incarnation: 2 })
  t.same(only(effects, 'declared-dead'), [])
  t.equal(only(effects, 'view').length, 1)
})

test('a node that hears it is dead says so before any refutation leaves', async (t) => {
  const membership = runningWith(memberOf('a'), memberOf('b'))
  const effects = membership.receive(
    2,
    gossipFrom(memberOf('a'), { rumours: [{ member: { ...membership.self, status: 'dead' } }] }),
    200,
  )
  const types = effects.map(({ type }) => type)
  t.ok(types.includes('declared-dead') && types.includes('answer') && types.includes('exchange'))
  t.ok(types.indexOf('declared-dead') < types.indexOf('answer'))
  t.ok(types.indexOf('declared-dead') < types.indexOf('exchange'))
  t.equal(answerOf(effects).from.incarnation, 2)
  const again = membership.receive(
    3,
    gossipFrom(memberOf('b'), { rumours: [{ member: { ...membership.self, status: 'dead', incarnation: 1 } }] }),
    300,
  )
  t.same(only(again, 'declared-dead'), [], 'once for each incarnation')
})

test('a member that refuted a suspicion is told that it had been declared dead meanwhile', async (t) => {
  const a = memberOf('a')
  const membership = runningWith(a, memberOf('b'))
  membership.receive(2, gossipFrom(memberOf('b'), { rumours: [{ member: { ...a, status: 'dead' } }] }), 100)
  const effects = membership.receive(3, gossipFrom({ ...a, incarnation: 2 }), 200)
  t.match(answerOf(effects).rumours[0]?.member, { name: 'a', status: 'dead', incarnation: 1 }, 'in the answer')
  const toA = only(effects, 'exchange').filter(({ to }) => to === a.urls.peer)
  t.match(toA[0]?.message, { rumours: [{ member: { name: 'a', status: 'dead', incarnation: 1 } }] }, 'and at once')
  const paged = membership.receive(4, gossipFrom({ ...a, incarnation: 2 }, { page: { after: '' } }), 300)
  t.match(answerOf(paged).rumours[0]?.member, { name: 'a', status: 'dead' }, 'and in a page')
  const toB = membership.receive(5, gossipFrom(memberOf('b')), 300)
  t.notOk(
    answerOf(toB).rumours.some(({ member }) => member.status === 'dead'),
    'and nobody else',
  )

  const hearer = runningWith(memberOf('b'))
  hearer.receive(6, gossipFrom(memberOf('b'), { rumours: [{ member: { ...hearer.self, status: 'suspect' } }] }), 10)
  t.equal(hearer.self.incarnation, 2)
  const heard = hearer.receive(
    7,
    gossipFrom(memberOf('b'), { rumours: [{ member: { ...hearer.self, status: 'dead', incarnation: 1 } }] }),
    20,
  )
  t.equal(only(heard, 'declared-dead').length, 1, 'and knows that others may have taken over')
  t.equal(hearer.self.incarnation, 2, 'without another incarnation')
})

test('a sender that knows less is told in the answer', async (t) => {
  const membership = runningWith(memberOf('a'), memberOf('b', { incarnation: 4 }))
  let told = true
  // News travel with every answer for a while; wait until these are no news any more.
  for (let request = 0; told && request < 100; request++) {
    told = answerOf(membership.receive(request, gossipFrom(memberOf('a')), 10)).rumours.some(
      ({ member }) => member.name === 'b',
    )
  }
  t.notOk(told)
  const effects = membership.receive(200, gossipFrom(memberOf('a'), { rumours: [{ member: memberOf('b') }] }), 20)
  t.match(answerOf(effects).rumours, [{ member: { name: 'b', incarnation: 4 } }])
})

test('a relay probes only members it knows at the address it knows, and answers once', async (t) => {
  const target = memberOf('b')
  const membership = runningWith(memberOf('a'), target)
  const { rumours: _, heartbeats: __, digest: ___, ...envelope } = gossipFrom(memberOf('a'))
  const probe = { ...envelope, type: 'probe', deadlineMs: 1_000 } as const
  const elsewhere = membership.receive(2, { ...probe, target: { name: 'b', peer: 'http://169.254.169.254' } }, 10)
  t.match(only(elsewhere, 'answer'), [{ requestId: 2, message: { type: 'probed', outcome: 'unknown' } }])
  const effects = membership.receive(3, { ...probe, target: { name: 'b', peer: target.urls.peer } }, 10)
  t.same(only(effects, 'answer'), [])
  const [exchange] = only(effects, 'exchange').filter(
    ({ to, deadlineMs }) => to === target.urls.peer && deadlineMs === 800,
  )
  t.ok(exchange, 'with the larger part of the time that the asking node has')
  for (let now = 100; now < 800; now += 100) t.same(only(membership.tick(now), 'answer'), [])
  const late = [...membership.tick(800), ...membership.tick(900)]
  t.match(only(late, 'answer'), [{ requestId: 3, message: { type: 'probed', outcome: 'silent' } }])
  const reply = membership.settled(exchange?.id ?? 0, { type: 'reply', message: gossipFrom(target) }, 950)
  t.same(only(reply, 'answer'), [])
})

test('hints lead to one probe a second at most', async (t) => {
  const a = memberOf('a')
  const membership = runningWith(a)
  // What was news at the start leaves with the first tick.
  membership.tick(99)
  const hint = (now: number): number => only(membership.disconnected(a.urls.peer, now), 'exchange').length
  t.equal(hint(100), 1)
  t.equal(hint(110), 0)
  t.equal(only(membership.disconnected('http://nobody:1', 120), 'exchange').length, 0)
  t.equal(only(membership.suspectRing(a.urls.peer, 130), 'exchange').length, 1)
  t.equal(only(membership.suspectRing(a.urls.peer, 140), 'exchange').length, 0)
})

test('a node whose ticks are late stretches its timeouts until it is in time again', async (t) => {
  const membership = runningWith(memberOf('a'))
  const { tickIntervalMs } = defaultSettings
  membership.tick(tickIntervalMs)
  t.equal(membership.stretch, 1)
  let now = 10 * tickIntervalMs
  membership.tick(now)
  t.equal(membership.stretch, 2)
  for (let tick = 0; tick < 20; tick++) {
    now += tickIntervalMs
    membership.tick(now)
  }
  t.equal(membership.stretch, 1)
})

test('a stopped node does nothing more, but still answers', async (t) => {
  const membership = membershipOf({ seeds: ['http://seed:1'], joinTimeoutMs: 1_000 })
  membership.start(0)
  const stops: Effect[] = []
  for (let now = 100; now <= 1_500; now += 100) stops.push(...only(membership.tick(now), 'stop'))
  t.match(stops, [{ error: { code: 'RINGHOLD_SEEDS_UNREACHABLE', message: /http:\/\/seed:1 .* 1000 ms/ } }])
  t.equal(stops.length, 1)
  t.match(membership.receive(9, gossipFrom(memberOf('a')), 2_000), [
    { type: 'answer', requestId: 9, message: { type: 'refusal' } },
  ])
  t.same([membership.tick(2_100), membership.leave(2_200)], [[], []])
  t.equal(membership.answers(2_200), 'fenced')
})

test('a record that could not travel is refused when the node is made', async (t) => {
  const self = { name: 'self', urls: selfUrls, zone: '', weight: 1, instance: 'i' }
  const rows: Partial<typeof self>[] = [
    { name: '' },
    { weight: 0 },
    { weight: 101 },
    { urls: { ...selfUrls, peer: 'self:7101' } },
  ]
  for (const wrong of rows)
    t.throws(() => membershipOf({ self: { ...self, ...wrong } }), TypeError, JSON.stringify(wrong))
  t.throws(() => membershipOf({ fleet: { name: 'f'.repeat(300), copies: 2 } }), TypeError, 'so is a fleet')
})

test('whatever peers send, each request has exactly one answer, no message is too long and nothing grows without bound', async (t) => {
  const settings = { membersMax: 12, exchangesMax: 20, relaysMax: 4 }
  const input = fc.oneof(
    { weight: 4, arbitrary: anyMessage.map((message) => ({ type: 'receive' as const, message: ours(message) })) },
    {
      weight: 2,
      arbitrary: fc.record({ type: fc.constant('tick' as const), ms: fc.constantFrom(100, 100, 300, 4_000) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant('settle' as const),
        message: fc.option(anyMessage.map(ours), { nil: undefined }),
      }),
    },
  )
  const property = fc.property(fc.array(input, { maxLength: 60 }), fc.nat(), (inputs, seed) => {
    const membership = membershipOf({ settings, random: seededRandom(seed), seeds: seed % 2 ? ['http://seed:1'] : [] })
    const requests: number[] = []
    const answers: number[] = []
    const open: number[] = []
    let now = 0
    let stopped = false
    const take = (effects: readonly Effect[]): void => {
      for (const effect of effects) {
        if (effect.type === 'answer') answers.push(effect.requestId)
        if (effect.type === 'exchange') open.push(effect.id)
        if (effect.type === 'stop') stopped = true
      }
    }
    take(membership.start(now))
    for (const [index, step] of inputs.entries()) {
      if (step.type === 'tick') {
        now += step.ms
        take(membership.tick(now))
      } else if (step.type === 'receive') {
        requests.push(index)
        take(membership.receive(index, step.message, now))
      } else {
        const id = open.shift()
        if (id !== undefined)
          take(
            membership.settled(id, step.message ? { type: 'reply', message: step.message } : { type: 'failed' }, now),
          )
      }
      if (membership.view.size > settings.membersMax || open.length > inputs.length * 20) return false
    }
    for (const end = now + 20_000; now < end && !stopped; now += 100) take(membership.tick(now))
    // A stop may leave relayed probes unanswered: the node is about to end.
    return stopped || (answers.length === requests.length && new Set(answers).size === requests.length)
  })
  holds(t, 'any inputs', property, 400)
})

test('the limit of exchanges holds, and without probes there is no verdict', async (t) => {
  const members = Array.from({ length: 30 }, (_, index) => memberOf(`node-${index}`))
  const membership = membershipOf({ settings: { exchangesMax: 2 } })
  membership.start(0)
  for (const [index, member] of members.entries()) membership.receive(index, gossipFrom(member), 0)
  let sent = 0
  // The shell never settles anything, so two exchanges are all there is until they are given up.
  for (let now = 100; now <= defaultSettings.probeTimeoutMs; now += 100)
    sent += only(membership.tick(now), 'exchange').length
  t.ok(sent <= 2, `${sent} exchanges`)
  t.ok([...membership.view.values()].every(({ status }) => status === 'alive'))
})

/** Most messages should be of our fleet, and some about us. */
function ours(message: PeerMessage): PeerMessage {
  if (message.type === 'refusal') return message
  const name = message.from.weight % 10 === 0 ? 'self' : message.from.name
  return { ...message, fleet: 'test', copies: 2, from: { ...message.from, name } }
}
