/** What becomes of entries that a node has no business with any more. */
import { test } from 'tap'
import { type Node, Peers } from './peers.ts'

const keys = Array.from({ length: 300 }, (_, index) => `key-${index}`)
const strays = (peers: Peers): number => {
  let count = 0
  for (const { parts } of peers.nodes.values()) count += parts.strays.entries
  return count
}
const hasNone = (peers: Peers) => () => strays(peers) === 0
const owners = (peers: Peers, key: string): string[] => {
  const { core } = peers.nodes.values().next().value as Node
  return core.ring.owners(peers.place(key).token)
}

/** Whether every key is on exactly its owners, at this version. */
function isPlaced(peers: Peers, version: (key: string) => number): boolean {
  return keys.every((key) =>
    [...peers.nodes.keys()].every((name) => {
      const expected = owners(peers, key).includes(name) ? version(key) : undefined
      return peers.version(name, key) === expected
    }),
  )
}

function filled(names: readonly string[], copies = 2): Peers {
  const peers = new Peers({ names, copies })
  peers.claim()
  for (const [index, key] of keys.entries()) {
    for (const owner of owners(peers, key)) {
      if (index % 10 === 0) peers.bury(owner, key, 5)
      else peers.put(owner, key, { version: 5 })
    }
  }
  return peers
}
const five = (key: string): number => (keys.indexOf(key) % 10 === 0 ? -5 : 5)

test('after a node has joined, every entry and tombstone is on exactly its owners', async (t) => {
  const peers = filled(['a', 'b', 'c'])
  peers.start('d')
  peers.ring(['a', 'b', 'c', 'd'])
  peers.claim()
  t.ok(strays(peers) > 50)
  t.ok(peers.nodes.get('a')?.parts.strays.tokens)
  t.ok(peers.runUntil(hasNone(peers), 10_000))
  t.ok(isPlaced(peers, five))
})

test('nothing goes before every owner has it, nor while one of them is away', async (t) => {
  const peers = filled(['a', 'b'], 1)
  peers.start('c')
  peers.ring(['c'])
  peers.node('c').isCutOff = true
  const before = strays(peers)
  peers.run(5_000)
  t.equal(strays(peers), before, 'it does not answer')
  peers.status('c', 'dead')
  peers.run(5_000)
  t.equal(strays(peers), before, 'it is dead')
  peers.status('c', 'alive')
  peers.node('c').isCutOff = false
  peers.ring(['c'])
  peers.claim()
  t.ok(peers.runUntil(hasNone(peers), 20_000))
  t.ok(isPlaced(peers, five))
})

test('a stray of which a later version has expired goes, though the first owner is silent and another stands in for it', async (t) => {
  const peers = new Peers({ names: ['a', 'b', 'c'] })
  peers.ring(['a', 'b'])
  peers.claim()
  peers.node('b').isCutOff = true
  const [old, same, newer] = keys.filter((key) => owners(peers, key)[0] === 'b') as [string, string, string]
  for (const key of [old, same, newer]) peers.node('a').holder.tokens.add(peers.place(key).token)
  peers.put('a', old, { version: 9, ttlMs: 100 })
  for (const key of [same, newer]) peers.put('a', key, { version: 9 })
  peers.put('c', old, { version: 5 })
  peers.put('c', same, { version: 9 })
  peers.put('c', newer, { version: 12 })
  peers.run(60_000)
  t.equal(peers.version('c', old), undefined)
  t.equal(peers.version('c', same), 9, 'the other owner may lack it')
  t.equal(peers.version('c', newer), 12)
  t.equal(peers.version('a', newer), 12)
})

test('what only a stray holder has goes to the owners first', async (t) => {
  const peers = filled(['a', 'b', 'c'])
  for (const key of keys) {
    const [stray] = ['a', 'b', 'c'].filter((name) => !owners(peers, key).includes(name))
    peers.put(stray as string, key, { version: 9 })
  }
  t.ok(peers.runUntil(hasNone(peers), 20_000))
  peers.run(12_000)
  t.ok(isPlaced(peers, () => 9))
})

