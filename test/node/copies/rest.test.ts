import { test } from 'tap'
import { dataParts } from '#node/copies/data-parts.js'
import { defaultCopiesSettings as settings } from '#node/copies/settings.js'
import { SmallNet } from './small-net.ts'

function fleet(names: readonly string[]): SmallNet {
  const net = new SmallNet(names, { parts: dataParts })
  net.tell(net.all)
  net.run(5_000)
  return net
}

test('nodes that have claimed their tokens and compared what they hold are at rest', async (t) => {
  const net = new SmallNet(['a', 'b'], { parts: dataParts })
  net.tell(net.all)
  t.notOk(net.node('a').copies.isAtRest, 'it claims')
  net.run(5_000)
  for (const { copies } of net.nodes.values()) t.ok(copies.isAtRest)
})

test('a write ends the rest until all owners have it', async (t) => {
  const net = fleet(['a', 'b'])
  const { copies } = net.node('a')
  net.node('a').set(net.keyOf('a', ['a', 'b']), 'x')
  t.notOk(copies.isAtRest)
  net.run(3)
  t.ok(copies.isAtRest)
})

test('a read does not end the rest', async (t) => {
  const net = fleet(['a', 'b'])
  const key = net.keyOf('a', ['a', 'b'])
  net.node('a').set(key, 'x')
  net.run(3)
  net.node('a').get(key)
  t.ok(net.node('a').copies.isAtRest)
})

test('who keeps a hint for an owner that is away is not at rest', async (t) => {
  const net = fleet(['a', 'b'])
  net.fate = ({ to }) => (to === 'b' ? 'lost' : 1)
  net.node('a').set(net.keyOf('a', ['a', 'b']), 'x')
  net.run(settings.replicaTimeoutMs + 3 * settings.tickIntervalMs)
  t.equal(net.node('a').copies.status.hints, 1)
  t.notOk(net.node('a').copies.isAtRest)
  net.fate = () => 1
  net.run(1_000)
  t.ok(net.node('a').copies.isAtRest)
})

test('another ring ends the rest', async (t) => {
  const net = fleet(['a', 'b'])
  net.add('c')
  net.tell(net.all)
  for (const { copies } of net.nodes.values()) t.notOk(copies.isAtRest)
  net.run(5_000)
  for (const { copies } of net.nodes.values()) t.ok(copies.isAtRest)
})
