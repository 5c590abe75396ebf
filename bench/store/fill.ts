/**
 * One contestant in a process of its own, started by sides.ts with --expose-gc. It fills itself when told to, then runs
 * rounds of one operation when told to, so that the contestants can take turns: the machine is never equally busy.
 */
import { type ContestantName, contestants } from './contestants.ts'
import { random } from './random.ts'
import { Request, valueBytes } from './requests.ts'

const roundOperations = 320_000
/** Requests that come in one read of a busy connection, and are prepared for together. */
const batchRequests = 32

export type Order = 'fill' | 'idle' | 'get' | 'batch' | 'set' | 'collect'

const [name, count] = [process.argv[2] as ContestantName, Number(process.argv[3])]
const collect = globalThis.gc as () => void
const request = new Request()
const batch = Array.from({ length: batchRequests }, () => new Request())
const response = new Uint8Array(valueBytes)
const value = new Uint8Array(valueBytes).fill(7)
const next = random(1)
const before = residentBytes()
const store = contestants[name](count)

const orders: Record<Order, () => number> = {
  /** Bytes an entry. */
  fill: () => {
    for (let key = 0; key < count; key++) {
      request.ask(key)
      store.set(request, value)
    }
    return (residentBytes() - before) / count
  },
  /** Nanoseconds that asking alone takes. */
  idle: () => round((key) => request.ask(key)),
  get: () =>
    round((key) => {
      request.ask(key)
      if (!store.get(request, response)) throw new Error(`${name} has no ${key}`)
    }),
  /** The same for requests that come together. */
  batch: () => {
    let asked = 0
    return round((key) => {
      batch[asked++]?.ask(key)
      if (asked < batchRequests) return
      asked = 0
      store.prepare?.(batch)
      for (const each of batch) if (!store.get(each, response)) throw new Error(`${name} lacks one`)
    })
  },
  set: () =>
    round((key) => {
      request.ask(key)
      store.set(request, value)
    }),
  /** Milliseconds of a full collection. */
  collect: () => {
    const started = performance.now()
    collect()
    return performance.now() - started
  },
}

function residentBytes(): number {
  collect()
  collect()
  return process.memoryUsage.rss()
}

function round(operation: (key: number) => void): number {
  const started = performance.now()
  for (let turn = 0; turn < roundOperations; turn++) operation(Math.floor(next() * count))
  return ((performance.now() - started) * 1e6) / roundOperations
}

process.on('message', (order: Order) => process.send?.(orders[order]()))