test('strays go also while their owners are written to all the time', async (t) => {
  const peers = filled(['a', 'b', 'c'])
  peers.start('d')
  peers.ring(['a', 'b', 'c', 'd'])
  peers.claim()
  let version = 100
  const until = peers.now + 10_000
  while (peers.now < until && strays(peers) > 0) {
    for (const key of keys.slice(0, 40)) peers.write(owners(peers, key)[0] as string, key, version++)
    for (const name of owners(peers, 'busy')) peers.put(name, `busy-${version % 7}`, { version: version++ })
    peers.run(5)
  }
  t.equal(strays(peers), 0)
})

test('two nodes with different rings never drop an entry relying on each other', async (t) => {
  const peers = filled(['a', 'b'], 1)
  const [a, b] = [peers.node('a'), peers.node('b')]
  // Both hold all; a takes b for the owner of everything, and b takes a for it.
  for (const key of keys) for (const name of ['a', 'b']) peers.put(name, key, { version: 8 })
  peers.ring(['b'])
  const ringOfB = a.core.ring
  peers.ring(['a'])
  a.core.ring = ringOfB
  a.holder.tokens.clear()
  b.holder.tokens.clear()
  peers.run(20_000)
  for (const key of keys)
    if (peers.version('a', key) === undefined && peers.version('b', key) === undefined) t.fail(key)
  t.pass('nothing is lost')
  peers.ring(['a', 'b'])
  peers.claim()
  t.ok(peers.runUntil(hasNone(peers), 20_000))
  t.ok(isPlaced(peers, () => 8))
})

test('a node that leaves is empty as soon as the others have its entries', async (t) => {
  const peers = filled(['a', 'b', 'c'])
  peers.status('c', 'leaving')
  peers.ring(['a', 'b'])
  peers.claim()
  t.ok(peers.runUntil(() => peers.node('c').store.stats(peers.now).entries === 0, 5_000))
  t.ok(
    peers.runUntil(() => peers.node('c').parts.strays.entries === 0, 5_000),
    'tombstones included',
  )
  t.ok(isPlaced(peers, five))
})

test('a node that leaves asks again soon, however long nobody answered', async (t) => {
  const peers = filled(['a', 'b', 'c'])
  peers.status('c', 'leaving')
  peers.ring(['a', 'b'])
  peers.claim()
  peers.node('c').isCutOff = true
  peers.run(12_600)
  t.ok(strays(peers) > 0)
  peers.node('c').isCutOff = false
  t.ok(peers.runUntil(hasNone(peers), 3_500))
  t.ok(isPlaced(peers, five))
})

test('an older version on a stray does not come back when the one that overwrote it has expired', async (t) => {
  const peers = filled(['a', 'b', 'c'])
  for (const key of keys) {
    const stray = ['a', 'b', 'c'].find((name) => !owners(peers, key).includes(name)) as string
    for (const owner of owners(peers, key)) peers.put(owner, key, { version: 9, ttlMs: 100 })
    peers.put(stray, key, { version: 7 })
  }
  peers.run(150)
  for (const key of keys) t.notOk(owners(peers, key).some((owner) => peers.version(owner, key) === 9))
  t.ok(peers.runUntil(hasNone(peers), 20_000))
  peers.run(12_000)
  for (const key of keys) {
    for (const name of ['a', 'b', 'c'])
      t.equal(peers.version(name, key), undefined, `${key} on ${name} of ${owners(peers, key)}`)
  }
})

test('what an owner has looked at and could not take over is not dropped', async (t) => {
  const peers = filled(['a', 'b', 'c'], 1)
  const key = keys.find((name) => !owners(peers, name).includes('c')) as string
  for (const owner of owners(peers, key)) {
    const { store } = peers.node(owner)
    const { apply } = store
    store.apply = (place, change, now) => (change.version === 66 ? 'full' : apply.call(store, place, change, now))
  }
  peers.put('c', key, { version: 66 })
  for (let second = 0; second < 60; second++) {
    peers.run(1_000)
    t.equal(peers.version('c', key), 66)
  }
  for (const owner of owners(peers, key)) t.equal(peers.version(owner, key), five(key))
})
