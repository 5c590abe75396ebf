/** How soon real processes see that one of them is gone. The figures are printed for each run. */
import { test } from 'tap'
import { type NodeProcess, startFleet } from './node-process.ts'
import { described, sighting, within } from './sighting.ts'

test('a killed node is seen dead by all survivors within 2.5 s', async (t) => {
  const nodes = await startFleet(t, 5)
  const [victim, ...survivors] = nodes as [NodeProcess, ...NodeProcess[]]
  const since = performance.now()
  victim.child.kill('SIGKILL')
  const seen = await sighting(survivors, victim.name, ['dead'], since)
  t.comment(`SIGKILL seen by all survivors after ${described(seen)}`)
  t.ok(seen.ms <= within(2_500, seen), described(seen))
})

test('a frozen node is seen dead by all others within 7 s, serves nothing on waking, and is back soon after', async (t) => {
  const nodes = await startFleet(t, 5)
  const [victim, ...others] = nodes as [NodeProcess, ...NodeProcess[]]
  const since = performance.now()
  victim.child.kill('SIGSTOP')
  const seen = await sighting(others, victim.name, ['dead'], since)
  t.comment(`SIGSTOP seen by all others after ${described(seen)}`)
  // Whoever is late itself is slow to judge: the bound is one of nodes that are not.
  t.ok(seen.ms <= within(7_000 * seen.stretch, seen), described(seen))
  const woken = performance.now()
  victim.child.kill('SIGCONT')
  const back = await sighting(others, victim.name, ['alive'], woken)
  t.comment(`SIGCONT: alive again in all views after ${described(back)}`)
})
