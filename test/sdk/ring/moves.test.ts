import { test } from 'tap'
import { moves, Ring, tokenCount } from '#sdk/ring/index.js'

const ringOf = (...names: string[]): Ring => new Ring({ members: names.map((name) => ({ name })), seed: 1 })

test('nothing moves between equal rings', async (t) => {
  t.strictSame(moves(ringOf('a', 'b'), ringOf('b', 'a')), [])
  t.strictSame(moves(ringOf(), ringOf()), [])
})

test('the first member takes everything from nobody, and the last leaves it to nobody', async (t) => {
  const all = Array.from({ length: tokenCount }, (_, token) => token)
  t.strictSame(moves(ringOf(), ringOf('a')), [{ from: undefined, to: 'a', tokens: all }])
  t.strictSame(moves(ringOf('a'), ringOf()), [{ from: 'a', to: undefined, tokens: all }])
})

test('a second member takes from the first what it coordinates', async (t) => {
  const after = ringOf('a', 'b')
  const [move, ...others] = moves(ringOf('a'), after)
  t.strictSame(others, [])
  t.match(move, { from: 'a', to: 'b' })
  t.equal(move?.tokens.length, after.tokensOf().get('b'))
  t.ok(move?.tokens.every((token) => after.coordinator(token) === 'b'))
})

test('moves are exactly the tokens whose coordinator changes, each once, in ascending order', async (t) => {
  const before = ringOf('a', 'b', 'c', 'd', 'e')
  const after = ringOf('a', 'c', 'd', 'e', 'f', 'g')
  const moved = moves(before, after)
  const expected = new Map<number, string>()
  for (let token = 0; token < tokenCount; token++) {
    const [from, to] = [before.coordinator(token), after.coordinator(token)]
    if (from !== to) expected.set(token, `${from}→${to}`)
  }
  for (const { from, to, tokens } of moved) {
    t.ok(tokens.length > 0)
    t.strictSame(
      tokens,
      [...tokens].sort((one, other) => one - other),
    )
    for (const token of tokens) {
      if (expected.get(token) !== `${from}→${to}`) t.fail(`token ${token}: ${from}→${to}`)
      expected.delete(token)
    }
  }
  t.equal(expected.size, 0, 'none is missing')
  t.equal(new Set(moved.map(({ from, to }) => `${from}→${to}`)).size, moved.length, 'one move for each pair')
  const firsts = moved.map(({ tokens }) => tokens[0] as number)
  t.strictSame(
    firsts,
    [...firsts].sort((one, other) => one - other),
    'in order of their first tokens',
  )
})
