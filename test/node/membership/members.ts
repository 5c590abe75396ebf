/** Records and messages for tests. */
import fc from 'fast-check'
import type { Gossip, PeerMessage } from '#node/membership/message.js'
import { type Member, statuses } from '#sdk/membership/member.js'

export function memberOf(name: string, changes: Partial<Member> = {}): Member {
  const urls = { client: `http://${name}:7001`, peer: `http://${name}:7101` }
  return { name, urls, incarnation: 1, status: 'alive', zone: '', weight: 1, instance: `i-${name}`, ...changes }
}

export function gossipFrom(from: Member, changes: Partial<Gossip> = {}): Gossip {
  return {
    type: 'gossip',
    fleet: 'test',
    copies: 2,
    from,
    heartbeat: 1,
    digest: 0,
    rumours: [],
    heartbeats: [],
    ...changes,
  }
}

const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 })
const url = fc
  .tuple(fc.constantFrom('http', 'https'), fc.domain(), fc.integer({ min: 1, max: 65_535 }))
  .map(([scheme, host, port]) => `${scheme}://${host}:${port}`)

export const anyMember: fc.Arbitrary<Member> = fc.record({
  name: text,
  urls: fc.record({ client: url, peer: url }),
  incarnation: fc.integer({ min: 1, max: 2 ** 40 }),
  status: fc.constantFrom(...statuses),
  zone: fc.string({ unit: 'binary', maxLength: 20 }),
  weight: fc.integer({ min: 1, max: 100 }),
  instance: text,
})

const envelope = {
  fleet: fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
  copies: fc.integer({ min: 1, max: 9 }),
  from: anyMember,
  heartbeat: fc.nat(),
}

export const anyMessage: fc.Arbitrary<PeerMessage> = fc.oneof(
  fc.record(
    {
      type: fc.constant('gossip' as const),
      ...envelope,
      digest: fc.nat(),
      rumours: fc.array(
        fc.record(
          { member: anyMember, accusers: fc.array(text, { maxLength: 4 }), ageMs: fc.nat() },
          { requiredKeys: ['member'] },
        ),
        { maxLength: 5 },
      ),
      heartbeats: fc.array(fc.tuple(text, fc.integer({ min: 1, max: 99 }), fc.nat()), { maxLength: 5 }),
      page: fc.record({ after: text }, { requiredKeys: [] }),
    },
    { requiredKeys: ['type', 'fleet', 'copies', 'from', 'heartbeat', 'digest', 'rumours', 'heartbeats'] },
  ),
  fc.record({
    type: fc.constant('probe' as const),
    ...envelope,
    target: fc.record({ name: text, peer: url }),
    deadlineMs: fc.integer({ min: 1, max: 60_000 }),
  }),
  fc.record(
    {
      type: fc.constant('probed' as const),
      ...envelope,
      outcome: fc.constantFrom('reply' as const, 'refused' as const, 'silent' as const, 'unknown' as const),
      target: fc.record({ member: anyMember, heartbeat: fc.nat() }),
    },
    { requiredKeys: ['type', 'fleet', 'copies', 'from', 'heartbeat', 'outcome'] },
  ),
  fc.record({
    type: fc.constant('refusal' as const),
    code: fc.constant('RINGHOLD_WRONG_FLEET' as const),
    detail: text,
  }),
)
