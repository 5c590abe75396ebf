/** A scenario is a fault, what is promised through it, and the play that shows it. */
import type { Failures } from './failures.ts'
import type { Second } from './per-second.ts'
import { type Check, Stage } from './stage.ts'

export interface Scenario {
  readonly name: string
  readonly title: string
  /** Whether it needs a network of its own, which only root can make. */
  readonly needsNetwork?: boolean
  readonly play: (stage: Stage) => Promise<void>
}

/** Run is what is left of a scenario: one line of JSON. */
export interface Run {
  readonly scenario: string
  readonly length: 'short' | 'long'
  readonly passed: boolean
  readonly ms: number
  readonly checks: readonly Check[]
  readonly figures: Readonly<Record<string, unknown>>
  readonly seconds: readonly Second[]
  /** What failed, and why. */
  readonly failures: readonly Failures[]
}

export interface RunOptions {
  readonly isLong: boolean
  readonly log: (text: string) => void
}

/** runScenario plays a scenario to its end, whatever happens, and leaves no process behind. */
export async function runScenario(scenario: Scenario, { isLong, log }: RunOptions): Promise<Run> {
  const stage = new Stage({ isLong, log })
  const since = performance.now()
  try {
    await scenario.play(stage)
  } catch (error) {
    const { message, cause } = error as Error
    stage.check('the scenario came to its end', false, cause === undefined ? message : `${message}: ${String(cause)}`)
  } finally {
    stage.judgeProcesses()
    await stage.end()
  }
  const { checks, figures, seconds, failures } = stage
  const passed = checks.length > 0 && checks.every(({ isKept }) => isKept)
  const length = isLong ? 'long' : 'short'
  return {
    scenario: scenario.name,
    length,
    passed,
    ms: Math.round(performance.now() - since),
    checks,
    figures,
    seconds,
    failures,
  }
}
