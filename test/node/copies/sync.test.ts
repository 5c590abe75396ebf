/** What a node does between claiming a token and having all that others hold of it. */
import { test } from 'tap'
import { TokenSet } from '#node/copies/token-set.js'
import { Peers } from './peers.ts'

const keys = Array.from({ length: 400 }, (_, index) => `key-${index}`)
const settled = (peers: Peers) => () => [...peers.nodes.values()].every(({ parts }) => parts.sync.syncingTokens === 0)

test('a new coordinator pulls what the one before it holds, and every key once', async (t) => {
  const peers = new Peers({ names: ['a'], copies: 1 })
  peers.claim()
  for (const [index, key] of keys.entries()) peers.put('a', key, { version: index + 1 })
  peers.start('b')
  peers.ring(['a', 'b'])
  peers.claim()
  const b = peers.node('b')
  const mine = keys.filter((key) => b.core.ring.coordinator(peers.place(key).token) === 'b')
  t.ok(mine.length > 100, 'the ring gives it some')
  t.equal(b.parts.sync.syncingTokens, new Set(mine.map((key) => peers.place(key).token)).size)
  t.ok(b.parts.sync.entriesLeft >= mine.length)
  t.ok(peers.runUntil(settled(peers), 1_000), 'it is settled within a second')
  for (const key of mine) t.equal(peers.version('b', key), keys.indexOf(key) + 1)
  t.equal(peers.copiesSent, mine.length)
  t.equal(b.parts.sync.entriesLeft, 0)
})

test('a key of a token that syncs is fetched before anything is done with it, from every source that differs', async (t) => {
  const peers = new Peers({
    names: ['a', 'b', 'c'],
    copies: 1,
    settings: { pullBytesPerSecond: 1, pageBytesMax: 1_000 },
  })
  const key = keys.find((name) => peers.node('c').core.ring.coordinator(peers.place(name).token) === 'c') as string
  peers.put('a', key, { version: 5 })
  peers.put('b', key, { version: 9 })
  peers.node('c').parts.sync.isSettled(peers.place(key).token)
  // The throttle is spent, so that nothing comes by itself.
  for (const name of keys) peers.put('a', `other-${name}`, { version: 1 })
  peers.claim()
  peers.run(3)
  const { sync } = peers.node('c').parts
  let isFetched: boolean | undefined
  if (sync.isSettled(peers.place(key).token)) t.fail('it is settled already')
  sync.fetchKey(peers.place(key), (answered) => {
    isFetched = answered
  })
  peers.run(100)
  t.equal(isFetched, true)
  t.equal(peers.version('c', key), 9)
})

test('writes that come while a token syncs win, and deletes stay', async (t) => {
  const peers = new Peers({ names: ['a'], copies: 1 })
  for (const key of keys) peers.put('a', key, { version: 10 })
  peers.start('b')
  peers.ring(['b'])
  peers.claim()
  peers.put('b', 'key-1', { version: 20 })
  peers.bury('b', 'key-2', 21)
  t.ok(peers.runUntil(settled(peers), 1_000))
  t.equal(peers.version('b', 'key-1'), 20)
  t.equal(peers.version('b', 'key-2'), -21)
  t.equal(peers.version('b', 'key-3'), 10)
})

test('what was written while its token syncs, and is gone since, does not come back in an older version', async (t) => {
  const peers = new Peers({ names: ['a'], copies: 1, settings: { pullBytesPerSecond: 1_000, pageBytesMax: 1_000 } })
  for (const key of keys) peers.put('a', key, { version: 10 })
  peers.start('b')
  peers.ring(['b'])
  peers.claim()
  const { parts, store } = peers.node('b')
  const [expiring, evicted] = keys.filter((key) => peers.version('b', key) === undefined).slice(-2) as [string, string]
  let fetched = 0
  for (const key of [expiring, evicted]) parts.sync.fetchKey(peers.place(key), () => fetched++)
  peers.run(200)
  t.equal(fetched, 2)
  const asked = peers.sent.length
  for (const key of [expiring, evicted]) parts.sync.fetchKey(peers.place(key), () => fetched++)
  t.equal(fetched, 4, 'a key is fetched once')
  t.equal(peers.sent.length, asked)
  peers.put('b', expiring, { version: 20, ttlMs: 50 })
  peers.put('b', evicted, { version: 21 })
  store.evict(peers.place(evicted), 21, peers.now)
  t.ok(peers.runUntil(settled(peers), 120_000))
  t.equal(peers.version('b', expiring), undefined)
  t.equal(peers.version('b', evicted), undefined)
  t.equal(peers.version('b', keys[0] as string), 10)
})

