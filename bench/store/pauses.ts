/**
 * Pauses: a full store under a mixed load, 80 % reads and 20 % writes of new and old keys, so that eviction never
 * rests. Measured is the delay of the event loop, and the longest turn that the store was asked to work in.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { ByteStore } from '#node/store/byte-store.js'
import { random } from './random.ts'
import { keyBytes, Request, valueBytes } from './requests.ts'

const readShare = 0.8
/** Operations in a turn of the event loop: what a busy stream brings at once. */
const turnOperations = 200
const entryBytes = keyBytes + valueBytes + 21 + 13
const sweepIntervalMs = 100
const slowTurnMs = 15

export interface PauseResult {
  readonly entries: number
  readonly operationsPerSecond: number
  readonly evictions: number
  readonly p999Ms: number
  readonly maxMs: number
  /** Turns that took over 15 ms, and how many of these the operating system interrupted to run something else. */
  readonly slowTurns: number
  readonly slowTurnsInterrupted: number
  /** CPU time of the longest turn: what of the delay is the store's own, whatever else the machine does. */
  readonly longestCpuMs: number
  readonly collectionMs: number
  /** The same loop without a store: what the machine adds. */
  readonly idleP999Ms: number
  readonly idleMaxMs: number
}

export async function pauses({ entries, forMs }: { entries: number; forMs: number }): Promise<PauseResult> {
  const store = new ByteStore({ bytesMax: Math.max(2 ** 24, entries * entryBytes), secret: [1, 2], now: 0 })
  const request = new Request()
  const value = new Uint8Array(valueBytes).fill(3)
  const next = random(9)
  let version = 0
  const write = (key: number, now: number): void => {
    request.ask(key)
    const place = { token: request.token, cache: 'default', key: request.key }
    // A tenth expires, so that the wheel has work too.
    const expiresAt = key % 10 === 0 ? now + 30_000 + (key % 60_000) : undefined
    store.write(place, { value, contentType: 'a/b', version: ++version, expiresAt }, now)
  }
  const keys = Math.floor(entries * 1.2)
  for (let key = 0; key < keys; key++) write(key, 0)
  const before = store.stats(0).evictions
  let longestCpuMs = 0
  let slowTurns = 0
  let slowTurnsInterrupted = 0
  let operations = 0
  let sweepAt = 0
  const load = (now: number): void => {
    const started = performance.now()
    const before = process.resourceUsage()
    for (let turn = 0; turn < turnOperations; turn++) {
      const key = Math.floor(next() ** 2 * keys)
      if (next() < readShare) {
        request.ask(key)
        store.read({ token: request.token, cache: 'default', key: request.key }, now)
      } else write(next() < 0.5 ? key : keys + operations, now)
      operations++
    }
    if (now >= sweepAt) {
      sweepAt = now + sweepIntervalMs
      store.sweep(now, 2_000)
      if (store.isFragmented) store.compact()
    }
    const tookMs = performance.now() - started
    if (tookMs < longestCpuMs) return
    const after = process.resourceUsage()
    const cpuUs = after.userCPUTime + after.systemCPUTime - before.userCPUTime - before.systemCPUTime
    longestCpuMs = Math.max(longestCpuMs, Math.min(tookMs, cpuUs / 1_000))
    if (tookMs < slowTurnMs) return
    slowTurns++
    if (after.involuntaryContextSwitches > before.involuntaryContextSwitches) slowTurnsInterrupted++
  }
  const idle = await delaysOf(forMs / 4, spin)
  const busy = await delaysOf(forMs, load)
  const collectAt = performance.now()
  globalThis.gc?.()
  return {
    entries: store.stats(forMs).entries,
    operationsPerSecond: Math.round((operations * 1_000) / forMs),
    evictions: store.stats(forMs).evictions - before,
    p999Ms: busy.p999Ms,
    maxMs: busy.maxMs,
    longestCpuMs,
    slowTurns,
    slowTurnsInterrupted,
    collectionMs: performance.now() - collectAt,
    idleP999Ms: idle.p999Ms,
    idleMaxMs: idle.maxMs,
  }
}

function spin(): void {
  const until = performance.now() + 0.2
  while (performance.now() < until);
}

async function delaysOf(forMs: number, turn: (now: number) => void): Promise<{ p999Ms: number; maxMs: number }> {
  const delays = monitorEventLoopDelay({ resolution: 1 })
  const started = performance.now()
  delays.enable()
  while (performance.now() - started < forMs) {
    turn(performance.now() - started)
    await new Promise((resolve) => setImmediate(resolve))
  }
  delays.disable()
  return { p999Ms: delays.percentile(99.9) / 1e6, maxMs: delays.max / 1e6 }
}
