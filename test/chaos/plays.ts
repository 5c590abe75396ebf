/** Scenarios of `npm run chaos` in their short versions, as tests. */
import t, { test } from 'tap'
import { Network } from '#chaos/network.js'
import { tableOf } from '#chaos/per-second.js'
import { runScenario } from '#chaos/scenario.js'
import { scenarioOf } from '#chaos/scenarios/index.js'

/** Many times what a play takes where it has the cores for itself. */
const timeoutMs = 600_000

/** plays makes each scenario a test, one after another. */
export function plays(...names: readonly string[]): void {
  playAll(names, 1)
}

/** playsTwoAtOnce does the same for scenarios that wait for most of their time, and do not count how soon clients are served. */
export function playsTwoAtOnce(...names: readonly string[]): void {
  playAll(names, 2)
}

/** What needs a network of its own is left out where this process may not make one. */
function playAll(names: readonly string[], atOnce: number): void {
  t.setTimeout(timeoutMs * names.length)
  t.jobs = atOnce
  for (const { name, title, needsNetwork = false, play } of names.map(scenarioOf)) {
    test(`${name}: ${title}`, { timeout: timeoutMs, buffered: atOnce > 1 }, async (t) => {
      if (needsNetwork && !(await Network.isPossible())) {
        t.pass('left out: it needs root, ip and iptables')
        return
      }
      const run = await runScenario({ name, title, play }, { isLong: false, log: () => undefined })
      for (const { promise, isKept, seen } of run.checks) t.ok(isKept, `${promise}: ${JSON.stringify(seen)}`)
      t.ok(run.passed)
      t.comment(JSON.stringify({ ms: run.ms, ...run.figures }))
      if (run.seconds.length > 0) t.comment(tableOf(run.seconds))
      for (const failure of run.failures) t.comment(JSON.stringify(failure))
    })
  }
}
