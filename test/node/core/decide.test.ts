import { test } from 'tap'
import type { TokenState } from '#node/copies/parts.js'
import { type Answers, decide, type Origin } from '#node/core/decide.js'

const here = { type: 'here' }
const wait = { type: 'wait' }
const passOn = { type: 'pass-on' }
const wrongOwner = { type: 'refuse', code: 'RINGHOLD_WRONG_OWNER', owner: 'a' }
const notReady = { type: 'refuse', code: 'RINGHOLD_NOT_READY' }

test('who executes a command follows from what the node is to the token and who asks', async (t) => {
  const table: [origin: Origin, self: string, state: TokenState, expected: object][] = [
    ...(['plain', 'direct', 'failover', 'forwarded'] as const).flatMap((origin): typeof table => [
      [origin, 'a', 'held', here],
      [origin, 'b', 'provisional', here],
      [origin, 'z', 'held', here],
      [origin, 'a', 'claiming', wait],
      [origin, 'a', 'none', wait],
    ]),
    ['plain', 'b', 'none', passOn],
    ['plain', 'z', 'none', passOn],
    ['direct', 'b', 'none', passOn],
    ['direct', 'z', 'none', wrongOwner],
    ['failover', 'b', 'none', passOn],
    ['failover', 'z', 'none', wrongOwner],
    ['forwarded', 'b', 'none', wrongOwner],
    ['forwarded', 'z', 'none', wrongOwner],
  ]
  for (const [origin, self, state, expected] of table) {
    const decision = decide({ self, answers: 'yes', origin, state, owners: ['a', 'b'] })
    t.match(decision, expected, `${origin} at ${self}, ${state}`)
  }
})

test('a node that may not speak for its fleet refuses, whatever it holds', async (t) => {
  for (const answers of ['joining', 'fenced'] satisfies Answers[]) {
    t.match(decide({ self: 'a', answers, origin: 'direct', state: 'held', owners: ['a', 'b'] }), notReady)
  }
  t.match(decide({ self: 'a', answers: 'yes', origin: 'plain', state: 'none', owners: [] }), notReady)
})
