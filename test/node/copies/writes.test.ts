import type { ByteCommand } from '@ringhold/sdk/protocol'
import { test } from 'tap'
import { dataParts } from '#node/copies/data-parts.js'
import { defaultCopiesSettings as settings } from '#node/copies/settings.js'
import { SmallNet, type SmallNetOptions, type SmallNode } from './small-net.ts'

function fleet(names: string[], options: SmallNetOptions = {}): SmallNet {
  const net = new SmallNet(names, options)
  net.tell(net.all)
  net.run(100)
  return net
}

test('a write is readable only when a replica has it, and acknowledged when all have answered', async (t) => {
  const net = fleet(['a', 'b', 'c'], { copies: 3 })
  const key = net.keyOf('a', ['a', 'b', 'c'])
  const [a, b, c] = ['a', 'b', 'c'].map((name) => net.node(name))
  net.fate = ({ to, isReply }) => (to === 'c' && !isReply ? 40 : 10)
  const box = a?.set(key, 'x')
  for (let ms = 0; ms < 60; ms++) {
    if (a?.holding(key) !== undefined) t.equal(b?.holding(key) ?? c?.holding(key), 'x')
    if (box?.answer !== undefined) t.equal(c?.holding(key), 'x', 'all have it')
    net.run(1)
    if (ms === 25) t.equal(a?.holding(key), 'x', 'it is applied with the first answer')
  }
  t.match(box?.answer, { by: 'a', outcome: { type: 'created', copies: 3 } })
})

test('a write without another owner is acknowledged at once, with one copy', async (t) => {
  const net = fleet(['a'])
  t.match(net.node('a').set('k', 'x').answer, { outcome: { type: 'created', copies: 1 } })
  t.match(net.node('a').set('k', 'y').answer, { outcome: { type: 'replaced', copies: 1 } })
  t.match(net.node('a').remove('k').answer, { outcome: { type: 'deleted', copies: 1 } })
  t.match(net.node('a').remove('k').answer, { outcome: { type: 'absent' } })
  t.match(net.node('a').get('k').answer, { outcome: { type: 'miss', reason: 'deleted' } })
})

test('a write to a token that had no other owner goes to the one that has come since', async (t) => {
  const net = new SmallNet(['a', 'b'])
  const a = net.node('a')
  net.tell({ a: 'alive' })
  net.run(100)
  for (let number = 0; number < 50; number++) {
    t.match(a.set(`key-${number}`, 'x').answer, { outcome: { type: 'created', copies: 1 } })
  }
  net.tell(net.all)
  net.run(2_000)
  const key = net.keyOf('a', ['a', 'b'])
  const box = a.set(key, 'y')
  net.run(5)
  t.match(box.answer, { by: 'a', outcome: { type: 'replaced', copies: 2 } })
  t.equal(net.node('b').holding(key), 'y')
})

test('writes of one turn leave as one request for each replica', async (t) => {
  const net = fleet(['a', 'b'])
  const a = net.node('a')
  const keys = [0, 1, 2, 3, 4].map((nth) => net.keyOf('a', ['a', 'b'], nth))
  const content = { value: Buffer.from('x'), contentType: 'text/plain' }
  let done = 0
  net.sent.length = 0
  for (const key of keys) {
    const command = { type: 'set' as const, cache: 'default', key: Buffer.from(key), ...content }
    a.copies.execute(command, 'plain', a.moment, { succeed: () => done++, fail: (error) => t.fail(error.message) })
  }
  a.perform(a.copies.takeEffects())
  net.run(5)
  t.equal(net.sent.length, 1)
  t.equal(done, 5)
})

test('a delete travels like a value, and leaves a tombstone also where there is nothing', async (t) => {
  const net = fleet(['a', 'b'])
  const key = net.keyOf('a', ['a', 'b'])
  const place = { token: net.node('a').copies.ring.token(key), cache: 'default', key: Buffer.from(key) }
  for (const type of ['absent', 'deleted']) {
    const box = net.node('a').remove(key)
    net.run(5)
    t.match(box.answer, { outcome: { type, copies: 2 } })
    const versions = ['a', 'b'].map((name) => net.node(name).store.version(place, net.now))
    t.ok(versions[0] !== undefined && versions[0] === versions[1], 'both hold the same tombstone')
    net.node('a').set(key, 'x')
    net.run(5)
  }
})

