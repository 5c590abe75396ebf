import { test } from 'tap'
import { defaultCopiesSettings as settings } from '#node/copies/settings.js'
import { SmallNet, type SmallNetOptions, type SmallNode } from './small-net.ts'

function fleet(names: string[], options: SmallNetOptions = {}): SmallNet {
  const net = new SmallNet(names, options)
  net.tell(net.all)
  net.run(100)
  return net
}

test('a plain command is passed on to the coordinator, whose outcome it is', async (t) => {
  const net = fleet(['a', 'b', 'c'])
  const key = net.keyOf('c', ['a', 'b'])
  const box = net.node('c').set(key, 'x')
  net.run(10)
  t.match(box.answer, { by: 'a', outcome: { type: 'created', copies: 2 } })
  const read = net.node('b').get(key)
  net.run(10)
  t.match(read.answer, { by: 'a', outcome: { type: 'hit' } })
  t.equal(net.node('a').counters.hits, 1)
  t.equal(net.node('b').counters.forwarded, 1)
})

test('a caller that routes itself is passed on by owners only', async (t) => {
  const net = fleet(['a', 'b', 'c'])
  const key = net.keyOf('c', ['a', 'b'])
  t.match(net.node('c').get(key, 'direct').answer, { code: 'RINGHOLD_WRONG_OWNER', facts: { owner: 'a' } })
  const box = net.node('b').get(key, 'direct')
  net.run(10)
  t.match(box.answer, { by: 'a', outcome: { type: 'miss' } })
})

test('a replica that cannot reach the coordinator coordinates provisionally, and gives it back', async (t) => {
  const net = fleet(['a', 'b', 'c'])
  const [a, b, c] = ['a', 'b', 'c'].map((name) => net.node(name)) as [
    ReturnType<SmallNet['node']>,
    ReturnType<SmallNet['node']>,
    ReturnType<SmallNet['node']>,
  ]
  const key = net.keyOf('c', ['a', 'b'])
  const first = c.set(key, 'before')
  net.run(10)
  t.match(first.answer, { by: 'a' })
  a.isDown = true
  const box = c.set(key, 'provisional')
  net.run(50)
  t.match(box.answer, { outcome: { type: 'replaced', copies: 1 } })
  t.equal(b.copies.status.tokens.provisional, 1)
  t.match(b.get(key, 'direct').answer, { by: 'b', outcome: { type: 'hit' } }, 'it goes on serving at once')
  a.isDown = false
  net.run(1_000)
  t.equal(b.copies.status.tokens.provisional, 0, 'it was called back')
  t.equal(a.holding(key), 'provisional', 'what it missed was kept as a hint')
  const read = c.get(key)
  net.run(20)
  t.match(read.answer, { by: 'a', outcome: { type: 'hit' } })
})

test('who became an owner after the coordinator had gone does not stand in beside the replica of before', async (t) => {
  const net = fleet(['a', 'b', 'c'])
  const key = net.keyOf('c', ['a', 'b'])
  const set = net.node('c').set(key, 'x')
  net.run(10)
  t.match(set.answer, { by: 'a' })
  net.node('a').isDown = true
  net.tell({ a: 'suspect', b: 'leaving', c: 'alive' }, ['b', 'c'])
  const box = net.node('c').get(key)
  net.run(500)
  t.equal(net.node('c').copies.status.tokens.provisional, 0)
  t.equal(box.answer, undefined)
  net.tell({ a: 'dead', b: 'leaving', c: 'alive' }, ['b', 'c'])
  net.run(100)
  t.match(box.answer, { by: 'c' })
})

test('nobody stands in for who has not claimed its tokens yet: another holds them still', async (t) => {
  const net = fleet(['a', 'b', 'c'])
  net.fate = ({ to, request }) => (to === 'c' && request.type === 'claim' ? 'lost' : 1)
  net.tell({ a: 'alive', b: 'alive', c: 'leaving' })
  const key = net.keyOf('b', ['a', 'b'])
  const [token, b] = [net.node('b').copies.ring.token(key), net.node('b')]
  net.run(100)
  t.equal(net.node('c').copies.tenureOf(token), 'held')
  net.node('a').isDown = true
  const box = b.get(key, 'direct')
  net.run(500)
  t.equal(b.copies.tenureOf(token), 'none')
  net.fate = () => 1
  net.tell({ a: 'dead', b: 'alive', c: 'leaving' }, ['b', 'c'])
  net.run(200)
  t.match(box.answer, { by: 'b', outcome: { type: 'miss' } })
  t.equal(net.node('c').copies.tenureOf(token), 'none')
})

test('who leaves while it stands in for another makes way for the next replica', async (t) => {
  const net = fleet(['a', 'b', 'c', 'd'], { copies: 3 })
  const [b, c] = [net.node('b'), net.node('c')]
  const key = net.keyOf('d', ['a', 'b', 'c'])
  const token = b.copies.ring.token(key)
  net.node('a').isDown = true
  b.set(key, 'x', {}, 'direct')
  net.run(20)
  t.equal(b.copies.tenureOf(token), 'provisional')
  net.tell({ a: 'alive', b: 'leaving', c: 'alive', d: 'alive' }, ['b', 'c', 'd'])
  const box = c.get(key, 'direct')
  net.run(50)
  t.match(box.answer, { by: 'c', outcome: { type: 'hit' } })
  t.same([b.copies.tenureOf(token), c.copies.tenureOf(token)], ['none', 'provisional'])
})

