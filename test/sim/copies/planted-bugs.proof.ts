/** That the simulator bites: each planted bug is caught within 200 seeds. */
import t, { test } from 'tap'
import { runCrew } from './crew.ts'
import { plantedBugs } from './planted-bugs.ts'
import type { Line } from './worker.ts'

t.setTimeout(1_800_000)
const seedsMax = 200

for (const { name, seed = 1, ...plant } of plantedBugs) {
  test(`the simulator catches: ${name}`, { timeout: 900_000 }, async (t) => {
    const others = Array.from({ length: seedsMax }, (_, index) => index + 1).filter((other) => other !== seed)
    const seeds = [seed, ...others]
    let caught: Line | undefined
    await runCrew({
      seeds,
      times: 1,
      isRace: true,
      execArguments: ['--import', new URL('plant.js', import.meta.url).href],
      environment: { SIM_PLANT: JSON.stringify(plant) },
      onLine: (line) => {
        if (line.failure !== undefined) caught = line
      },
    })
    t.ok(caught, caught ? `by seed ${caught.seed}: ${caught.failure}` : `not within ${seedsMax} seeds`)
  })
}
