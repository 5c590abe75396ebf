/** Comparison of owners, and what follows from what differs. */

import { tokenOf } from '@ringhold/sdk/ring'
import fc from 'fast-check'
import { test } from 'tap'
import { holds } from '../../property.ts'
import { Peers, seed } from './peers.ts'

const keys = Array.from({ length: 300 }, (_, index) => `key-${index}`)
const crowded = keysOfTokens(30, 60)
const underReplicated = (peers: Peers): number => {
  let count = 0
  for (const { parts } of peers.nodes.values()) count += parts.repair.underReplicatedTokens
  return count
}
const isRepaired = (peers: Peers) => () => underReplicated(peers) === 0
const coordinatorOf = (peers: Peers, key: string): string =>
  [...peers.nodes.values()][0]?.core.ring.coordinator(peers.place(key).token) as string
const listsSince = (peers: Peers, from: number): number =>
  peers.sent.slice(from).filter(({ request }) => request.type === 'list').length

test('an owner that has nothing gets all of it at once, and every key once', async (t) => {
  const peers = new Peers({ names: ['a', 'b'] })
  for (const key of keys) peers.put(coordinatorOf(peers, key), key, { version: 4 })
  peers.claim()
  t.ok(underReplicated(peers) > 200)
  t.ok(peers.runUntil(isRepaired(peers), 3_000))
  for (const key of keys) for (const name of ['a', 'b']) t.equal(peers.version(name, key), 4)
  t.equal(peers.copiesSent, keys.length)
})

test('who was an owner, pulled all, dropped it as strays and is an owner again pulls it again', async (t) => {
  const peers = new Peers({ names: ['a', 'b', 'c'] })
  const ownersOf = (key: string) => peers.node('a').core.ring.owners(peers.place(key).token).join()
  const passing = keys.filter((key) => ownersOf(key) === 'a,c')
  peers.ring(['a', 'b'])
  const moved = passing.filter((key) => ownersOf(key) === 'a,b')
  t.ok(moved.length > 10)
  const are = (version: number | undefined) => () => moved.every((key) => peers.version('b', key) === version)
  for (const key of moved) peers.put('a', key, { version: 4 })
  peers.claim()
  t.ok(peers.runUntil(are(4), 3_000))
  peers.ring(['a', 'b', 'c'])
  peers.claim()
  t.ok(peers.runUntil(are(undefined), 20_000), 'strays go')
  peers.ring(['a', 'b'])
  peers.claim()
  t.ok(peers.runUntil(are(4), 20_000))
})

test('what came here since an owner was handed a token is not taken for handed out', async (t) => {
  const peers = new Peers({ names: ['a', 'b', 'c'] })
  for (const key of keys) peers.put(coordinatorOf(peers, key), key, { version: 4 })
  peers.claim()
  t.ok(peers.runUntil(isRepaired(peers), 3_000))
  const { ring } = peers.node('a').core
  const late = keys.filter((key) => ring.owners(peers.place(key).token).join() === 'a,b')
  t.ok(late.length > 10)
  for (const key of late) peers.put('c', key, { version: 9 })
  const areAt = (name: string) => () => late.every((key) => peers.version(name, key) === 9)
  t.ok(peers.runUntil(areAt('a'), 20_000))
  t.notOk(areAt('b')())
  const lacking = new Set(late.filter((key) => peers.version('b', key) !== 9).map((key) => peers.place(key).token))
  t.equal(underReplicated(peers), lacking.size, 'it counts as under-replicated until then')
  t.ok(peers.runUntil(areAt('b'), 2_500))
  t.ok(peers.runUntil(isRepaired(peers), 5_000))
})

test('a write that an owner missed is there after the next comparison', async (t) => {
  const peers = new Peers({ names: ['a', 'b'] })
  peers.claim()
  for (const key of keys) peers.write(coordinatorOf(peers, key), key, 1)
  t.ok(peers.runUntil(isRepaired(peers), 3_000))
  const key = keys.find((name) => coordinatorOf(peers, name) === 'a') as string
  peers.put('a', key, { version: 2 })
  peers.node('a').parts.repair.ownerMissed(peers.place(key).token, 'b')
  t.equal(underReplicated(peers), 1)
  const sent = peers.copiesSent
  t.ok(peers.runUntil(isRepaired(peers), 3_000))
  t.equal(peers.version('b', key), 2)
  t.equal(peers.copiesSent - sent, 1)
})

