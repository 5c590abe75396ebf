/** The whole fleet in virtual time, under seeded faults: see run.ts for the phases, oracle.ts and rest.ts for the rules. */
import t, { test } from 'tap'
import { runCrew } from './crew.ts'
import { keptPlans } from './kept-plans.ts'

t.setTimeout(1_800_000)

const { SIM_SEED, SIM_SEEDS = '300' } = process.env
const first = Number(SIM_SEED ?? 1)
const count = SIM_SEED === undefined ? Number(SIM_SEEDS) : 1

test('no seed breaks a rule, and two runs of one seed are equal event by event', { timeout: 1_700_000 }, async (t) => {
  const seeds = [...Object.keys(keptPlans), ...Array.from({ length: count }, (_, index) => first + index)]
  let runs = 0
  await runCrew({
    seeds,
    times: 2,
    isRace: false,
    onLine: ({ seed, failure }) => {
      runs++
      if (failure !== undefined) t.fail(`${seed} (SIM_SEED=${seed}): ${failure}`)
    },
  })
  t.equal(runs, seeds.length, `${runs} runs of ${count} new and ${Object.keys(keptPlans).length} kept seeds`)
})
