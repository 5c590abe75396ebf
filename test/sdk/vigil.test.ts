import { test } from 'tap'
import { countedMsMax, roundCalls, usualRoundsMax, Vigil } from '#sdk/vigil.js'

/** A vigil on a clock that moves by `stepMs` with each look at it. */
function vigilOf({ awakeMs = 10, stepMs = 1 } = {}) {
  const state = { now: 0, looks: 0, isLone: true }
  const vigil = new Vigil({
    awakeMs,
    isLone: () => state.isLone,
    now: () => {
      state.looks++
      state.now += stepMs
      return state.now
    },
  })
  return { vigil, state }
}

/** Resolves when the event loop has turned so often that no vigil can be on any more. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** How long a call takes that is done in this way, by its number. */
type Took = (isAwake: boolean, call: number) => number

/** Does lone calls one after another, and returns which share of them was awake. */
function awakeShare(vigil: Vigil, rounds: number, took: Took): number {
  let awake = 0
  for (let call = 0; call < rounds * roundCalls; call++) {
    const { isAwake } = vigil
    if (isAwake) awake++
    vigil.ended(took(isAwake, call))
  }
  return awake / (rounds * roundCalls)
}

/** Calls that always take so long. */
function always(awakeMs: number, asleepMs: number): Took {
  return (isAwake) => (isAwake ? awakeMs : asleepMs)
}

/** The same, some of them late: one in so many. */
function late(usual: Took, oneIn: { readonly awake: number; readonly asleep: number }): Took {
  return (isAwake, call) => (call % (isAwake ? oneIn.awake : oneIn.asleep) === 0 ? 3 : usual(isAwake, call))
}

/** The lengths of what follows one another, awake and asleep in turns, in calls. */
function stretches(vigil: Vigil, count: number, took: Took): number[] {
  const lengths: number[] = []
  for (let stretch = 0; stretch < count; stretch++) {
    const { isAwake } = vigil
    let calls = 0
    for (; vigil.isAwake === isAwake; calls++) vigil.ended(took(isAwake, calls))
    lengths.push(calls)
  }
  return lengths
}

test('a lone call keeps the loop turning until its bound, and no longer', async (t) => {
  const { vigil, state } = vigilOf({ awakeMs: 10, stepMs: 1 })
  vigil.begin(state.now)
  await settled()
  t.equal(state.looks, 10)
})

test('the loop may sleep as soon as the call is not the only one under way any more', async (t) => {
  const { vigil, state } = vigilOf({ awakeMs: 1_000 })
  vigil.begin(state.now)
  await new Promise((resolve) => setImmediate(resolve))
  state.isLone = false
  await settled()
  t.ok(state.looks <= 2, `${state.looks} turns`)
})

test('calls one after another share the turns of one vigil', async (t) => {
  const { vigil, state } = vigilOf({ awakeMs: 10, stepMs: 1 })
  for (let call = 0; call < 100; call++) vigil.begin(state.now)
  await settled()
  t.equal(state.looks, 10)
})

test('a bound of 0 never keeps anything awake', async (t) => {
  const { vigil, state } = vigilOf({ awakeMs: 0 })
  vigil.begin(state.now)
  await settled()
  t.equal(state.looks, 0)
})

test('the way that is quicker is nearly always taken, at every speed', (t) => {
  const rows: readonly [what: string, took: Took, isAwake: boolean][] = [
    ['twice as quick', always(0.03, 0.06), true],
    ['a gain of less than a tenth is not worth the processor time', always(0.058, 0.06), false],
    ['slower', always(0.06, 0.04), false],
    ['a network slower than the bound', always(0.4, 0.4), false],
    ['late calls on both sides come from the machine', late(always(0.05, 0.1), { awake: 100, asleep: 100 }), true],
    ['late calls awake: others want the processor', late(always(0.05, 0.06), { awake: 100, asleep: 1_000 }), false],
    ['late calls asleep', late(always(0.06, 0.06), { awake: 1_000, asleep: 100 }), true],
  ]
  for (const [what, took, isAwake] of rows) {
    const { vigil } = vigilOf()
    awakeShare(vigil, 100, took)
    const share = awakeShare(vigil, 100, took)
    t.ok(isAwake ? share > 0.95 : share < 0.05, `${what}: ${share} of all calls awake`)
  }
  t.end()
})

test('the other way is tried after one round, and where that changes nothing after 2, 4, … up to 32', (t) => {
  const { vigil } = vigilOf()
  const lengths = stretches(vigil, 14, always(0.03, 0.06))
  const usual = lengths.filter((_, index) => index % 2 === 0).map((calls) => calls / roundCalls)
  t.strictSame(usual, [1, 2, 4, 8, 16, usualRoundsMax, usualRoundsMax])
  const trials = lengths.filter((_, index) => index % 2 === 1)
  for (const calls of trials) t.ok(calls < roundCalls * 0.6, `it has lost after ${calls} calls`)
  t.end()
})

test('a call that took long for another reason decides nothing', (t) => {
  const { vigil } = vigilOf()
  stretches(vigil, 12, always(0.03, 0.06))
  t.strictSame(
    stretches(vigil, 1, (_, call) => (call === 100 ? 5_000 : 0.03)),
    [usualRoundsMax * roundCalls],
  )
  t.ok(countedMsMax < 5_000)
  t.end()
})

test('when others come to want the processor it sleeps within three rounds, and is awake again when they are gone', (t) => {
  const { vigil } = vigilOf()
  const idle = always(0.04, 0.09)
  const crowded = late(always(0.04, 0.06), { awake: 20, asleep: 200 })
  awakeShare(vigil, 100, idle)
  t.ok(vigil.isAwake)
  awakeShare(vigil, 3, crowded)
  t.ok(awakeShare(vigil, 50, crowded) < 0.1)
  awakeShare(vigil, usualRoundsMax + 1, idle)
  t.ok(awakeShare(vigil, 50, idle) > 0.9)
  t.end()
})

test('the round of the other way sleeps where staying awake is usual', async (t) => {
  const { vigil, state } = vigilOf()
  for (let call = 0; call < roundCalls; call++) vigil.ended(0.03)
  t.notOk(vigil.isAwake)
  vigil.begin(state.now)
  await settled()
  t.equal(state.looks, 0)
})
