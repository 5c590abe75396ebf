import type { Scenario } from '../scenario.ts'
import { wrongClocks } from './clocks.ts'
import { cost, syncRate } from './cost.ts'
import { deletes, deletesThroughSplit } from './deletes.ts'
import { freeze } from './freeze.ts'
import { fullMemory } from './full-memory.ts'
import { killEach, killOne, killTwoOfThree } from './kills.ts'
import { loss } from './loss.ts'
import { killMidSync } from './mid-sync.ts'
import { join, rollingRestart } from './planned.ts'
import { split } from './split.ts'

/** scenarios are all of them, in the order in which they are played. */
export const scenarios: readonly Scenario[] = [
  ...[killOne, killEach, killTwoOfThree, join, rollingRestart, killMidSync, freeze, split],
  ...[deletes, deletesThroughSplit, wrongClocks, loss, fullMemory, cost, syncRate],
]

/** scenarioOf returns the scenario of a name. Throws a TypeError where there is none. */
export function scenarioOf(name: string): Scenario {
  const scenario = scenarios.find((each) => each.name === name)
  if (scenario === undefined)
    throw new TypeError(`there is no scenario ${name}; there are ${scenarios.map((each) => each.name).join(', ')}`)
  return scenario
}
