/** Who decides what goes when memory is full, and that nobody sends it back. */
import { test } from 'tap'
import { versionEpochMs } from '#node/clock/hybrid-clock.js'
import { Peers } from './peers.ts'

const value = 'x'.repeat(16_000)
const place = (peers: Peers, key: string): string => {
  const { core } = peers.node('a')
  return core.ring.coordinator(peers.place(key).token) as string
}
const isRepaired = (peers: Peers) => () =>
  [...peers.nodes.values()].every(({ parts }) => parts.repair.underReplicatedTokens === 0)

function write(peers: Peers, key: string, version: number): void {
  const coordinator = place(peers, key)
  for (const owner of peers.node(coordinator).core.ring.owners(peers.place(key).token).reverse()) {
    peers.put(owner, key, { version, value })
  }
}

test('what a coordinator evicts its replicas evict too', async (t) => {
  const peers = new Peers({ names: ['a', 'b'] })
  peers.claim()
  for (let index = 0; index < 2_500; index++) {
    write(peers, `key-${index}`, index + 1)
    if (index % 10 === 0) peers.run(20)
  }
  peers.run(1_000)
  let held = 0
  for (let index = 0; index < 2_500; index++) {
    const there = ['a', 'b'].filter((name) => peers.version(name, `key-${index}`) !== undefined)
    if (there.length === 1) t.fail(`key-${index} is on ${there} alone`)
    held += there.length
  }
  t.ok(held > 2 * 800, `${held} copies are there`)
})

test('a full fleet stays calm: comparison moves nothing back and forth', async (t) => {
  const peers = new Peers({ names: ['a', 'b', 'c'] })
  peers.claim()
  let version = 0
  let bytesWritten = 0
  const load = (ms: number): void => {
    for (const end = peers.now + ms; peers.now < end; ) {
      for (let count = 0; count < 2; count++) {
        version++
        write(peers, `key-${(version * 7) % 6_000}`, version)
        bytesWritten += value.length
      }
      peers.run(20)
    }
  }
  load(40_000)
  const sent = (): number => [...peers.nodes.values()].reduce((sum, { parts }) => sum + parts.repair.bytesSent, 0)
  const before = { sent: sent(), copies: peers.copiesSent, written: bytesWritten }
  load(60_000)
  const share = (sent() - before.sent) / (bytesWritten - before.written)
  t.ok(share < 0.02, `repair sent ${(share * 100).toFixed(2)} % of what was written`)
  t.ok(peers.copiesSent - before.copies < 100, `${peers.copiesSent - before.copies} copies`)
  t.ok(peers.runUntil(isRepaired(peers), 30_000))
})

test('what a coordinator evicted and had no room to list is evicted by its replicas after a comparison', async (t) => {
  const peers = new Peers({ names: ['a', 'b'] })
  peers.claim()
  const key = ['k1', 'k2', 'k3', 'k4', 'k5'].find((name) => place(peers, name) === 'a') as string
  write(peers, key, 3)
  t.ok(peers.runUntil(isRepaired(peers), 5_000))
  const { store, core } = peers.node('a')
  core.clock.accept(3, versionEpochMs)
  store.evict(peers.place(key), 3, peers.now)
  t.capture(store, 'takeEvicted', () => ({ evicted: [], unlisted: 1 }))
  t.capture(store, 'welcomeFrom', () => undefined)
  peers.run(15_000)
  t.equal(peers.version('b', key), undefined)
  t.equal(peers.version('a', key), undefined)
  write(peers, key, 4)
  peers.run(15_000)
  t.equal(peers.version('b', key), 4, 'until it is written again')
})

test('a replica to which a late copy brings back what it was told to evict is told again', async (t) => {
  const peers = new Peers({ names: ['a', 'b'] })
  peers.claim()
  const key = ['k1', 'k2', 'k3', 'k4', 'k5'].find((name) => place(peers, name) === 'a') as string
  write(peers, key, 3)
  t.ok(peers.runUntil(isRepaired(peers), 5_000))
  const { store, core } = peers.node('a')
  core.clock.accept(3, versionEpochMs)
  store.evict(peers.place(key), 3, peers.now)
  t.capture(store, 'takeEvicted', () => ({ evicted: [], unlisted: 1 }))
  t.capture(store, 'welcomeFrom', () => undefined)
  t.ok(
    peers.runUntil(() => peers.version('b', key) === undefined, 30_000),
    'once',
  )
  peers.put('b', key, { version: 3, value })
  t.ok(
    peers.runUntil(() => peers.version('b', key) === undefined, 30_000),
    'and again',
  )
})

