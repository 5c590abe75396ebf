import { type Test, test } from 'tap'
import { beatMs, Metronome } from '#node/metronome.js'

/** A metronome whose beats the test gives, and the timers that it holds. */
function metronomeOf(t: Test) {
  const timers = new Map<object, () => void>()
  t.intercept(globalThis, 'setInterval', {
    value: (run: () => void, ms: number) => {
      t.equal(ms, beatMs)
      const timer = {}
      timers.set(timer, run)
      return timer
    },
  })
  t.intercept(globalThis, 'clearInterval', { value: (timer: object) => timers.delete(timer) })
  const beat = (times = 1) => {
    for (let count = 0; count < times; count++) for (const run of timers.values()) run()
  }
  return { metronome: new Metronome(), timers, beat }
}

test('what is done now and then shares one timer', async (t) => {
  const { metronome, timers, beat } = metronomeOf(t)
  const played: string[] = []
  metronome.every(100, () => played.push('often'))
  metronome.every(500, () => played.push('rarely'))
  t.equal(timers.size, 1)
  beat(10)
  const often = ['often', 'often', 'often', 'often', 'often']
  t.strictSame(played, [...often, 'rarely', ...often, 'rarely'], 'on a beat that both share, in the order they came in')
})

test('a part that comes in late waits no longer than its interval', async (t) => {
  const { metronome, beat } = metronomeOf(t)
  metronome.every(100, () => {})
  beat(3)
  let beats = 0
  let isPlayed = false
  metronome.every(500, () => {
    isPlayed = true
  })
  for (; !isPlayed && beats < 5; beats++) beat()
  t.ok(isPlayed, `after ${beats} beats`)
})

test('an interval is a whole number of beats, one at least', async (t) => {
  const { metronome, beat } = metronomeOf(t)
  const played = { 1: 0, 240: 0, 260: 0 }
  metronome.every(1, () => played[1]++)
  metronome.every(240, () => played[240]++)
  metronome.every(260, () => played[260]++)
  beat(6)
  t.strictSame(played, { 1: 6, 240: 3, 260: 2 })
})

test('there is a timer as long as there is a part, and no longer', async (t) => {
  const { metronome, timers, beat } = metronomeOf(t)
  t.equal(timers.size, 0)
  let plays = 0
  const endFirst = metronome.every(100, () => plays++)
  const endSecond = metronome.every(100, () => endFirst())
  beat()
  beat()
  t.equal(plays, 1, 'a part may end another in a beat')
  endSecond()
  t.equal(timers.size, 0)
  endSecond()
  metronome.every(100, () => plays++)
  beat()
  t.strictSame([timers.size, plays], [1, 2], 'and may be begun again')
})
