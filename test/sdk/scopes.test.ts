import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { test } from 'tap'
import { Deadlines } from '#sdk/deadlines.js'
import type { Scope } from '#sdk/scope.js'
import { Scopes } from '#sdk/scopes.js'

const limits = { timeoutMs: 60_000 }

/** Opens a scope that is open until it is told otherwise. */
function opened(scopes: Scopes): { scope: Scope; end: () => void; ended: Promise<void> } {
  let scope: Scope | undefined
  let end = () => {}
  const ended = scopes.within(limits, (own) => {
    scope = own
    return new Promise<void>((resolve) => {
      end = resolve
    })
  })
  return { scope: scope as unknown as Scope, end, ended }
}

test('all that are open are interrupted, and none that is not, in whatever order others ended', async (t) => {
  for (const ends of fc.sample(fc.array(fc.nat(99), { maxLength: 60 }), 50)) {
    const scopes = new Scopes(new Deadlines())
    const open = new Set(Array.from({ length: 40 }, () => opened(scopes)))
    const gone: Scope[] = []
    for (const at of ends) {
      const all = [...open]
      const one = all[at % Math.max(1, all.length)]
      if (one === undefined) continue
      open.delete(one)
      gone.push(one.scope)
      one.end()
      if (at % 3 === 0) await one.ended
      if (at % 7 === 0) open.add(opened(scopes))
    }
    await new Promise((resolve) => setImmediate(resolve))
    if (scopes.size !== open.size) t.equal(scopes.size, open.size, String(ends))
    scopes.interruptAll()
    for (const { scope } of open) if (scope.interruption?.type !== 'closed') t.fail(`one is left: ${ends}`)
    for (const scope of gone) if (scope.interruption !== undefined) t.fail(`one that had ended is told: ${ends}`)
    for (const { end } of open) end()
  }
  t.pass('50 orders')
})

test('what ended scopes leave behind is gone with the young generation', async (t) => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as (options: { type: 'minor' }) => void
  const scopes = new Scopes(new Deadlines())
  const open: ReturnType<typeof opened>[] = []
  /** One ends, another begins that has some 10 kB with it: 64 are open at a time. */
  const turn = async (times: number) => {
    for (let time = 0; time < times; time++) {
      const one = opened(scopes)
      const things = Array.from({ length: 100 }, (_, index) => ({ index, more: [index] }))
      one.scope.enter(() => things.length)
      open.push(one)
      if (open.length <= 64) continue
      open.shift()?.end()
      await undefined
    }
  }
  await turn(3_000)
  // What is open now goes to the old generation, with all that holds it.
  for (let time = 0; time < 3; time++) gc({ type: 'minor' })
  const before = oldBytes()
  let most = 0
  for (let time = 0; time < 20; time++) {
    await turn(500)
    most = Math.max(most, oldBytes() - before)
  }
  t.ok(most < 5_000_000, `${most} bytes of 100 MB were kept`)
  for (const { end } of open) end()
})

function oldBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')?.space_used_size ?? 0
}
