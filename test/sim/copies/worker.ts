/**
 * A process that runs plans and reports each as a line of JSON: `node worker.js '{"seeds":[1,2],"times":2}'`. The kept
 * plans are named instead of numbered.
 */
import { keptPlans } from './kept-plans.ts'
import { planOf } from './plan.ts'
import { run } from './run.ts'
import { report, shrink } from './shrink.ts'

export interface Job {
  /** Numbers of seeds, or names of kept plans. */
  readonly seeds: readonly (number | string)[]
  /** 2: each is run twice, and both traces must be equal. */
  readonly times: number
  /** End at the first failure, without shrinking it. */
  readonly isRace: boolean
}

export interface Line {
  readonly seed: number | string
  /** undefined: all rules held. */
  readonly failure: string | undefined
  readonly counts: Readonly<Record<string, number>>
}

// Whoever interrupts the crew means all of it: its head says what was done, and ends the others.
process.on('SIGINT', () => {})

const { seeds, times, isRace } = JSON.parse(process.argv[2] ?? '{}') as Job

for (const seed of seeds) {
  const plan = typeof seed === 'number' ? planOf(seed) : keptPlans[seed]
  if (plan === undefined) throw new Error(`no plan is called ${seed}`)
  const result = run(plan)
  let failure: string | undefined
  if (result.breaches.length > 0) failure = isRace ? result.breaches[0] : report(shrink(plan))
  for (let time = 1; time < times && failure === undefined; time++) {
    if (run(plan).hash !== result.hash) failure = 'two runs of one plan differ'
  }
  const counts = Object.fromEntries([...result.counts, ...result.endings])
  process.stdout.write(`${JSON.stringify({ seed, failure, counts } satisfies Line)}\n`)
  if (failure !== undefined && isRace) break
}
