import fc from 'fast-check'
import { test } from 'tap'
import { type ErrorCode, RingholdError, ringOf, type Topology } from '#sdk/protocol/index.js'
import {
  candidatesMax,
  type Decision,
  decide,
  type Failure,
  freshTrip,
  pauseBaseMs,
  pauseMaxMs,
  pauseOf,
  redirectsMax,
  routesOf,
  stepOf,
  type Trip,
} from '#sdk/router.js'
import { holds } from '../property.ts'

function topologyOf(...names: string[]): Topology {
  const members = names.map((name) => ({
    name,
    url: `http://${name}`,
    status: 'alive',
    incarnation: 1,
    zone: '',
    weight: 1,
  })) as Topology['members']
  const shape = { members, ringSeed: 1, copies: 2 }
  return { ...shape, fleet: 'f', tokens: 16_384, ring: ringOf(shape).checksum, node: names[0] ?? '' }
}

const routes = routesOf(topologyOf('a', 'b', 'c', 'd', 'e'))
const key = 'user:42'
const [owner, replica] = routes.ring.owners(routes.ring.token(key)) as [string, string]
const all = () => true

function step(
  trip: Partial<Trip>,
  { allows = all, isRepeatable = true }: { allows?: (name: string) => boolean; isRepeatable?: boolean } = {},
) {
  return stepOf(routes, { key, isRepeatable, trip: { ...freshTrip, ...trip } }, allows)
}

test('a command goes to the coordinator, marked as direct', async (t) => {
  t.strictSame(step({}), { type: 'send', node: owner, isDirect: true })
})

test('when the coordinator failed or is shut off, the next owner is asked, as one that may act in its stead', async (t) => {
  const next = { type: 'send', node: replica, isDirect: true }
  t.strictSame(step({ passed: [owner] }), next)
  t.strictSame(step({}, { allows: (name) => name !== owner }), next)
})

test('a command that must not run twice is never forwarded', async (t) => {
  t.strictSame(step({ passed: [owner] }, { isRepeatable: false }), { type: 'send', node: replica, isDirect: true })
})

test('a round tries three nodes, then pauses', async (t) => {
  const passed = [owner, replica]
  const third = step({ passed })
  t.match(third, { type: 'send', isDirect: false })
  t.notOk(passed.includes((third as { node: string }).node))
  t.equal(candidatesMax, 3)
  t.strictSame(step({ passed: [...passed, 'x'] }), { type: 'pause' })
})

test('a fleet whose nodes are all shut off is unreachable, and so is an empty ring', async (t) => {
  t.strictSame(step({}, { allows: () => false }), { type: 'unreachable' })
  t.strictSame(stepOf(routesOf(topologyOf()), { key, isRepeatable: true, trip: freshTrip }, all), {
    type: 'unreachable',
  })
  t.strictSame(step({ passed: [owner] }, { allows: (name) => name === owner }), { type: 'pause' })
})

test('whatever failed and whatever is shut off, a node is never asked that should not be', async (t) => {
  const names = fc.subarray(['a', 'b', 'c', 'd', 'e'])
  holds(
    t,
    'steps',
    fc.property(fc.string({ minLength: 1 }), names, names, (any, passed, shut) => {
      const next = stepOf(
        routes,
        { key: any, isRepeatable: true, trip: { ...freshTrip, passed } },
        (name) => !shut.includes(name),
      )
      if (next.type === 'unreachable') return shut.length === 5
      if (next.type === 'pause') return passed.length >= candidatesMax || [...passed, ...shut].length >= 5
      return !passed.includes(next.node) && !shut.includes(next.node)
    }),
  )
})

type Situation = { isRepeatable?: boolean; trip?: Partial<Trip>; ringNow?: string; random?: number }

function decision(failure: Partial<Failure> & { code?: ErrorCode }, situation: Situation = {}): Decision {
  const { isRepeatable = true, trip = {}, ringNow = 'r1', random = 0.5 } = situation
  const { type = 'reply', code = 'RINGHOLD_CONNECTION_LOST', ring, node = owner } = failure
  const error = failure.error ?? new RingholdError(code)
  return decide(
    { type, error, node, ring },
    { journey: { key, isRepeatable, trip: { ...freshTrip, ...trip } }, ringSent: 'r1', ringNow, random },
  )
}

