/** `npm run sim:long -- [count] [first seed]` runs so many seeds over all cores and sums up what happened in them. */
import { runCrew } from './crew.ts'

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

const [count = 20_000, first = 1] = process.argv.slice(2).map(Number)
const begun = performance.now()
const totals = new Map<string, number>()
const failures: (number | string)[] = []
let runs = 0
await runCrew({
  seeds: Array.from({ length: count }, (_, index) => first + index),
  times: 1,
  isRace: false,
  onLine: ({ seed, failure, counts }) => {
    runs++
    for (const [what, times] of Object.entries(counts)) totals.set(what, (totals.get(what) ?? 0) + times)
    if (runs % 500 === 0) process.stderr.write(`${runs} of ${count} seeds, ${failures.length} failed\n`)
    if (failure === undefined) return
    failures.push(seed)
    process.stdout.write(`${failure}\n\n`)
  },
})
const never = sometimes.filter((what) => !totals.get(what))
for (const [what, times] of [...totals].sort()) process.stdout.write(`${String(times).padStart(12)} ${what}\n`)
process.stdout.write(`${runs} seeds in ${Math.round((performance.now() - begun) / 1_000)} s, ${failures.length} failed`)
process.stdout.write(failures.length > 0 ? `: ${failures.join(', ')}\n` : '\n')
if (never.length > 0) process.stdout.write(`never happened: ${never.join(', ')}\n`)
process.exitCode = failures.length > 0 || never.length > 0 ? 1 : 0
