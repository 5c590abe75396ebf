import { AwakeClock } from '@ringhold/sdk/membership'
import { test } from 'tap'
import { Fence } from '#node/membership/fence.js'
import { Health } from '#node/membership/health.js'
import { Investigation, type Missed, type Step } from '#node/membership/investigation.js'
import { defaultSettings, rumourBudget, settingsOf, spreadMs, syncPauseMs } from '#node/membership/settings.js'
import { Suspicion, suspicionMs } from '#node/membership/suspicion.js'

test('a suspicion lasts the shorter the more confirm it, and the longer the larger the fleet', async (t) => {
  const rows: [accusers: number, members: number, ms: number][] = [
    [1, 2, 1_000], // nobody could confirm
    [1, 3, 3_000],
    [2, 3, 1_000], // the only other one does
    [1, 5, 3_000],
    [2, 5, 2_000],
    [3, 5, 1_415],
    [4, 5, 1_000],
    [9, 5, 1_000],
    [0, 5, 3_000],
    [1, 10, 3_000],
    [1, 100, 6_000],
    [1, 1_000, 9_000],
    [4, 1_000, 1_000],
  ]
  for (const [accusers, members, ms] of rows) {
    t.equal(suspicionMs(defaultSettings, accusers, members), ms, `${accusers} accusers in a fleet of ${members}`)
  }
})

test('an accuser counts once, and at most four do', async (t) => {
  const suspicion = new Suspicion(1, 0)
  t.same(
    ['a', 'a', 'b', 'c', 'd', 'e'].map((name) => suspicion.accuse(name)),
    [true, false, true, true, true, false],
  )
  t.same(suspicion.accusers, ['a', 'b', 'c', 'd'])
})

test('an investigation probes directly, then through others, and judges by at least three misses', async (t) => {
  type Move = ['begin', Missed | undefined, relays?: number] | ['missed', Missed] | ['relayed', Missed | undefined]
  const rows: [name: string, moves: Move[], steps: Step[]][] = [
    [
      'a crash: refused to us and to one relay',
      [
        ['begin', 'refused'],
        ['missed', 'refused'],
        ['missed', 'refused'],
        ['relayed', 'refused'],
        ['relayed', undefined],
      ],
      ['probe', 'probe-and-ask-relays', 'wait', 'wait', 'dead'],
    ],
    [
      'refused to us alone: no more than a suspect',
      [
        ['begin', 'refused'],
        ['missed', 'refused'],
        ['missed', 'refused'],
        ['relayed', 'silent'],
        ['relayed', undefined],
      ],
      ['probe', 'probe-and-ask-relays', 'wait', 'wait', 'suspect'],
    ],
    [
      'refused to us once only',
      [
        ['begin', undefined],
        ['missed', 'refused'],
        ['missed', 'silent'],
        ['relayed', 'refused'],
        ['relayed', 'refused'],
      ],
      ['probe', 'probe-and-ask-relays', 'wait', 'wait', 'suspect'],
    ],
    [
      'silence for all',
      [
        ['begin', 'silent'],
        ['missed', 'silent'],
        ['relayed', 'silent'],
        ['relayed', 'silent'],
        ['missed', 'silent'],
      ],
      ['probe', 'probe-and-ask-relays', 'wait', 'wait', 'suspect'],
    ],
    [
      'two nodes only, after a hint: a third probe before the verdict',
      [
        ['begin', undefined, 0],
        ['missed', 'silent'],
        ['missed', 'silent'],
        ['missed', 'silent'],
      ],
      ['probe', 'probe-and-ask-relays', 'probe', 'suspect'],
    ],
    [
      'relays that know nothing are no misses',
      [
        ['begin', undefined],
        ['missed', 'silent'],
        ['relayed', undefined],
        ['relayed', undefined],
        ['missed', 'silent'],
        ['missed', 'silent'],
      ],
      ['probe', 'probe-and-ask-relays', 'wait', 'wait', 'probe', 'suspect'],
    ],
  ]
  for (const [name, moves, expected] of rows) {
    const investigation = new Investigation({ name: 'node-2', incarnation: 1 }, 3)
    let relays = 2
    const steps = moves.map((move) => {
      if (move[0] === 'begin') {
        relays = move[2] ?? relays
        return investigation.begin(move[1])
      }
      const step = move[0] === 'missed' ? investigation.missed(move[1]) : investigation.relayed(move[1])
      if (step === 'probe-and-ask-relays') investigation.asked(relays)
      return step
    })
    t.same(steps, expected, name)
  }
})

