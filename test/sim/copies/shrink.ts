/** Shrinking: the smallest plan that still fails, by leaving out one fault after the other, and then whatever else can go. */
import type { Plan } from './plan.ts'
import { type Result, run } from './run.ts'

const runsMax = 60

export function shrink(failing: Plan): Result {
  let smallest = run(failing)
  let runs = 0
  const attempt = (plan: Plan): boolean => {
    if (runs++ >= runsMax) return false
    const result = run(plan)
    if (result.breaches.length === 0) return false
    smallest = result
    return true
  }
  for (let index = 0; index < smallest.plan.faults.length; ) {
    const { plan } = smallest
    if (!attempt({ ...plan, faults: plan.faults.filter((_, other) => other !== index) })) index++
  }
  for (const easier of [{ keys: 20 }, { duplicates: 0 }, { expiring: 0 }, { ordered: true }, { clients: 1 }]) {
    attempt({ ...smallest.plan, ...easier })
  }
  for (let nodes = 1; nodes < smallest.plan.nodes; nodes++) if (attempt({ ...smallest.plan, nodes })) break
  const lastFault = Math.max(0, ...smallest.plan.faults.map(({ at }) => at))
  attempt({ ...smallest.plan, chaosMs: lastFault + 1_000 })
  return run(smallest.plan, { keepsLines: true })
}

/** report shows a failed run so that it can be understood, and run again. */
export function report({ plan, breaches, lines }: Result, linesShown = 60): string {
  return [
    `seed ${plan.seed}`,
    ...breaches.slice(0, 5),
    `plan ${JSON.stringify(plan)}`,
    ...lines.slice(-linesShown),
  ].join('\n')
}