test('what a failure means, for a command that may run twice and for one that must not', async (t) => {
  const rows: [
    what: string,
    failure: Parameters<typeof decision>[0],
    repeatable: Decision['type'],
    other: Decision['type'],
  ][] = [
    ['nothing was sent', { type: 'refused' }, 'resend', 'resend'],
    ['the connection broke', { type: 'lost' }, 'resend', 'give-up'],
    ['not ready', { code: 'RINGHOLD_NOT_READY' }, 'pause', 'pause'],
    ['rings disagree', { code: 'RINGHOLD_RING_UNSETTLED' }, 'pause', 'pause'],
    ['overloaded', { code: 'RINGHOLD_OVERLOADED' }, 'pause', 'pause'],
    ['forwarding failed', { code: 'RINGHOLD_OWNER_UNREACHABLE' }, 'pause', 'give-up'],
    ['forwarding took too long', { code: 'RINGHOLD_OWNER_TIMEOUT' }, 'pause', 'give-up'],
    ['wrong owner', { code: 'RINGHOLD_WRONG_OWNER', ring: 'r2' }, 'refresh', 'refresh'],
    ['the node failed', { code: 'RINGHOLD_INTERNAL' }, 'give-up', 'give-up'],
    ['no reply of ours', { code: 'RINGHOLD_BAD_REPLY' }, 'give-up', 'give-up'],
    ['a mistake of the caller', { code: 'RINGHOLD_BAD_TTL' }, 'give-up', 'give-up'],
  ]
  for (const [what, failure, repeatable, other] of rows) {
    t.equal(decision(failure).type, repeatable, what)
    t.equal(decision(failure, { isRepeatable: false }).type, other, `${what}, not repeatable`)
  }
})

test('what a node says about execution wins over the table', async (t) => {
  const error = new RingholdError('RINGHOLD_OWNER_UNREACHABLE', { executed: 'no' })
  t.equal(decision({ error }, { isRepeatable: false }).type, 'pause')
})

test('a node that refuses is passed by; one that lost the connection is asked once more first', async (t) => {
  t.match(decision({ type: 'refused' }), { trip: { passed: [owner] }, refresh: true, isFree: true })
  t.match(decision({ type: 'lost' }), { trip: { passed: [], askedAgain: owner } })
  t.match(decision({ type: 'lost' }, { trip: { askedAgain: owner } }), { trip: { passed: [owner] } })
})

test('421 is followed for free: at once where the ring is newer already, else after a fetch, and not for ever', async (t) => {
  const wrong = { code: 'RINGHOLD_WRONG_OWNER', ring: 'r2' } as const
  t.match(decision(wrong, { ringNow: 'r2' }), { type: 'resend', refresh: false, isFree: true, trip: { redirects: 1 } })
  t.match(decision(wrong), { type: 'refresh', trip: { redirects: 1 } })
  t.match(decision(wrong, { trip: { redirects: redirectsMax } }), { type: 'pause', refresh: true, isFree: true })
  t.match(decision({ ...wrong, ring: 'r1' }), { type: 'pause' }, 'a node that has the same ring and still refuses')
})

test('pauses grow, have full jitter and a bound, and a new round begins with the owner', async (t) => {
  const trip = { ...freshTrip, passed: ['a'], askedAgain: 'b', redirects: 1 }
  t.match(pauseOf(trip, 1), {
    pauseMs: pauseBaseMs,
    trip: { passed: [], askedAgain: undefined, redirects: 1, pauses: 1 },
  })
  t.equal(pauseOf({ ...trip, pauses: 2 }, 0.5).pauseMs, pauseBaseMs * 2)
  t.equal(pauseOf({ ...trip, pauses: 2000 }, 1).pauseMs, pauseMaxMs)
  t.equal(pauseOf(trip, 0).pauseMs, 0)
})

test('an overloaded node is left alone for as long as it asks', async (t) => {
  const error = new RingholdError('RINGHOLD_OVERLOADED', { retryAfterMs: 3000 })
  t.match(decision({ error }, { random: 0 }), { type: 'pause', pauseMs: 3000, refresh: false })
})
