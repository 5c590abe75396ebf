/**
 * `npm run sim:long -- [count] [first seed] [processes]` runs so many seeds, each once, over all cores, and sums up what
 * happened in them. Every tenth plan is a crowded one (plan.ts). Failures are told as they come; interrupted, it sums up what was run until then.
 */
import { availableParallelism } from 'node:os'
import { runCrew } from './crew.ts'
import { crowdedFrom } from './plan.ts'

/** What must have happened at least once in a long run; else the faults miss what they are for. */
const sometimes = [
  'refutations',
  'provisional coordination',
  'recall',
  'other-ring',
  'claim',
  'pull',
  'fetch',
  'list',
  'compare',
  'compare-blocks',
  'evict',
]
const runsPerReport = 200
const crowdedEvery = 10

const [count = 20_000, first = 1, processes = availableParallelism()] = process.argv.slice(2).map(Number)
const begun = performance.now()
const totals = new Map<string, number>()
const failures: (number | string)[] = []
let runs = 0
const interruption = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort())

await runCrew({
  seeds: Array.from({ length: count }, (_, index) => first + index).map(drawn),
  times: 1,
  isRace: false,
  processes,
  signal: interruption.signal,
  onLine: ({ seed, failure, counts }) => {
    runs++
    for (const [what, times] of Object.entries(counts)) totals.set(what, (totals.get(what) ?? 0) + times)
    if (failure !== undefined) {
      failures.push(seed)
      process.stdout.write(`${failure}\n\n`)
    }
    if (runs % runsPerReport === 0) process.stdout.write(`${soFar()}\n`)
  },
})
const never = sometimes.filter((what) => !totals.get(what))
for (const [what, times] of [...totals].sort()) process.stdout.write(`${String(times).padStart(12)} ${what}\n`)
process.stdout.write(`${soFar()}${failures.length > 0 ? `: ${failures.join(', ')}` : ''}\n`)
if (never.length > 0) process.stdout.write(`never happened: ${never.join(', ')}\n`)
process.exitCode = runs < count || failures.length > 0 || never.length > 0 ? 1 : 0

function drawn(seed: number): number {
  return seed % crowdedEvery > 0 || seed >= crowdedFrom ? seed : crowdedFrom + seed
}

function soFar(): string {
  const seconds = (performance.now() - begun) / 1_000
  const share = runs < count ? `${runs} of ${count} seeds` : `${runs} seeds`
  return `${share} in ${Math.round(seconds)} s (${(seconds / Math.max(1, runs)).toFixed(2)} s each), ${failures.length} failed`
}
