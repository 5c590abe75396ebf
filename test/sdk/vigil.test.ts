import { test } from 'tap'
import { lateCallsMax, roundCalls, trialCalls, Vigil } from '#sdk/vigil.js'

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

/** A round of lone calls: how long the usual ones took, and those of the trial at its end. */
function round(vigil: Vigil, usualMs: number, trialMs: number): void {
  for (let call = 0; call < roundCalls - trialCalls; call++) vigil.ended(usualMs)
  for (let call = 0; call < trialCalls; call++) vigil.ended(trialMs)
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

test('the way that was quicker in a round is the one of the next', (t) => {
  const rows: readonly [usualMs: number, trialMs: number, isAwakeUsual: boolean][] = [
    [0.03, 0.06, true],
    // A gain of less than a tenth is not worth the processor time.
    [0.058, 0.06, false],
    // Asleep is usual now, and the trial is awake.
    [0.06, 0.059, false],
    [0.06, 0.03, true],
    [0.5, 0.4, false],
  ]
  const { vigil } = vigilOf()
  t.ok(vigil.isAwakeUsual)
  for (const [usualMs, trialMs, isAwakeUsual] of rows) {
    round(vigil, usualMs, trialMs)
    t.equal(vigil.isAwakeUsual, isAwakeUsual, `usual ${usualMs} ms, trial ${trialMs} ms`)
  }
  t.end()
})

test('one call that took long for another reason does not decide a round', (t) => {
  const { vigil } = vigilOf()
  for (let call = 0; call < roundCalls - trialCalls - 1; call++) vigil.ended(0.03)
  vigil.ended(5_000)
  for (let call = 0; call < trialCalls; call++) vigil.ended(0.06)
  t.ok(vigil.isAwakeUsual)
  t.end()
})

test('the trial of a round sleeps where staying awake is usual', async (t) => {
  const { vigil, state } = vigilOf()
  for (let call = 0; call < roundCalls - trialCalls; call++) vigil.ended(0.03)
  vigil.begin(state.now)
  await settled()
  t.equal(state.looks, 0)
})

test('calls that come late again and again end it for a round, since others want the processor', (t) => {
  const { vigil } = vigilOf()
  for (let call = 1; call < lateCallsMax; call++) vigil.ended(2)
  t.ok(vigil.isAwakeUsual)
  vigil.ended(2)
  t.notOk(vigil.isAwakeUsual)
  for (let call = 0; call < lateCallsMax; call++) vigil.ended(2)
  round(vigil, 0.06, 0.03)
  t.notOk(vigil.isAwakeUsual, 'as crowded as before')
  round(vigil, 0.06, 0.03)
  t.ok(vigil.isAwakeUsual, 'idle again')
  t.end()
})

test('over a network slower than that the process sleeps', (t) => {
  const { vigil } = vigilOf()
  for (let call = 0; call < roundCalls * 3; call++) vigil.ended(0.4)
  t.notOk(vigil.isAwakeUsual)
  t.end()
})