test('waking time stands still while the loop does', async (t) => {
  const clock = new AwakeClock(1_000, 200)
  const rows: [now: number, awake: number, late: number | undefined][] = [
    [1_100, 1_100, 0],
    [1_250, 1_250, 0], // a tick that is late by less than an interval is in time
    [1_300, 1_300, undefined], // between ticks
    [9_250, 1_450, undefined], // a callback of a socket, before the late timer
    [9_250, 1_450, 7_800],
    [9_350, 1_550, 0],
    [9_400, 1_600, undefined],
  ]
  for (const [now, awake, late] of rows) {
    t.equal(clock.at(now), awake, `${now} is ${awake}`)
    if (late !== undefined) t.equal(clock.tick(now), late, `the tick at ${now} is late by ${late}`)
  }
})

test('the fence comes down by time alone, and lifts with the reply to an exchange that was sent after waking', async (t) => {
  const fence = new Fence(0, 2_500)
  fence.tick(100)
  t.notOk(fence.isDown(2_600))
  t.ok(fence.isDown(2_601), 'asked before anything else ran')
  t.notOk(fence.notice(2_600))
  t.ok(fence.notice(9_000), 'noticed once')
  t.notOk(fence.notice(9_000))
  fence.tick(9_000)
  t.ok(fence.isDown(9_050), 'a tick does not lift it')
  fence.replied(90)
  t.ok(fence.isDown(9_050), 'nor does a reply that had been asked for before')
  fence.replied(9_000)
  t.notOk(fence.isDown(9_050))
})

test('health gets worse with every trouble and better with every round without', async (t) => {
  const health = new Health(3)
  t.equal(health.stretch, 1)
  for (let trouble = 0; trouble < 9; trouble++) health.trouble()
  t.equal(health.stretch, 4, 'bounded')
  health.round()
  t.equal(health.stretch, 4, 'a round with trouble')
  health.round()
  t.equal(health.stretch, 3)
  for (let round = 0; round < 9; round++) health.round()
  t.equal(health.stretch, 1)
})

test('what grows with the fleet grows with its logarithm', async (t) => {
  const rows: [members: number, budget: number, spread: number, pause: number][] = [
    [1, 3, 1_000, 30_000],
    [5, 9, 1_500, 30_000],
    [32, 18, 3_000, 30_000],
    [33, 18, 3_000, 60_000],
    [100, 21, 3_500, 90_000],
    [1_000, 30, 5_000, 180_000],
  ]
  for (const [members, budget, spread, pause] of rows) {
    t.equal(rumourBudget(defaultSettings, members), budget, `transmissions of a rumour among ${members}`)
    t.equal(spreadMs(defaultSettings, members), spread, `time for news to spread among ${members}`)
    t.equal(syncPauseMs(defaultSettings, members), pause, `pause between full exchanges among ${members}`)
  }
})

test('a fence later than the earliest verdict is refused', async (t) => {
  t.throws(() => settingsOf({ fenceAfterMs: 3_000 }), TypeError)
  t.throws(() => settingsOf({ probeTimeoutMs: 500 }), TypeError)
  t.equal(settingsOf({ probeTimeoutMs: 2_000, fenceAfterMs: 4_500 }).fenceAfterMs, 4_500)
})
