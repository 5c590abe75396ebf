/**
 * `npm run chaos [-- --only=NAME,NAME] [--short] [--list]`: plays the scenarios against real processes, tells on stderr what
 * it sees, and writes one line of JSON on stdout for each. Exits with 1 when a promise was broken.
 */
import { Network } from './network.ts'
import { giveUp, optionsOf } from './options.ts'
import { tableOf } from './per-second.ts'
import { runScenario, type Scenario } from './scenario.ts'
import { scenarios } from './scenarios/index.ts'

const usage = 'npm run chaos [-- --only=NAME,NAME] [--short] [--list]'
const values = optionsOf(usage, { only: { type: 'string' }, short: { type: 'boolean' }, list: { type: 'boolean' } })
const chosen = values.only === undefined ? scenarios : values.only.split(',').map(chosenOf)

if (values.list) for (const { name, title } of chosen) process.stdout.write(`${name.padEnd(26)}${title}\n`)
else process.exitCode = (await playAll()) ? 0 : 1

function chosenOf(name: string): Scenario {
  return (
    scenarios.find((each) => each.name === name) ?? giveUp(usage, `there is no scenario ${name}; --list names them`)
  )
}

async function playAll(): Promise<boolean> {
  const hasNetwork = await Network.isPossible()
  let isKept = true
  for (const scenario of chosen) {
    if (scenario.needsNetwork && !hasNetwork) {
      tell(`\n${scenario.name}: left out, since it needs root, ip and iptables`)
      continue
    }
    tell(`\n${scenario.name}: ${scenario.title}`)
    const run = await runScenario(scenario, { isLong: !values.short, log: tell })
    if (run.seconds.length > 0) tell(tableOf(run.seconds))
    for (const { second, code, why, count } of run.failures)
      tell(`${String(second).padStart(6)}  ${count} × ${code}: ${why}`)
    if (run.figures.warnings !== undefined)
      tell(`warnings of nodes: ${JSON.stringify(run.figures.warnings, undefined, 1)}`)
    process.stdout.write(`${JSON.stringify(run)}\n`)
    isKept &&= run.passed
  }
  return isKept
}

function tell(text: string): void {
  process.stderr.write(`${text}\n`)
}
