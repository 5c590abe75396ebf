import { tokenCount } from '@ringhold/sdk/ring'
import { test } from 'tap'
import { defaultCopiesSettings as settings } from '#node/copies/settings.js'
import { TokenSet } from '#node/copies/token-set.js'
import { SmallNet, type SmallNode } from './small-net.ts'

const held = (node: SmallNode): number => node.copies.status.tokens.held

test('a node alone holds every token at once', async (t) => {
  const net = new SmallNet(['a'])
  net.tell(net.all)
  t.equal(held(net.node('a')), tokenCount)
  t.equal(net.sent.length, 0)
})

test('tokens are held once everybody has answered under the same ring, and each by one node', async (t) => {
  const net = new SmallNet(['a', 'b', 'c'])
  net.tell(net.all, ['a', 'b'])
  net.run(200)
  t.equal(held(net.node('a')), 0, 'c has another ring: nothing is held')
  net.tell(net.all, ['c'])
  net.run(300)
  let sum = 0
  for (const [name, node] of net.nodes) {
    sum += held(node)
    t.equal(held(node), node.copies.ring.tokensOf().get(name), `${name} holds what the ring gives it`)
  }
  t.equal(sum, tokenCount)
})

test('a dead member needs not answer, a suspect one does', async (t) => {
  const net = new SmallNet(['a', 'b', 'c'])
  net.node('c').isDown = true
  net.tell({ a: 'alive', b: 'alive', c: 'suspect' }, ['a', 'b'])
  net.run(500)
  t.equal(held(net.node('a')), 0)
  net.tell({ a: 'alive', b: 'alive', c: 'dead' }, ['a', 'b'])
  net.run(100)
  t.equal(held(net.node('a')) + held(net.node('b')), tokenCount)
})

test('a newcomer takes its tokens from whoever held them, and nobody holds one at the same time', async (t) => {
  const net = new SmallNet(['a', 'b'])
  net.tell(net.all)
  net.run(100)
  net.add('c')
  net.tell(net.all)
  for (let ms = 0; ms < 200; ms++) {
    net.run(1)
    const sum = [...net.nodes.values()].reduce((total, node) => total + held(node), 0)
    if (sum > tokenCount) t.fail(`${sum} tokens are held after ${ms} ms`)
  }
  for (const [name, node] of net.nodes) t.equal(held(node), node.copies.ring.tokensOf().get(name))
})

test('the answer of the only holder is enough', async (t) => {
  const net = new SmallNet(['a', 'b', 'c'])
  net.tell({ a: 'alive', b: 'alive' }, ['a', 'b'])
  net.run(100)
  // b has died, but nobody knows: of the tokens that a held c needs nobody else.
  net.node('b').isDown = true
  net.tell({ a: 'alive', b: 'alive', c: 'alive' }, ['a', 'c'])
  net.run(100)
  const fromB = net.node('c').copies.status.tokens.claiming
  t.ok(held(net.node('c')) > 0)
  t.ok(fromB > 0, 'what b held waits for b')
  net.tell({ a: 'alive', b: 'dead', c: 'alive' }, ['a', 'c'])
  net.run(100)
  t.equal(held(net.node('a')) + held(net.node('c')), tokenCount)
})

test('commands for tokens that are being claimed wait, and are executed when the claim is answered', async (t) => {
  const net = new SmallNet(['a', 'b'])
  net.fate = () => 50
  net.tell(net.all)
  const key = net.keyOf('a', ['a', 'b'])
  const { copies } = net.node('a')
  const box = net.node('a').set(key, 'x')
  t.equal(box.answer, undefined)
  t.equal(copies.status.waiting, 1)
  net.run(101)
  t.equal(copies.status.waiting, 0, 'the claim is answered, the replica is not yet')
  t.equal(box.answer, undefined)
  net.run(100)
  t.match(box.answer, { by: 'a', outcome: { type: 'created', copies: 2 } })
  t.equal(copies.status.waiting, 0)
})

test('commands that wait are bounded in number and in time', async (t) => {
  const net = new SmallNet(['a', 'b'], { settings: { waitingMax: 2 } })
  net.node('b').isDown = true
  net.tell(net.all, ['a'])
  const key = net.keyOf('a', ['a', 'b'])
  const boxes = [1, 2, 3].map(() => net.node('a').get(key))
  t.match(boxes[2]?.answer, { code: 'RINGHOLD_OVERLOADED' })
  net.run(settings.plainTimeoutMs + 100)
  t.match(boxes[0]?.answer, { code: 'RINGHOLD_RING_UNSETTLED', executed: 'no' })
  t.equal(net.node('a').copies.status.waiting, 0)
})

