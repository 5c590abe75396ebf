/**
 * Fills one store in a process of its own and measures it: growth of the resident set, time of a set and of a get.
 * Started by main.ts with --expose-gc; prints one line of JSON.
 */
import { type ContestantName, contestants } from './contestants.ts'
import { random } from './random.ts'
import { Request, valueBytes } from './requests.ts'

const rounds = 7
const roundOperations = 300_000

export interface FillResult {
  readonly bytesPerEntry: number
  readonly setNs: number
  readonly overwriteNs: number
  readonly getNs: number
  readonly collectionMs: number
}

const [name, count] = [process.argv[2] as ContestantName, Number(process.argv[3])]
const collect = globalThis.gc as () => void
const request = new Request()
const response = new Uint8Array(valueBytes)
const value = new Uint8Array(valueBytes).fill(7)
const next = random(1)

function residentBytes(): number {
  collect()
  collect()
  return process.memoryUsage.rss()
}

/** Nanoseconds a call of the median round: the machine is shared. */
function time(operation: (key: number) => void): number {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const started = performance.now()
    for (let turn = 0; turn < roundOperations; turn++) operation(Math.floor(next() * count))
    times.push(((performance.now() - started) * 1e6) / roundOperations)
  }
  return times.sort((a, b) => a - b)[rounds >>> 1] as number
}

const before = residentBytes()
const store = contestants[name](count)
const started = performance.now()
for (let key = 0; key < count; key++) {
  request.ask(key)
  store.set(request, value)
}
const setNs = ((performance.now() - started) * 1e6) / count
const bytesPerEntry = (residentBytes() - before) / count
const idleNs = time((key) => request.ask(key))
let misses = 0
const getNs = time((key) => {
  request.ask(key)
  if (!store.get(request, response)) misses++
})
if (misses > 0) throw new Error(`${misses} misses in ${name}`)
const overwriteNs = time((key) => {
  request.ask(key)
  store.set(request, value)
})
collect()
const collected = performance.now()
collect()
const result: FillResult = {
  bytesPerEntry,
  setNs,
  overwriteNs: overwriteNs - idleNs,
  getNs: getNs - idleNs,
  collectionMs: performance.now() - collected,
}
console.log(JSON.stringify(result))
