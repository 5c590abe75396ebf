import { execFileSync } from 'node:child_process'
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

/** Some 10 kB go with each of 10,000 scopes, of which 8 are open at a time. Prints the most that grew old meanwhile. */
const littering = `
  import { getHeapSpaceStatistics } from 'node:v8'
  import { Deadlines } from ${address('deadlines')}
  import { Scopes } from ${address('scopes')}
  const scopes = new Scopes(new Deadlines())
  const ends = []
  const turn = async (times) => {
    for (let time = 0; time < times; time++) {
      const things = Array.from({ length: 100 }, (_, index) => ({ index, more: [index] }))
      scopes.within({ timeoutMs: 60_000 }, (scope) => {
        scope.enter(() => things.length)
        return new Promise((resolve) => ends.push(resolve))
      })
      if (ends.length > 8) ends.shift()()
      await undefined
    }
  }
  const oldBytes = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space').space_used_size
  await turn(3_000)
  // What is open now goes to the old generation, with all that holds it.
  for (let time = 0; time < 3; time++) gc({ type: 'minor' })
  const before = oldBytes()
  let most = 0
  for (let time = 0; time < 20; time++) {
    await turn(500)
    most = Math.max(most, oldBytes() - before)
  }
  console.log(most)
  process.exit()
`

/** A young generation that neither grows nor shrinks: what is kept depends on the scopes alone. */
const flags = ['--expose-gc', '--min-semi-space-size=16', '--max-semi-space-size=16', '--input-type=module', '--eval']

test('what ended scopes leave behind is gone with the young generation', async (t) => {
  const most = Number(execFileSync(process.execPath, [...flags, littering], { env: {} }))
  t.ok(most < 4_000_000, `${most} bytes of 100 MB were kept`)
})

function address(module: string): string {
  return JSON.stringify(new URL(import.meta.resolve(`#sdk/${module}.js`)).href)
}
