import { test } from 'tap'
import { Upkeep } from '#node/upkeep.js'

const sliceMs = 4

test('upkeep rests three times as long as its slices take, however much there is to do', async (t) => {
  const begunAt = performance.now()
  let slices = 0
  const isDone = new Promise<void>((resolve) => {
    const upkeep = new Upkeep({
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
    })
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
    const upkeep = new Upkeep({
      sweep: (_, budget) => (done.push('sweep') === 1 ? budget : 0),
      settle: () => done.push('settle') < 4,
      compact: () => {
        done.push('compact')
        upkeep.stop()
        resolve()
        return false
      },
      isFragmented: true,
    })
    upkeep.start()
    t.teardown(() => upkeep.stop())
  })
  t.same(done, ['sweep', 'sweep', 'settle', 'sweep', 'settle', 'compact'])
})