test('a released token finishes its writes first', async (t) => {
  const net = new SmallNet(['a', 'b'], { copies: 2 })
  net.tell(net.all)
  net.run(100)
  // Replicas are slow; the claim of a newcomer is quick.
  net.fate = ({ request, isReply }) => (request.type === 'apply' && isReply ? 100 : 1)
  net.add('c')
  const a = net.node('a')
  const keys = Array.from({ length: 200 }, (_, at) => `key-${at}`)
  const boxes = keys.map((key) => a.set(key, 'x', {}, 'direct'))
  net.tell(net.all)
  net.run(50)
  const inFlight = boxes.filter(({ answer }) => answer === undefined).length
  t.ok(inFlight > 0)
  const releases = () => net.node('c').copies.status.tokens.held
  t.ok(net.node('c').copies.status.tokens.claiming > 0, 'c waits for the writes in flight')
  net.run(200)
  t.equal(releases(), net.node('c').copies.ring.tokensOf().get('c'))
  for (const { answer } of boxes) t.ok(answer !== undefined)
})

test('who stood still holds nothing until its owners have answered', async (t) => {
  const net = new SmallNet(['a', 'b', 'c'])
  net.tell(net.all)
  net.run(100)
  const a = net.node('a')
  const had = held(a)
  a.perform(a.copies.woke(a.moment))
  t.equal(held(a), 0)
  net.run(50)
  t.equal(held(a), had)
})

test('who refuted may have been declared dead: it holds nothing until everybody has answered', async (t) => {
  const net = new SmallNet(['a', 'b', 'c'])
  net.tell(net.all)
  net.run(100)
  const a = net.node('a')
  const had = held(a)
  net.node('c').isDown = true
  a.incarnation = 2
  a.view(net.all)
  net.run(300)
  t.equal(held(a), 0)
  net.node('c').isDown = false
  net.run(1_500)
  t.equal(held(a), had)
})

test('a write in flight holds up the portion of its token, and what else is claimed is held meanwhile', async (t) => {
  const net = new SmallNet(['a', 'b'])
  net.tell(net.all)
  net.run(100)
  net.fate = ({ request, isReply }) => (request.type === 'apply' && isReply ? 100 : 1)
  const c = net.add('c')
  net.tell(net.all, ['c'])
  const key = net.keyOf('c', ['c', 'a'])
  for (const name of ['a', 'b']) net.node(name).set(key, 'x')
  net.tell(net.all, ['a', 'b'])
  net.run(90)
  const { claiming } = c.copies.status.tokens
  t.ok(claiming > 0 && claiming <= 256, `${claiming} tokens wait for the write`)
  t.equal(c.copies.tenureOf(c.copies.ring.token(key)), 'claiming')
  net.run(100)
  t.equal(held(c), c.copies.ring.tokensOf().get('c'))
})

test('what a holder said before it released a token does not have it claimed once more', async (t) => {
  const net = new SmallNet(['a', 'b'])
  net.tell(net.all)
  net.run(1_000)
  const c = net.add('c')
  const sentBefore = net.sent.length
  const recalledAt: number[] = []
  // What is said of the tokens at once comes after the answers to the claim.
  net.fate = ({ to, request, isReply }) => {
    if (request.type === 'claim') return 260
    if (isReply || to !== 'c' || request.type !== 'recall') return 1
    recalledAt.push(net.now + 540)
    return 540
  }
  net.tell(net.all)
  const begun = net.now
  net.run(530)
  t.equal(held(c), c.copies.ring.tokensOf().get('c'), 'it is claimed')
  const claims = () =>
    net.sent.slice(sentBefore).filter(({ from, request }) => from === 'c' && request.type === 'claim').length
  const claimsBefore = claims()
  net.run(70)
  t.ok(
    recalledAt.some((at) => at > begun + 530 && at <= net.now),
    'it was called back afterwards',
  )
  t.equal(claims(), claimsBefore)
  t.equal(held(c), c.copies.ring.tokensOf().get('c'))
})

test('what another goes on to coordinate is claimed anew a moment later', async (t) => {
  const net = new SmallNet(['a', 'b'])
  net.tell(net.all)
  net.run(settings.recallIntervalMs + 100)
  const a = net.node('a')
  const token = a.copies.ring.token(net.keyOf('a', ['a', 'b']))
  const recall = { type: 'recall', tokens: TokenSet.of([token]) } as const
  const envelope = { from: 'b', incarnation: 1, clock: 1 }
  a.perform(a.copies.receive(9_001, envelope, recall, a.moment))
  t.equal(a.copies.tenureOf(token), 'claiming')
  net.run(10)
  t.equal(a.copies.tenureOf(token), 'held')
  a.perform(a.copies.receive(9_002, envelope, recall, a.moment))
  t.equal(a.copies.tenureOf(token), 'held', 'that may have crossed with the answer to the claim')
  net.run(settings.recallIntervalMs)
  a.perform(a.copies.receive(9_003, envelope, recall, a.moment))
  t.equal(a.copies.tenureOf(token), 'claiming')
})
