import { test } from 'tap'
import { Metronome } from '#node/metronome.js'
import { Upkeep } from '#node/upkeep.js'

const sliceMs = 4
const deadlineMs = 10_000

test('upkeep rests three times as long as its slices take, however much there is to do', async (t) => {
  const begunAt = performance.now()
  let slices = 0
  const isDone = new Promise<void>((resolve) => {
    const upkeep = new Upkeep(
      {
        sweep: () => 0,
        settle: () => {
          const until = performance.now() + sliceMs
          while (performance.now() < until);
          slices++
          if (slices < 10) return true
          upkeep.stop()
          resolve()
          return false
        },
        compact: () => false,
        isFragmented: false,
      },
      new Metronome(),
    )
    upkeep.start()
    t.teardown(() => upkeep.stop())
  })
  await isDone
  const ms = performance.now() - begunAt
  t.ok(ms >= 9 * 4 * sliceMs, `${slices} slices of ${sliceMs} ms in ${ms.toFixed(0)} ms`)
})

test('what is left to do goes on before the next look, and ends with compaction', async (t) => {
  const done: string[] = []
  await new Promise<void>((resolve) => {
    const upkeep = new Upkeep(
      {
        sweep: (_, budget) => (done.push('sweep') === 1 ? budget : 0),
        settle: () => done.push('settle') < 4,
        compact: () => {
          done.push('compact')
          upkeep.stop()
          resolve()
          return false
        },
        isFragmented: true,
      },
      new Metronome(),
    )
    upkeep.start()
    t.teardown(() => upkeep.stop())
  })
  t.same(done, ['sweep', 'sweep', 'settle', 'sweep', 'settle', 'compact'])
})

test('a look that comes while it rests does nothing', (t) => {
  let look = () => {}
  let slices = 0
  const metronome = {
    every: (_: number, play: () => void) => {
      look = play
      return () => {}
    },
  }
  const compact = () => {
    const until = performance.now() + sliceMs
    while (performance.now() < until);
    slices++
    return false
  }
  const upkeep = new Upkeep({ sweep: () => 0, settle: () => false, compact, isFragmented: true }, metronome)
  t.teardown(() => upkeep.stop())
  upkeep.start()
  look()
  const endedAt = performance.now()
  while (slices === 1 && performance.now() < endedAt + deadlineMs) look()
  t.equal(slices, 2, 'once it has rested it works')
  t.ok(performance.now() - endedAt >= 3 * sliceMs)
  t.end()
})