test('a delete that only a replica has comes to its coordinator, also where that one had evicted the entry', async (t) => {
  const peers = new Peers({ names: ['a', 'b'] })
  peers.claim()
  const key = ['k1', 'k2', 'k3', 'k4', 'k5'].find((name) => place(peers, name) === 'a') as string
  write(peers, key, 3)
  t.ok(peers.runUntil(isRepaired(peers), 5_000))
  const { store, core } = peers.node('a')
  core.clock.accept(9, versionEpochMs)
  store.evict(peers.place(key), 3, peers.now)
  t.capture(store, 'takeEvicted', () => ({ evicted: [], unlisted: 1 }))
  t.capture(store, 'welcomeFrom', () => undefined)
  peers.bury('b', key, 5)
  peers.run(15_000)
  t.equal(peers.version('a', key), -5)
  t.equal(peers.version('b', key), -5)
})

test('what was written to a key after the version that was evicted comes, whatever else was evicted since', async (t) => {
  const peers = new Peers({ names: ['a', 'b'] })
  peers.claim()
  const names = Array.from({ length: 20 }, (_, index) => `k${index}`)
  const coordinated = names.find((name) => place(peers, name) === 'a') as string
  const replicated = names.find((name) => place(peers, name) === 'b') as string
  for (const key of [coordinated, replicated]) write(peers, key, 3)
  // Keys of both kinds, so that it evicts them as coordinator and as replica.
  for (let index = 0; index < 2_500; index++) peers.put('a', `filling-${index}`, { version: 100 + index, value })
  for (const key of [coordinated, replicated]) t.equal(peers.version('a', key), undefined)
  for (const key of [coordinated, replicated]) peers.put('b', key, { version: 5, value })
  const isThere = (key: string) => () => peers.version('a', key) === 5
  t.ok(peers.runUntil(isThere(coordinated), 30_000), 'to its coordinator')
  t.ok(peers.runUntil(isThere(replicated), 30_000), 'to its replica')
})

test('who syncs has a source let go of a value that another followed here and has expired since', async (t) => {
  const peers = new Peers({ names: ['a', 'b'] })
  const key = ['k1', 'k2', 'k3', 'k4', 'k5'].find((name) => place(peers, name) === 'a') as string
  // As after a split: each side wrote, and the clock of 'a' is ahead.
  peers.put('a', key, { version: 20, ttlMs: 50 })
  peers.put('b', key, { version: 10 })
  peers.run(100)
  t.equal(peers.version('a', key), undefined)
  // What differed before the sync counts as looked at by it.
  const { token } = peers.place(key)
  const digests = [{ token, ...peers.node('b').store.digest(token) }]
  t.match(peers.node('a').parts.shelf.serve({ type: 'compare', digests }, 'b'), { differing: [{ token }] })
  peers.claim()
  t.ok(peers.runUntil(() => peers.version('b', key) === undefined, 5_000))
  t.equal(peers.version('a', key), undefined)
  t.ok(peers.runUntil(isRepaired(peers), 5_000))
})

test('a node does not evict for others what it coordinates itself', async (t) => {
  const peers = new Peers({ names: ['a', 'b'] })
  peers.claim()
  const key = ['k1', 'k2', 'k3', 'k4', 'k5'].find((name) => place(peers, name) === 'a') as string
  write(peers, key, 3)
  const stamp = { cache: 'default', key: peers.place(key).key, version: 3 }
  t.same(peers.node('a').parts.shelf.serve({ type: 'evict', stamps: [stamp] }, 'b'), { type: 'noted' })
  t.equal(peers.version('a', key), 3)
  peers.node('b').parts.shelf.serve({ type: 'evict', stamps: [stamp] }, 'a')
  t.equal(peers.version('b', key), undefined)
})

test('a node that leaves lets go of what was written or evicted since, and of nothing else', async (t) => {
  const peers = new Peers({ names: ['a', 'b', 'c'] })
  peers.status('c', 'leaving')
  peers.ring(['a', 'b'])
  peers.claim()
  const names = ['k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7', 'k8', 'k9'].filter((name) => place(peers, name) === 'a')
  const [written, evicted, newer, same] = names as [string, string, string, string]
  const { store, parts } = peers.node('a')
  for (const key of [written, evicted]) peers.put('c', key, { version: 5 })
  peers.put('c', same, { version: 9 })
  peers.put('c', newer, { version: 12 })
  t.capture(store, 'takeEvicted', () => ({
    evicted: [{ place: peers.place(evicted), version: 9, role: 'coordinator' }],
    unlisted: 0,
  }))
  for (const key of [written, newer, same]) parts.evictions.overwrote(peers.place(key), 9)
  peers.run(50)
  t.equal(peers.version('c', written), undefined)
  t.equal(peers.version('c', evicted), undefined)
  t.equal(peers.version('c', newer), 12)
  t.equal(peers.version('c', same), 9, 'it was a replica when that was written')
})

test('a node is quiet when it has evicted nothing since the tick before', async (t) => {
  const peers = new Peers({ names: ['a', 'b'] })
  peers.claim()
  const { evictions } = peers.node('a').parts
  evictions.tick()
  t.ok(evictions.isQuiet)
  for (let index = 0; index < 2_500; index++) write(peers, `key-${index}`, index + 1)
  evictions.tick()
  t.notOk(evictions.isQuiet)
  peers.run(1_000)
  t.ok(evictions.isQuiet)
})
