import { execFileSync } from 'node:child_process'
import { test } from 'tap'

const address = JSON.stringify(new URL(import.meta.resolve('#sdk/lane/ticks.js')).href)

/**
 * Prints how many times as long ticks take once garbage was collected while none was under way. They are measured in
 * microtasks, which that does not touch: the machine may be slower by then.
 */
const collecting = `
  import { keepTicksFast } from ${address}
  const turns = (soon) => new Promise((resolve) => {
    let left = 1_000
    const turn = () => (left-- > 0 ? soon(turn, left) : resolve())
    turn()
  })
  const durationOf = async (soon) => {
    const before = performance.now()
    await turns(soon)
    return performance.now() - before
  }
  const cost = async () => {
    let ticksMs = Infinity
    let microtasksMs = Infinity
    for (let round = 0; round < 500; round++) {
      ticksMs = Math.min(ticksMs, await durationOf(process.nextTick))
      microtasksMs = Math.min(microtasksMs, await durationOf(queueMicrotask))
    }
    return ticksMs / microtasksMs
  }
  keepTicksFast()
  const before = await cost()
  for (let time = 0; time < 10; time++) {
    await new Promise((resolve) => setTimeout(resolve, 1))
    gc()
  }
  console.log((await cost()) / before)
`

test('a tick costs no more after collections that found none under way', async (t) => {
  const flags = ['--expose-gc', '--input-type=module', '--eval']
  const times = Number(execFileSync(process.execPath, [...flags, collecting], { env: {} }))
  t.ok(times < 2, `${times} times as much`)
})

/** Prints whether what a caller is in the middle of lives on. */
const asking = `
  import { AsyncLocalStorage } from 'node:async_hooks'
  import { keepTicksFast } from ${address}
  const contexts = new AsyncLocalStorage()
  const context = await (async () => {
    const own = { of: 'a request' }
    contexts.run(own, keepTicksFast)
    return new WeakRef(own)
  })()
  for (let time = 0; time < 5; time++) {
    await new Promise((resolve) => setTimeout(resolve, 1))
    gc()
  }
  console.log(context.deref() === undefined)
`

test('the tick that is held holds nothing of the caller', async (t) => {
  const flags = ['--expose-gc', '--input-type=module', '--eval']
  t.equal(
    execFileSync(process.execPath, [...flags, asking], { env: {} })
      .toString()
      .trim(),
    'true',
  )
})
