import { test } from 'tap'
import { Ring, tokenCount } from '#sdk/ring/index.js'
import { namesBy, randomSchemes, usualSchemes } from './names.ts'

const ringOf = (names: readonly string[]): Ring => new Ring({ members: names.map((name) => ({ name })), seed: 7 })

/** What a join costs, as multiples of the two things one can call the unavoidable minimum. */
interface Cost {
  /** Tokens moved by the tokens that the newcomer coordinates afterwards. */
  readonly byShare: number
  /** Tokens moved by an exactly even share. */
  readonly byEvenShare: number
}

function costOfJoin(before: Ring, after: Ring, newcomer: string): Cost {
  let moved = 0
  for (let token = 0; token < tokenCount; token++) if (before.coordinator(token) !== after.coordinator(token)) moved++
  const share = after.tokensOf().get(newcomer) as number
  return { byShare: moved / share, byEvenShare: moved / (tokenCount / after.members.length) }
}

const bars = [
  { members: 5, bar: 1.02 },
  { members: 20, bar: 1.06 },
  { members: 100, bar: 1.2 },
]

const kinds = [
  { kind: 'usual', schemes: usualSchemes },
  { kind: 'random', schemes: randomSchemes },
]

for (const { members, bar } of bars) {
  test(`from ${members} to ${members + 1} members at most ${bar} times what must move does, on average over usual and over random names`, async (t) => {
    for (const { kind, schemes } of kinds) {
      const costs = schemes.map((scheme) => {
        const names = namesBy(scheme, members + 1)
        return costOfJoin(ringOf(names.slice(0, -1)), ringOf(names), names.at(-1) as string)
      })
      for (const minimum of ['byShare', 'byEvenShare'] as const) {
        const values = costs.map((cost) => cost[minimum])
        t.comment(`${kind}, ${minimum}: mean ${mean(values).toFixed(3)}, worst ${Math.max(...values).toFixed(3)}`)
        t.ok(mean(values) <= bar, `${kind}, ${minimum}: ${mean(values)}`)
      }
    }
  })

  test(`from ${members} to ${members + 1} members that are named as the launcher names them the bar of ${bar} holds for itself`, async (t) => {
    const names = namesBy((index) => `node-${index}`, members + 1)
    const { byShare, byEvenShare } = costOfJoin(ringOf(names.slice(0, -1)), ringOf(names), names.at(-1) as string)
    t.ok(byShare <= bar, `by share: ${byShare}`)
    t.ok(byEvenShare <= bar, `by even share: ${byEvenShare}`)
  })

  test(`when one of ${members} leaves, the first replica becomes the owner of at least 97 % of its tokens`, async (t) => {
    for (const { kind, schemes } of kinds) {
      const kept = schemes.map((scheme) => {
        const names = namesBy(scheme, members)
        const before = ringOf(names)
        const leaver = names[Math.floor(members / 2)] as string
        const after = ringOf(names.filter((name) => name !== leaver))
        return failoverShare(before, after, leaver)
      })
      t.comment(`${kind}: mean ${mean(kept).toFixed(4)}, worst ${Math.min(...kept).toFixed(4)}`)
      t.ok(mean(kept) >= 0.97, `${kind}: ${mean(kept)}`)
    }
  })
}

test('a member that joins and leaves again changes nothing', async (t) => {
  const before = ringOf(['a', 'b', 'c'])
  t.equal(ringOf(['a', 'b', 'c', 'd'].filter((name) => name !== 'd')).checksum, before.checksum)
})

test('taking the hash modulo the number of members, as the naive way, moves about four of five keys where the ring moves one of six', async (t) => {
  const before = ringOf(namesBy((index) => `node-${index}`, 5))
  const after = ringOf(namesBy((index) => `node-${index}`, 6))
  const keys = Array.from({ length: 20_000 }, (_, index) => `key:${index}`)
  const byRing = keys.filter((key) => before.coordinator(before.token(key)) !== after.coordinator(after.token(key)))
  const byModulo = keys.filter((key) => before.token(key) % 5 !== before.token(key) % 6)
  t.ok(byModulo.length / keys.length > 0.8, `modulo: ${byModulo.length / keys.length}`)
  t.ok(byRing.length / keys.length < 0.175, `ring: ${byRing.length / keys.length}`)
})

function failoverShare(before: Ring, after: Ring, leaver: string): number {
  let tokens = 0
  let toReplica = 0
  for (let token = 0; token < tokenCount; token++) {
    const [coordinator, replica] = before.owners(token)
    if (coordinator !== leaver) continue
    tokens++
    if (after.coordinator(token) === replica) toReplica++
  }
  return toReplica / tokens
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