test('what is lost without anybody noticing is found by the comparison of all', async (t) => {
  const peers = new Peers({ names: ['a', 'b', 'c'], copies: 3 })
  peers.claim()
  for (const key of keys) peers.write(coordinatorOf(peers, key), key, 1)
  t.ok(peers.runUntil(isRepaired(peers), 3_000))
  for (const key of keys.slice(0, 50)) peers.node('c').store.discard(peers.place(key), 1, peers.now)
  for (const key of keys.slice(50, 60)) peers.put('b', key, { version: 3 })
  peers.run(70_000)
  for (const key of keys.slice(0, 50)) t.equal(peers.version('c', key), 1)
  for (const key of keys.slice(50, 60)) for (const name of ['a', 'b', 'c']) t.equal(peers.version(name, key), 3)
})

test('what has not changed since two owners agreed costs nothing, but for a look once a minute', async (t) => {
  const peers = new Peers({ names: ['a', 'b'] })
  peers.claim()
  for (const key of keys) peers.write(coordinatorOf(peers, key), key, 1)
  t.ok(peers.runUntil(isRepaired(peers), 3_000))
  peers.run(12_000)
  const before = peers.node('a').parts.repair.bytesSent
  peers.write('a', keys.find((key) => coordinatorOf(peers, key) === 'a') as string, 2)
  peers.run(30_000)
  t.ok(peers.node('a').parts.repair.bytesSent - before < 200)
})

test('what has changed everywhere is compared by blocks, and only what differs by its tokens', async (t) => {
  const peers = new Peers({ names: ['a', 'b', 'c', 'd', 'e'] })
  const many = Array.from({ length: 20_000 }, (_, index) => `key-${index}`)
  peers.claim()
  for (const key of many) peers.write(coordinatorOf(peers, key), key, 1)
  t.ok(peers.runUntil(isRepaired(peers), 5_000))
  peers.run(12_000)
  const sentBefore = peers.sent.length
  const bytes = (): number => [...peers.nodes.values()].reduce((sum, { parts }) => sum + parts.repair.bytesSent, 0)
  const before = bytes()
  for (const key of many) peers.write(coordinatorOf(peers, key), key, 2)
  const lost = many.slice(0, 5)
  for (const key of lost) {
    const owners = peers.node('a').core.ring.owners(peers.place(key).token)
    peers.node(owners[1] as string).store.discard(peers.place(key), 2, peers.now)
  }
  peers.run(14_000)
  for (const key of lost) {
    for (const owner of peers.node('a').core.ring.owners(peers.place(key).token)) t.equal(peers.version(owner, key), 2)
  }
  t.ok(peers.sent.slice(sentBefore).some(({ request }) => request.type === 'compare-blocks'))
  t.ok(bytes() - before < 40_000, `${bytes() - before} bytes, where a digest for each token would take 160,000`)
  t.equal(underReplicated(peers), 0)
})

test('blocks are not compared under two rings', async (t) => {
  const peers = new Peers({ names: ['a', 'b'] })
  peers.claim()
  const request = { type: 'compare-blocks' as const, ring: 'another', width: 64, sums: [] }
  t.equal(peers.node('b').parts.shelf.serve(request, 'a').type, 'other-ring')
})

