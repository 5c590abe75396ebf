/** Frames for scenarios: fleets of a few nodes that run already, and repetition under many seeds. */
import type { Test } from 'tap'
import { type FleetOptions, SimFleet, type SimProcess, urlOf } from './fleet.ts'

export const five = ['node-1', 'node-2', 'node-3', 'node-4', 'node-5'] as const

/**
 * underSeeds runs a scenario under so many seeds; SIM_SEEDS multiplies them, SIM_SEED runs one alone. Failures name
 * their seed.
 */
export function underSeeds(
  t: Test,
  count: number,
  scenario: (seed: number, say: (rule: string) => string) => void,
): void {
  const { SIM_SEED, SIM_SEEDS = '1' } = process.env
  const first = SIM_SEED === undefined ? 1 : Number(SIM_SEED)
  const last = SIM_SEED === undefined ? count * Number(SIM_SEEDS) : first
  for (let seed = first; seed <= last; seed++) scenario(seed, (rule) => `${rule} (SIM_SEED=${seed})`)
  t.comment(`${last - first + 1} seeds`)
}

/** runningFleet returns a fleet that has agreed and been at rest for some seconds. */
export function runningFleet(
  names: readonly string[],
  { seeds = names.slice(0, 3), ...options }: FleetOptions & { readonly seeds?: readonly string[] },
): SimFleet {
  const fleet = new SimFleet(options)
  for (const name of names) fleet.start(name, { seeds: seeds.map(urlOf) })
  if (fleet.msUntil(() => fleet.agreed(names), 20_000) === undefined) {
    throw new Error(`the fleet did not come up (seed ${options.seed}): ${describe(fleet.processes)}`)
  }
  fleet.run(3_000 + fleet.random() * 1_000)
  return fleet
}

/** allSee tells whether all processes that are up hold that member in that status. */
export function allSee(fleet: SimFleet, name: string, status: string): boolean {
  return fleet.up.every((process) => process.name === name || process.status(name) === status)
}

/** describe shows what each process holds of all others. */
export function describe(processes: readonly SimProcess[]): string {
  return processes
    .map(({ name, condition, membership: { view } }) => {
      const members = [...view.values()].map((member) => `${member.name}:${member.status}:${member.incarnation}`)
      return `${name} (${condition}) sees ${members.join(' ')}`
    })
    .join('\n')
}
