import { test } from 'tap'
import { auditOf } from '#cli/fleet/audit.js'
import { movesOf, totalOf } from '#cli/fleet/totals.js'
import { topologyOf } from './topologies.ts'

const five = { a: 'alive', b: 'alive', c: 'alive', d: 'alive', e: 'alive' } as const

test('a ring without faults owns every token, and the shares add up', async (t) => {
  const audit = auditOf(['a', 'b', 'c', 'd', 'e'].map((name) => topologyOf(name, five)))
  t.match(audit, { unowned: 0, faults: [], tokens: 16_384 })
  t.equal(
    audit.shares.reduce((sum, { tokens }) => sum + tokens, 0),
    16_384,
  )
  t.equal(
    audit.shares.reduce((sum, { replicas }) => sum + replicas, 0),
    16_384,
  )
  for (const { node, ofMean } of audit.shares) t.ok(ofMean <= 1.05, `${node} has at most 1.05 of the mean`)
})

test('a checksum that the members do not give is found', async (t) => {
  const wrong = { ...topologyOf('b', five), ring: '0000000000000000' }
  const { faults, ring } = auditOf([topologyOf('a', five), wrong])
  t.equal(ring, undefined)
  t.match(faults, [/2 different checksums/, /b has 0000000000000000/])
})

test('a ring of nobody owns no token', async (t) => {
  t.match(auditOf([topologyOf('a', { a: 'leaving' })]), { unowned: 16_384, shares: [], faults: [/16384 tokens/] })
  t.match(auditOf([]), { unowned: 16_384, faults: ['no node answers'] })
})

test('weights count in the share of the mean', async (t) => {
  const view = topologyOf('a', { a: 'alive', b: 'alive' })
  const members = view.members.map((member) => ({ ...member, weight: member.name === 'a' ? 3 : 1 }))
  const [a, b] = auditOf([{ ...view, members }]).shares
  t.ok(a && b && a.tokens > 2.5 * b.tokens)
  t.ok(a && a.ofMean > 0.95 && a.ofMean <= 1.05, String(a?.ofMean))
})

test('the mean of the entries is over the nodes that answered', async (t) => {
  const total = totalOf([{ entries: 30, replicas: 8, bytes: 3 }, undefined, { entries: 10, replicas: 1, bytes: 1 }])
  t.same(total, { entries: 40, replicas: 9, bytes: 4, ofMean: [1.5, undefined, 0.5] })
  t.same(totalOf([{ entries: 0, replicas: 0, bytes: 0 }]).ofMean, [undefined], 'no entries have no mean')
  t.same(totalOf([]), { entries: 0, replicas: 0, bytes: 0, ofMean: [] })
  const moves = { tokens: 2, entries: 30, bytesPerSecond: 400 }
  t.same(movesOf([moves, undefined, moves]), { tokens: 4, entries: 60, bytesPerSecond: 800 })
})