test('while writes never let digests be equal, every token is confirmed all the same, and nothing moves', async (t) => {
  const peers = new Peers({ names: ['a', 'b'] })
  const key = keys.find((name) => coordinatorOf(peers, name) === 'a') as string
  peers.claim()
  let version = 0
  const write = (): void => {
    // The coordinator is always one version behind or ahead of its replica.
    peers.put('a', key, { version: version + 1 })
    peers.put('b', key, { version: version + 2 })
    version += 2
    peers.run(7)
    peers.put('a', key, { version })
    peers.put('b', key, { version: version + 1 })
    peers.put('a', `${key}`, { version })
    version++
    peers.run(6)
  }
  const until = peers.now + 5_000
  let confirmed = false
  while (peers.now < until && !confirmed) {
    write()
    confirmed = underReplicated(peers) === 0
  }
  t.ok(confirmed, 'it does not stay under-replicated')
  const before = peers.sent.length
  for (const end = peers.now + 60_000; peers.now < end; ) write()
  t.ok(listsSince(peers, before) <= 6 * 8, `${listsSince(peers, before)} lists in a minute`)
})

test('entries that expire now here and now there cause hardly any traffic and do not come back', async (t) => {
  const peers = new Peers({ names: ['a', 'b'] })
  peers.claim()
  t.ok(peers.runUntil(isRepaired(peers), 3_000))
  for (const [index, key] of keys.entries()) {
    peers.put('a', key, { version: 1, ttlMs: 9_000 + index * 10 })
    peers.put('b', key, { version: 1, ttlMs: 9_000 + index * 10 + ((index * 37) % 500) - 250 })
  }
  const expired = new Set<string>()
  for (const end = peers.now + 15_000; peers.now < end; ) {
    peers.run(100)
    for (const { name, store } of peers.nodes.values()) {
      store.sweep(peers.now, 1_000)
      for (const key of keys) {
        if (peers.version(name, key) === undefined) expired.add(name + key)
        else if (expired.has(name + key)) t.fail(`${key} came back to ${name}`)
      }
    }
  }
  t.equal(expired.size, 2 * keys.length)
  t.ok(peers.copiesSent <= keys.length / 30, `${peers.copiesSent} copies were sent`)
  t.ok(isRepaired(peers)())
})

test('a restarted owner is filled again, one that died no more', async (t) => {
  const peers = new Peers({ names: ['a', 'b'] })
  peers.claim()
  for (const key of keys) peers.write(coordinatorOf(peers, key), key, 1)
  t.ok(peers.runUntil(isRepaired(peers), 3_000))
  const own = keys.filter((key) => coordinatorOf(peers, key) === 'a')
  peers.start('b')
  peers.ring(['a', 'b'])
  t.ok(underReplicated(peers) > 0)
  t.ok(peers.runUntil(isRepaired(peers), 5_000))
  for (const key of own) t.equal(peers.version('b', key), 1)
  peers.node('b').isCutOff = true
  peers.status('b', 'dead')
  peers.ring(['a'])
  t.equal(peers.node('a').parts.repair.underReplicatedTokens, 0, 'one node has no other to hold copies')
})

test('a replica that cannot take more is not offered the same again and again', async (t) => {
  const peers = new Peers({ names: ['a', 'b'], bytesMax: 16 * 1_048_576 })
  peers.claim()
  const own = keys.filter((key) => coordinatorOf(peers, key) === 'a')
  // Longer than any content type that a store takes over: an entry that can never be held.
  const refused = own[0] as string
  peers.write('a', own[1] as string, 1)
  t.ok(peers.runUntil(isRepaired(peers), 3_000))
  const { apply } = peers.node('b').store
  peers.node('b').store.apply = (place, change, now) =>
    change.version === 66 ? 'full' : apply.call(peers.node('b').store, place, change, now)
  peers.put('a', refused, { version: 66 })
  peers.run(25_000)
  const before = { sent: peers.sent.length, copies: peers.copiesSent }
  peers.run(60_000)
  t.equal(listsSince(peers, before.sent), 0)
  t.equal(peers.copiesSent - before.copies, 0)
})