test('what was fetched for a command and comes when its token is settled does not replace what went since', async (t) => {
  const peers = new Peers({ names: ['a'], copies: 1 })
  const key = 'key-1'
  peers.put('a', key, { version: 10 })
  peers.start('b')
  peers.ring(['b'])
  peers.latencyMsOf = ({ type }) => (type === 'fetch' ? 200 : 1)
  peers.claim()
  const { parts, store } = peers.node('b')
  let isFetched: boolean | undefined
  parts.sync.fetchKey(peers.place(key), (answered) => {
    isFetched = answered
  })
  t.ok(peers.runUntil(settled(peers), 100), 'the token is settled before the fetched key is here')
  t.equal(peers.version('b', key), 10)
  peers.put('b', key, { version: 20 })
  store.evict(peers.place(key), 20, peers.now)
  t.ok(peers.runUntil(() => isFetched !== undefined, 1_000))
  t.equal(isFetched, true)
  t.equal(peers.version('b', key), undefined)
})

test('tombstones move like values, with what is left of their grace', async (t) => {
  const peers = new Peers({ names: ['a'], copies: 1 })
  peers.bury('a', 'gone', 7, 5_000)
  peers.put('a', 'short', { version: 8, ttlMs: 4_000 })
  peers.run(1_000)
  peers.start('b')
  peers.ring(['b'])
  peers.claim()
  t.ok(peers.runUntil(settled(peers), 1_000))
  t.equal(peers.version('b', 'gone'), -7)
  t.equal(peers.version('b', 'short'), 8)
  peers.run(3_000 + 100)
  t.equal(peers.version('b', 'short'), undefined, 'time to live is not begun anew')
  peers.run(1_000)
  t.equal(peers.version('b', 'gone'), undefined)
})

test('of peers that hold the same one is pulled, and the other takes its place when it dies', async (t) => {
  const peers = new Peers({
    names: ['a', 'b'],
    settings: { pullBytesPerSecond: 10_000, pageBytesMax: 4_000, askTimeoutMs: 200 },
  })
  for (const key of keys) for (const name of ['a', 'b']) peers.put(name, key, { version: 3, value: 'x'.repeat(200) })
  peers.start('c')
  peers.ring(['c'])
  peers.claim()
  peers.run(300)
  t.notOk(settled(peers)(), 'it is under way')
  peers.node('a').isCutOff = true
  peers.run(500)
  peers.status('a', 'dead')
  t.ok(peers.runUntil(settled(peers), 120_000))
  for (const key of keys) if (peers.version('c', key) !== 3) t.fail(`${key} is lost`)
  t.ok(peers.copiesSent < keys.length * 1.5, `${peers.copiesSent} copies were sent of ${keys.length} entries`)
})

test('the only holder of a token is replaced by whoever else has its entries when it dies', async (t) => {
  const peers = new Peers({ names: ['a', 'b'], settings: { pullBytesPerSecond: 10_000, pageBytesMax: 4_000 } })
  for (const [index, key] of keys.entries()) {
    peers.put('a', key, { version: 3, value: 'x'.repeat(200) })
    // What was on its way when they were asked makes replicas differ.
    peers.put('b', key, { version: index % 10 === 0 ? 2 : 3, value: 'x'.repeat(200) })
  }
  const { parts, holder, core } = peers.start('c')
  peers.ring(['c'])
  const tokens = TokenSet.of(keys.map((key) => peers.place(key).token))
  const digestsOf = (name: string) => [...tokens].map((token) => ({ token, ...peers.node(name).store.digest(token) }))
  for (const token of tokens) holder.tokens.add(token)
  core.now = peers.now
  parts.sync.claimed(tokens, new Map([['a', digestsOf('a')]]))
  parts.sync.alsoHeld('b', digestsOf('b'))
  peers.run(300)
  t.notOk(settled(peers)(), 'it is under way')
  peers.node('a').isCutOff = true
  peers.status('a', 'dead')
  const asked: boolean[] = []
  for (const key of keys) parts.sync.fetchKey(peers.place(key), (isFetched) => asked.push(isFetched))
  t.ok(peers.runUntil(settled(peers), 120_000))
  for (const key of keys) t.ok((peers.version('c', key) ?? 0) >= 2, key)
  t.same([asked.length, asked.includes(false)], [keys.length, false])
})

test('who did not say what it holds is asked when the only holder dies, or comes back empty, before all is here', async (t) => {
  for (const how of ['dies', 'comes back'] as const) {
    const peers = new Peers({ names: ['a', 'b'], settings: { pullBytesPerSecond: 10_000, pageBytesMax: 4_000 } })
    for (const key of keys) for (const name of ['a', 'b']) peers.put(name, key, { version: 3, value: 'x'.repeat(200) })
    const { parts, holder, core, store } = peers.start('c')
    peers.ring(['c'])
    const tokens = TokenSet.of(keys.map((key) => peers.place(key).token))
    const held = [...tokens].map((token) => ({ token, ...peers.node('a').store.digest(token) }))
    for (const token of tokens) holder.tokens.add(token)
    core.now = peers.now
    parts.sync.claimed(tokens, new Map([['a', held]]))
    peers.run(300)
    t.notOk(settled(peers)(), 'it is under way')
    if (how === 'dies') {
      peers.node('a').isCutOff = true
      peers.status('a', 'dead')
    } else {
      peers.start('a')
      peers.ring(['c'])
    }
    const missing = keys.filter((key) => peers.version('c', key) === undefined).at(-1) as string
    let isFetched: boolean | undefined
    parts.sync.fetchKey(peers.place(missing), (answered) => {
      isFetched = answered
    })
    peers.runUntil(() => isFetched !== undefined, 2_000)
    t.equal(isFetched, true, how)
    t.equal(store.version(peers.place(missing), peers.now), 3, `${how}: a key that is asked for is there`)
    t.ok(peers.runUntil(settled(peers), 120_000))
    for (const key of keys) t.equal(peers.version('c', key), 3, `${how}: ${key}`)
  }
})

