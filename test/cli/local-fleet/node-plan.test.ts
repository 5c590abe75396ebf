import { test } from 'tap'
import { planFleet, planNext, resolveName } from '#cli/local-fleet/node-plan.js'

const range = { port: 7001, peerPort: 7101 }
const badOption = { code: 'RINGHOLD_BAD_OPTION' }

test('nodes are called node-1 onwards and count up from the first ports', async (t) => {
  t.same(planFleet(2, range), [
    { name: 'node-1', port: 7001, peerPort: 7101 },
    { name: 'node-2', port: 7002, peerPort: 7102 },
  ])
})

test('ports that overlap, run out or are too many are refused', async (t) => {
  t.doesNotThrow(() => planFleet(100, range), 'a hundred fit between 7001 and 7101')
  t.throws(() => planFleet(6, { port: 7001, peerPort: 7005 }), badOption)
  t.throws(() => planFleet(6, { port: 7005, peerPort: 7001 }), badOption)
  t.throws(() => planFleet(2, { port: 65_535, peerPort: 7001 }), badOption)
  t.throws(() => planFleet(101, range), badOption)
})

test('one node more takes the number above all others and the first ports that no plan has', async (t) => {
  const plans = planFleet(3, range)
  t.same(planNext(plans, range), { name: 'node-4', port: 7004, peerPort: 7104 })
  t.same(planNext(plans, range, { skip: 2 }), { name: 'node-4', port: 7006, peerPort: 7106 })
  t.same(planNext(plans, range, { name: 'extra' }), { name: 'extra', port: 7004, peerPort: 7104 })
  const named = [...plans, planNext(plans, range, { name: 'extra' })]
  t.same(planNext(named, range), { name: 'node-4', port: 7005, peerPort: 7105 })
  for (const name of ['node-2', '', '../x', 'a b', 'x'.repeat(65)]) {
    t.throws(() => planNext(plans, range, { name }), badOption, name)
  }
  t.throws(() => planNext([], { port: 65_000, peerPort: 65_535 }, { skip: 1 }), badOption, 'ports run out')
})

test('a node is meant by its name, or by its number', async (t) => {
  const names = ['node-1', 'node-2', '2b', '3', 'node-3']
  t.equal(resolveName(names, 'node-2'), 'node-2')
  t.equal(resolveName(names, '2'), 'node-2')
  t.equal(resolveName(names, '3'), '3', 'the exact name wins')
  t.throws(() => resolveName(names, '9'), { code: 'RINGHOLD_NODE_UNKNOWN', message: /node-1, node-2, 2b, 3, node-3/ })
})