test('a replica that does not answer costs one wait, is skipped from then on, and gets what it missed', async (t) => {
  const net = fleet(['a', 'b'])
  const a = net.node('a')
  const keys = [0, 1, 2].map((nth) => net.keyOf('a', ['a', 'b'], nth))
  net.fate = ({ to }) => (to === 'b' ? 'lost' : 1)
  const first = a.set(keys[0] as string, 'x')
  net.run(settings.replicaTimeoutMs - 50)
  t.equal(first.answer, undefined)
  net.run(50 + 2 * settings.tickIntervalMs)
  t.match(first.answer, { outcome: { type: 'created', copies: 1 } })
  t.match(a.set(keys[1] as string, 'y').answer, { outcome: { copies: 1 } }, 'no wait')
  a.remove(keys[2] as string)
  t.equal(a.copies.status.hints, 3)
  net.fate = () => 1
  net.run(600)
  t.equal(a.copies.status.hints, 0)
  t.same(
    keys.map((key) => net.node('b').holding(key)),
    ['x', 'y', undefined],
  )
  t.equal(
    net.node('b').store.missReason({ token: 0, cache: 'default', key: Buffer.from(keys[2] as string) }, 0),
    'deleted',
  )
})

test('hints are bounded: what is let go is left to repair', async (t) => {
  const missed: string[] = []
  const { settledParts } = await import('./settled-parts.ts')
  const net = fleet(['a', 'b'], {
    settings: { hintBytesMax: 150, hintMs: 1_000 },
    parts: (around) => {
      const parts = settledParts(around)
      return { ...parts, repair: { ...parts.repair, ownerMissed: (_token, member) => missed.push(member) } }
    },
  })
  const a = net.node('a')
  net.fate = () => 'lost'
  for (const nth of [0, 1, 2, 3]) a.set(net.keyOf('a', ['a', 'b'], nth), 'x')
  net.run(settings.replicaTimeoutMs + 2 * settings.tickIntervalMs)
  t.equal(a.copies.status.hints, 2)
  t.same(missed, ['b', 'b'])
  net.run(2_000)
  t.equal(a.copies.status.hints, 0)
  t.equal(missed.length, 4, 'also those that became too old')
})

test('conditional writes of one key are executed one after another', async (t) => {
  const net = fleet(['a', 'b'])
  const a = net.node('a')
  const key = net.keyOf('a', ['a', 'b'])
  net.fate = () => 10
  const boxes = [0, 1, 2].map((value) => a.set(key, `${value}`, { condition: { type: 'absent' } }))
  const last = a.set(key, 'last')
  net.run(100)
  t.match(boxes[0]?.answer, { outcome: { type: 'created', copies: 2 } })
  const { version } = (boxes[0] as { answer: { outcome: { version: number } } }).answer.outcome
  for (const box of boxes.slice(1)) t.match(box.answer, { outcome: { type: 'condition-failed', version } })
  t.match(last.answer, { outcome: { type: 'replaced' } }, 'a write waits behind conditional ones of its key')
  t.equal(a.copies.status.waiting, 0)
})

test('unconditional writes of one key do not wait for each other; the last one wins everywhere', async (t) => {
  const net = fleet(['a', 'b'])
  const key = net.keyOf('a', ['a', 'b'])
  const delays = [50, 10]
  net.fate = ({ request }) => (request.type === 'apply' ? (delays.shift() ?? 1) : 1)
  const boxes = ['1', '2'].map((value) => net.node('a').set(key, value))
  net.run(200)
  for (const { answer } of boxes) t.match(answer, { outcome: { copies: 2 } })
  t.equal(net.node('a').holding(key), '2')
  t.equal(net.node('b').holding(key), '2')
})

test('a write does not follow a later one of its key that was evicted while both were in flight', async (t) => {
  const net = fleet(['a', 'b'])
  const a = net.node('a')
  const key = net.keyOf('a', ['a', 'b'])
  const place = { token: a.copies.ring.token(key), cache: 'default', key: Buffer.from(key) }
  const delays = [20, 60]
  net.fate = ({ request, isReply }) => (request.type === 'apply' && !isReply ? (delays.shift() ?? 90) : 1)
  const boxes = ['1', '2'].map((value) => a.set(key, value))
  a.set(key, '3', { ack: 'one' })
  t.equal(a.holding(key), '3')
  t.ok(a.store.evict(place, a.store.version(place, net.now) as number, net.now))
  for (let ms = 0; ms < 80; ms++) {
    net.run(1)
    t.equal(a.holding(key), undefined, 'neither the first nor, after it, the second')
  }
  for (const { answer } of boxes) t.match(answer, { outcome: { type: 'replaced', copies: 2 } })
})