test('the spares of a token are not asked as long as its only holder is there', async (t) => {
  const peers = new Peers({ names: ['a', 'b'] })
  const [key, evicted] = ['key', 'evicted']
  for (const name of ['a', 'b']) peers.put(name, key, { version: 3 })
  peers.put('b', evicted, { version: 2 })
  const { parts, holder, core } = peers.start('c')
  peers.ring(['c'])
  const tokens = TokenSet.of([key, evicted].map((name) => peers.place(name).token))
  const digestsOf = (name: string) => [...tokens].map((token) => ({ token, ...peers.node(name).store.digest(token) }))
  for (const token of tokens) holder.tokens.add(token)
  core.now = peers.now
  parts.sync.claimed(tokens, new Map([['a', digestsOf('a')]]))
  parts.sync.alsoHeld('b', digestsOf('b'))
  t.ok(peers.runUntil(settled(peers), 5_000))
  t.notOk(peers.sent.some(({ to, from }) => from === 'c' && to === 'b'))
})

test('a source that nobody can replace counts as pulled once it is dead', async (t) => {
  const peers = new Peers({ names: ['a'], settings: { pullBytesPerSecond: 1_000, pageBytesMax: 2_000 } })
  for (const key of keys) peers.put('a', key, { version: 3 })
  peers.start('b')
  peers.ring(['b'])
  peers.claim()
  peers.run(100)
  peers.node('a').isCutOff = true
  const unsettled = keys.find((key) => !peers.node('b').parts.sync.isSettled(peers.place(key).token)) as string
  let isFetched: boolean | undefined
  peers.node('b').parts.sync.fetchKey(peers.place(unsettled), (answered) => {
    isFetched = answered
  })
  peers.run(1_100)
  t.equal(isFetched, false, 'whoever waits for a key is told that it could not be had')
  peers.status('a', 'dead')
  t.ok(peers.runUntil(settled(peers), 1_000))
})

test('a source that comes back empty is asked from the beginning', async (t) => {
  const peers = new Peers({ names: ['a'], copies: 1, settings: { pullBytesPerSecond: 20_000, pageBytesMax: 4_000 } })
  for (const key of keys) peers.put('a', key, { version: 3, value: 'x'.repeat(200) })
  peers.start('b')
  peers.ring(['b'])
  peers.claim()
  peers.run(200)
  const before = peers.node('a').store
  peers.start('a')
  // What it holds now it got from somewhere else, in another order.
  for (const key of keys) peers.put('a', key, { version: 3, value: 'x'.repeat(200) })
  t.not(peers.node('a').store, before)
  peers.ring(['b'])
  t.ok(peers.runUntil(settled(peers), 60_000))
  for (const key of keys) if (peers.version('b', key) !== 3) t.fail(`${key} is lost`)
})

test('tokens that are released are not pulled any further, and count as settled', async (t) => {
  const peers = new Peers({ names: ['a'], copies: 1, settings: { pullBytesPerSecond: 1_000, pageBytesMax: 2_000 } })
  for (const key of keys) peers.put('a', key, { version: 3 })
  peers.start('b')
  peers.ring(['b'])
  peers.claim()
  peers.run(50)
  const { parts, holder } = peers.node('b')
  t.ok(parts.sync.syncingTokens > 0)
  const tokens = TokenSet.of(holder.tokens)
  holder.tokens.clear()
  parts.sync.released(tokens)
  t.equal(parts.sync.syncingTokens, 0)
  peers.ring(['a'])
  t.equal(parts.sync.entriesLeft, 0)
  const sent = peers.copiesSent
  peers.run(200)
  t.ok(peers.copiesSent - sent <= 300, 'but for what was under way')
})

test('sync goes no faster than the throttle lets it', async (t) => {
  const peers = new Peers({ names: ['a'], copies: 1, settings: { pullBytesPerSecond: 100_000, pageBytesMax: 10_000 } })
  for (const key of keys) peers.put('a', key, { version: 1, value: 'x'.repeat(1_000) })
  peers.start('b')
  peers.ring(['b'])
  peers.claim()
  peers.run(1_000)
  t.ok(peers.copiesSent > 80 && peers.copiesSent < 180, `${peers.copiesSent} KB in a second`)
  t.ok(peers.runUntil(settled(peers), 10_000))
})