test('what a replica alone has comes to its coordinator, also when the replica has looked at all that is there', async (t) => {
  const peers = new Peers({ names: ['a', 'b'] })
  const [token, key = ''] = [...crowded.entries()].flatMap(([token, [key = '']]) =>
    coordinatorOf(peers, key) === 'a' ? [token, key] : [],
  ) as [number, string]
  peers.claim()
  peers.write('a', key, 1)
  t.ok(peers.runUntil(isRepaired(peers), 3_000))
  peers.run(12_000)
  peers.bury('b', key, 2)
  // The answers to these comparisons are lost.
  const compare = () => {
    const digests = [{ token, ...peers.node('a').store.digest(token) }]
    return peers.node('b').parts.shelf.serve({ type: 'compare', digests }, 'a')
  }
  t.match(compare(), { differing: [{ token }], known: [] })
  t.match(compare(), { differing: [{ token }], known: [] })
  peers.run(200)
  t.match(compare(), { differing: [], known: [{ token }] }, 'b has listed what a has, and lacks nothing')
  t.ok(peers.runUntil(() => peers.version('a', key) === -2, 75_000))
  t.equal(underReplicated(peers), 0)
})

test('a token of which a replica will take nothing is confirmed, and compared no more until it changes', async (t) => {
  const peers = new Peers({ names: ['a', 'b'] })
  const key = keys.find((name) => coordinatorOf(peers, name) === 'a') as string
  peers.claim()
  const { store } = peers.node('b')
  const { apply } = store
  store.apply = (place, change, now) => (change.version === 66 ? 'full' : apply.call(store, place, change, now))
  peers.put('a', key, { version: 66 })
  peers.run(25_000)
  t.equal(underReplicated(peers), 0, 'there is nothing that could be done')
  const before = peers.sent.length
  peers.run(55_000)
  const isOfIt = ({ token }: { token: number }) => token === peers.place(key).token
  const compared = peers.sent
    .slice(before)
    .filter(({ request }) => request.type === 'compare' && request.digests.some(isOfIt))
  t.ok(compared.length <= 1, `compared ${compared.length} times, with the look that all tokens get once a minute`)
})

test('property: whatever two nodes hold, both end with the highest version of each key, by as few copies as differ', async (t) => {
  const held = fc.option(fc.record({ version: fc.integer({ min: 1, max: 4 }), isDeleted: fc.boolean() }), {
    nil: undefined,
    freq: 3,
  })
  const pairs = fc.array(fc.tuple(held, held), { minLength: 1, maxLength: 60 })
  holds(
    t,
    'both hold the same',
    fc.property(pairs, fc.integer({ min: 1, max: 30 }), fc.boolean(), (contents, spread, isSynced) => {
      const peers = new Peers({ names: ['a', 'b'], settings: { pageBytesMax: 600 } })
      // Few tokens, so that some have many keys.
      const names = contents.map((_, index) => crowded[index % spread]?.[index] as string)
      const expected = contents.map(([a, b], index) => {
        const key = names[index] as string
        const put = (name: string, side: typeof a): void => {
          // One version is one write: it is a deletion everywhere or nowhere.
          if (side === undefined) return
          if (side.version % 2 === 0) peers.bury(name, key, side.version)
          else peers.put(name, key, { version: side.version })
        }
        put('a', a)
        put('b', b)
        const highest = Math.max(a?.version ?? 0, b?.version ?? 0)
        return highest === 0 ? undefined : highest % 2 === 0 ? -highest : highest
      })
      const differing = contents.filter(([a, b]) => a?.version !== b?.version).length
      if (isSynced) peers.claim()
      else
        for (const node of peers.nodes.values())
          for (let token = 0; token < 16_384; token++) {
            if (node.core.ring.coordinator(token) === node.name) node.holder.tokens.add(token)
          }
      if (!peers.runUntil(() => peers.now > 2_000 && isRepaired(peers)(), 30_000)) return false
      peers.run(1_000)
      return (
        peers.copiesSent <= differing &&
        expected.every((version, index) =>
          ['a', 'b'].every((name) => peers.version(name, names[index] as string) === version),
        )
      )
    }),
    40,
  )
})

/** keysOfTokens finds keys that share a few tokens. */
function keysOfTokens(tokens: number, keysEach: number): string[][] {
  const lists: string[][] = Array.from({ length: tokens }, () => [])
  for (let index = 0; lists.some(({ length }) => length < keysEach); index++) {
    const list = lists[tokenOf(`k${index}`, seed)]
    if (list !== undefined && list.length < keysEach) list.push(`k${index}`)
  }
  return lists
}