test('ack one is answered with the own copy, ack none before anything; the copies follow', async (t) => {
  const net = fleet(['a', 'b'])
  const [one, none] = [0, 1].map((nth) => net.keyOf('a', ['a', 'b'], nth)) as [string, string]
  t.match(net.node('a').set(one, 'x', { ack: 'one' }).answer, { outcome: { type: 'created', copies: 1 } })
  t.equal(net.node('a').holding(one), 'x')
  t.match(net.node('a').set(none, 'y', { ack: 'none' }).answer, { outcome: { type: 'accepted' } })
  net.run(10)
  t.equal(net.node('b').holding(one), 'x')
  t.equal(net.node('a').holding(none), 'y')
  t.equal(net.node('b').holding(none), 'y')
})

test('who stood still acknowledges no write that was in flight', async (t) => {
  const net = fleet(['a', 'b'])
  const a = net.node('a')
  net.fate = () => 30
  const box = a.set(net.keyOf('a', ['a', 'b']), 'x')
  net.run(10)
  a.perform(a.copies.woke(a.moment))
  net.run(300)
  t.match(box.answer, { code: 'RINGHOLD_OWNER_TIMEOUT', executed: 'unknown' })
  const fenced = a.set(net.keyOf('a', ['a', 'b'], 1), 'x')
  net.run(10)
  a.answers = 'fenced'
  net.run(300)
  t.match(fenced.answer, { code: 'RINGHOLD_OWNER_TIMEOUT' })
})

test('the time to live is what remains, on each node', async (t) => {
  const net = fleet(['a', 'b'])
  const key = net.keyOf('a', ['a', 'b'])
  net.node('a').set(key, 'x', { ttlMs: 100 })
  net.run(50)
  t.equal(net.node('b').holding(key), 'x')
  net.run(55)
  t.equal(net.node('a').holding(key), undefined)
  t.equal(net.node('b').holding(key), undefined)
})

test('what is replicated, or waits, has bytes of its own: those of the command may change once execute returned', async (t) => {
  const net = fleet(['a', 'b'])
  const [own, foreign] = [net.keyOf('a', ['a', 'b']), net.keyOf('b', ['a', 'b'])]
  const [a, b] = ['a', 'b'].map((name) => net.node(name))
  const sink = {
    target: new Uint8Array(0),
    at: 0,
    length: 0,
    contentType: '',
    version: 0,
    expiresAt: undefined,
    now: 0,
    isPutOff: false,
  }
  let done = 0
  for (const text of [own, foreign]) {
    const [key, value] = [Buffer.from(text), Buffer.from('value')]
    const command = { type: 'set' as const, cache: 'default', key, value, contentType: 'text/plain' }
    const waits = { succeed: () => done++, fail: (error: Error) => t.fail(error.message) }
    a?.copies.execute(command, 'plain', a.moment, waits, { ...sink, onFound: () => {} })
    key.fill(0x7a)
    value.fill(0x7a)
  }
  a?.perform(a.copies.takeEffects())
  net.run(20)
  t.equal(done, 2)
  for (const node of [a, b]) for (const key of [own, foreign]) t.equal(node?.holding(key), 'value')
})

/** Memory that spoils what is released, as the next who uses it would. */
function spoilingMemory() {
  const lent = new Set<Uint8Array>()
  const copy = (value: Uint8Array) => {
    const own = new Uint8Array(value)
    lent.add(own)
    return own
  }
  const release = (own: Uint8Array) => {
    if (!lent.delete(own)) throw new Error('released twice')
    own.fill(0x21)
  }
  return { lent, copy, release }
}

const sink = {
  ...{ target: Buffer.alloc(0), at: 0, length: 0, contentType: '', version: 0, expiresAt: undefined },
  ...{ now: 0, isPutOff: false, onFound: () => {} },
}

/** A write whose bytes are good only until it is begun; what was begun is not sent yet. */
function begin({ copies, moment }: SmallNode, command: ByteCommand & { type: 'set' }): void {
  const done = { succeed: () => undefined, fail: () => undefined }
  const { key, value } = command
  const borrowed = { ...command, key: Buffer.from(key), value: Buffer.from(value) }
  copies.execute(borrowed, 'plain', moment, done, sink)
  borrowed.key.fill(0)
  borrowed.value.fill(0)
}