test('who has asked or answered since is not taken for gone when an earlier refusal arrives', async (t) => {
  const net = fleet(['a', 'b', 'c'])
  const [key, other] = [net.keyOf('c', ['a', 'b']), net.keyOf('c', ['a', 'b'], 1)]
  net.fate = ({ to, request }) => (to === 'a' && request.type === 'command' ? 'refused' : 1)
  net.node('a').set(other, 'x')
  const box = net.node('b').get(key, 'direct')
  net.run(5)
  net.fate = () => 1
  t.equal(net.node('b').copies.status.tokens.provisional, 0)
  net.run(100)
  t.match(box.answer, { by: 'a', outcome: { type: 'miss' } })
})

test('who is merely slow is not replaced; who is suspect and silent is', async (t) => {
  const net = fleet(['a', 'b', 'c'])
  const key = net.keyOf('c', ['a', 'b'])
  net.fate = ({ to }) => (to === 'a' ? 'lost' : 1)
  const box = net.node('c').get(key)
  net.run(settings.plainTimeoutMs + 100)
  t.match(box.answer, { code: 'RINGHOLD_OWNER_TIMEOUT' })
  t.equal(net.node('b').copies.status.tokens.provisional, 0)
  net.tell({ ...net.all, a: 'suspect' }, ['b', 'c'])
  const again = net.node('c').get(key)
  net.run(900)
  t.match(again.answer, { outcome: { type: 'miss' } })
  t.equal(net.node('b').copies.status.tokens.provisional, 1)
})

test('a conditional write whose answer is lost is not sent again', async (t) => {
  const net = fleet(['a', 'b', 'c'])
  const key = net.keyOf('c', ['a', 'b'])
  net.fate = ({ to, request, isReply }) => (request.type === 'command' && isReply && to === 'c' ? 'lost' : 1)
  const box = net.node('c').set(key, 'x', { condition: { type: 'absent' } })
  net.run(1_100)
  t.match(box.answer, { code: 'RINGHOLD_OWNER_TIMEOUT', executed: 'unknown' })
  t.equal(net.sent.filter(({ request }) => request.type === 'command').length, 1)
  t.equal(net.node('a').holding(key), 'x')
})

test('a node under another ring is asked again until it agrees, or until the time is up', async (t) => {
  const net = fleet(['a', 'b', 'c'])
  const key = net.keyOf('c', ['a', 'b'])
  const third = net.node('c')
  net.add('d')
  const ring = net.node('d')
  ring.view({ a: 'dead', b: 'alive', c: 'alive', d: 'alive' })
  third.view({ ...net.all, d: 'left', a: 'dead' })
  const box = third.set(key, 'x')
  net.run(300)
  t.equal(box.answer, undefined, 'its coordinator does not know of it yet')
  net.tell({ ...net.all, d: 'left', a: 'dead' }, ['b'])
  net.run(400)
  t.match(box.answer, { outcome: { type: 'created' } })
})

test('a node that is fenced or joining refuses, also what is passed on to it', async (t) => {
  const net = fleet(['a', 'b'])
  const key = net.keyOf('b', ['a', 'b'])
  net.node('a').answers = 'fenced'
  t.match(net.node('a').get(key).answer, { code: 'RINGHOLD_NOT_READY' })
  const box = net.node('b').get(key)
  net.run(settings.plainTimeoutMs + 100)
  t.match(box.answer, { code: 'RINGHOLD_RING_UNSETTLED' })
})

test('of three copies the third coordinates when the first two are out of reach', async (t) => {
  const net = fleet(['a', 'b', 'c', 'd'], { copies: 3 })
  const key = net.keyOf('d', ['a', 'b', 'c'])
  net.node('a').isDown = true
  net.node('b').isDown = true
  const box = net.node('d').set(key, 'x')
  net.run(300)
  t.match(box.answer, { by: 'c', outcome: { type: 'created', copies: 1 } })
  t.equal(net.node('c').copies.status.tokens.provisional, 1)
})

test('who has asked or answered while the next owner was tried is asked again, and not stood in for', async (t) => {
  const net = fleet(['a', 'b', 'c', 'd'], { copies: 3 })
  const [a, b, c] = ['a', 'b', 'c'].map((name) => net.node(name)) as [SmallNode, SmallNode, SmallNode]
  const [key, other] = [net.keyOf('d', ['a', 'b', 'c']), net.keyOf('d', ['a', 'b', 'c'], 1)]
  net.tell({ ...net.all, b: 'suspect' }, ['c'])
  net.fate = ({ to, request }) => (request.type === 'command' ? (to === 'a' ? 'refused' : 30) : 1)
  const box = c.get(key, 'direct')
  net.run(10)
  net.fate = () => 1
  a.set(other, 'x')
  b.isDown = true
  net.run(30)
  t.equal(c.copies.status.tokens.provisional, 0)
  net.run(200)
  t.match(box.answer, { by: 'a', outcome: { type: 'miss' } })
})
