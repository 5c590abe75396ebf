import { test } from 'tap'
import { Ring, tokenCount } from '#sdk/ring/index.js'
import { nameSchemes, namesBy, numbersFrom } from './names.ts'

const ringOf = (names: readonly string[], copies = 2): Ring =>
  new Ring({ members: names.map((name) => ({ name })), seed: 7, copies })

const fullest = (counts: ReadonlyMap<string, number>): number => Math.max(...counts.values())

test('the fullest member coordinates at most 1.05 times the mean, whatever the members are called', async (t) => {
  for (const size of [2, 3, 5, 6, 20, 21, 100, 101]) {
    const shares = nameSchemes.map((scheme) => fullest(ringOf(namesBy(scheme, size)).tokensOf()) / (tokenCount / size))
    const worst = Math.max(...shares)
    t.comment(`${size} members: fullest ${mean(shares).toFixed(3)} × the mean, worst names ${worst.toFixed(3)}`)
    t.ok(worst <= 1.05, `${size} members: ${worst}`)
  }
})

test('the fullest member holds at most 1.05 times the mean as a replica too', async (t) => {
  for (const size of [5, 20, 100]) {
    const ring = ringOf(
      namesBy((index) => `node-${index}`, size),
      3,
    )
    for (const rank of [0, 1, 2]) {
      const share = fullest(ring.tokensOf(rank)) / (tokenCount / size)
      t.ok(share <= 1.05, `${size} members, rank ${rank}: ${share}`)
    }
  }
})

test('where the mean is a few tokens, the fullest member has the next whole number of them', async (t) => {
  const ring = ringOf(namesBy((index) => `node-${index}`, 1000))
  t.equal(fullest(ring.tokensOf()), 17, 'mean 16.4 at 1,000 members')
  t.equal(fullest(ring.tokensOf(1)), 17)
})

test('a million random keys on five members: the fullest holds at most 1.06 times the mean', async (t) => {
  const keys = 1_000_000
  const random = numbersFrom(2026)
  const rings = nameSchemes.slice(0, 5).map((scheme) => ringOf(namesBy(scheme, 5)))
  const counts = rings.map(() => new Map<string, number>())
  for (let made = 0; made < keys; made++) {
    const key = `user:${Math.floor(random() * 2 ** 32).toString(36)}:${made & 7}`
    for (const [at, ring] of rings.entries()) {
      const owner = ring.coordinator(ring.token(key)) as string
      const count = counts[at] as Map<string, number>
      count.set(owner, (count.get(owner) ?? 0) + 1)
    }
  }
  const shares = counts.map((count) => fullest(count) / (keys / 5))
  t.comment(`fullest ${mean(shares).toFixed(4)} × the mean, worst names ${Math.max(...shares).toFixed(4)}`)
  for (const share of shares) t.ok(share <= 1.06, String(share))
})

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