const setOf = (key: string, value: string) => ({
  ...{ type: 'set' as const, cache: 'default', key: Buffer.from(key), value: Buffer.from(value) },
  ...{ contentType: 'text/plain', ttlMs: undefined },
})

test('the copy of a value is released once, when every replica has answered or is given up', async (t) => {
  const memory = spoilingMemory()
  const net = fleet(['a', 'b', 'c'], { copies: 3, memory })
  const key = net.keyOf('a', ['a', 'b', 'c'])
  const a = net.node('a')
  for (const fateOfC of [40, 'lost' as const]) {
    net.fate = ({ to, isReply }) => (isReply ? 1 : to === 'c' ? fateOfC : 10)
    const value = `x${fateOfC}`
    begin(a, setOf(key, value))
    a.perform(a.copies.takeEffects())
    net.run(30)
    t.equal(a.holding(key), value, 'it is applied')
    t.equal(memory.lent.size, 1, 'a replica has not answered')
    net.run(settings.replicaTimeoutMs)
    t.equal(memory.lent.size, 0)
    for (const name of ['a', 'b']) t.equal(net.node(name).holding(key), value)
    t.equal(net.node('c').holding(key), 'x40')
  }
})

test('the copy of a value is released where the write comes to nothing', async (t) => {
  const memory = spoilingMemory()
  const net = fleet(['a', 'b'], { memory })
  const a = net.node('a')
  net.fate = () => 'lost'
  begin(a, setOf(net.keyOf('a', ['a', 'b'], 0), 'x'))
  begin(a, { ...setOf(net.keyOf('a', ['a', 'b'], 1), 'x'), condition: { type: 'present' } })
  a.perform(a.copies.takeEffects())
  t.equal(memory.lent.size, 1, 'a condition that fails needs no copy')
  net.run(settings.replicaTimeoutMs + 100)
  begin(a, setOf(net.keyOf('a', ['a', 'b'], 2), 'x'))
  a.perform(a.copies.takeEffects())
  t.equal(a.copies.status.hints, 2, 'the replica is skipped')
  t.equal(memory.lent.size, 0)
})

test('a process that stands still before it has sent a write sends what was written', async (t) => {
  const memory = spoilingMemory()
  const net = fleet(['a', 'b'], { memory, settings: { pageBytesMax: 1 } })
  const a = net.node('a')
  const key = net.keyOf('a', ['a', 'b'])
  begin(a, setOf(key, 'x'))
  net.now += 10 * settings.replicaTimeoutMs
  a.tick()
  t.equal(memory.lent.size, 1)
  net.run(10)
  t.equal(net.node('b').holding(key), 'x')
})

test('what is overwritten is gone from a node that leaves before the next reader could find it there', async (t) => {
  const net = fleet(['a', 'b', 'c'], { parts: dataParts })
  const [a, c] = [net.node('a'), net.node('c')]
  const key = net.keyOf('a', ['a', 'c'])
  a.set(key, 'old')
  net.run(100)
  t.equal(c.holding(key), 'old')
  net.fate = ({ from, request }) => (from === 'c' && request.type === 'compare' ? 'lost' : 1)
  net.tell({ ...net.all, c: 'leaving' })
  net.run(50)
  t.equal(c.holding(key), 'old', 'it keeps what nobody has overwritten')
  a.set(key, 'new')
  net.run(50)
  t.equal(c.holding(key), undefined)
  t.equal(a.holding(key), 'new')
})

test('what was overwritten stays with a node that leaves as long as the new value has one copy less than it should', async (t) => {
  const net = fleet(['a', 'b', 'c'], { parts: dataParts })
  const [a, c] = [net.node('a'), net.node('c')]
  const key = net.keyOf('a', ['a', 'c'])
  a.set(key, 'old')
  net.run(100)
  net.fate = ({ from, to }) => (to === 'b' || from === 'b' ? 'lost' : 1)
  net.tell({ ...net.all, c: 'leaving' })
  net.run(50)
  const box = a.set(key, 'new')
  net.run(1_000)
  t.match(box.answer, { outcome: { type: 'replaced', copies: 1 } })
  t.equal(c.holding(key), 'old')
})
