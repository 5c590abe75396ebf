/** What clients saw, second by second: what the classic exercise's own harness set out to print and never did. */
import type { Operation } from './operation.ts'
import type { Violation } from './register-checker.ts'

export interface Second {
  readonly second: number
  readonly success: number
  readonly miss: number
  /** Wrong, stale or overtaken. */
  readonly wrong: number
  readonly failed: number
  /** How late the load began its operations at the worst: the starvation of the harness, not of the fleet. */
  readonly lateMs: number
  /** Cores that neither the fleet nor the harness had, where that is known. */
  readonly othersCores: number | undefined
  /** From when the operation was due. */
  readonly p50Ms: number
  readonly p99Ms: number
}

/** perSecond counts operations by the second in which they were due. `othersBetween` tells how many cores others had. */
export function perSecond(
  operations: readonly Operation[],
  violations: readonly Violation[],
  othersBetween: (fromMs: number, toMs: number) => number | undefined = () => undefined,
): Second[] {
  if (operations.length === 0) return []
  const begin = operations.reduce((least, { dueMs }) => Math.min(least, dueMs), Number.POSITIVE_INFINITY)
  const seconds: Operation[][] = []
  for (const operation of operations) {
    const second = Math.floor((operation.dueMs - begin) / 1000)
    seconds[second] ??= []
    seconds[second].push(operation)
  }
  const bad = new Set(violations.filter(({ offence }) => offence !== 'false-miss').map(({ operation }) => operation))
  return Array.from(seconds, (list = [], second) => {
    const fromMs = begin + second * 1_000
    return { ...summaryOf(second, list, bad), othersCores: othersBetween(fromMs, fromMs + 1_000) }
  })
}

/** percentile returns the value that so much of a list does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

function summaryOf(
  second: number,
  operations: readonly Operation[],
  bad: ReadonlySet<Operation>,
): Omit<Second, 'othersCores'> {
  const done = operations.filter(({ result }) => result === 'done')
  const miss = done.filter(({ kind, value }) => kind === 'get' && value === undefined).length
  const wrong = done.filter((operation) => bad.has(operation)).length
  const times = done.map(({ dueMs, endedMs }) => endedMs - dueMs)
  return {
    ...{ second, success: done.length - miss - wrong, miss, wrong, failed: operations.length - done.length },
    lateMs: Math.round(operations.reduce((most, { dueMs, beganMs }) => Math.max(most, beganMs - dueMs), 0)),
    p50Ms: Math.round(percentile(times, 0.5) * 10) / 10,
    p99Ms: Math.round(percentile(times, 0.99) * 10) / 10,
  }
}

/** tableOf prints seconds, one a line. */
export function tableOf(seconds: readonly Second[]): string {
  const head = 'second  success   miss  wrong  failed  late ms   p50 ms   p99 ms  cores of others'
  const rows = seconds.map(({ second, success, miss, wrong, failed, lateMs, p50Ms, p99Ms, othersCores }) =>
    [
      ...[String(second).padStart(6), String(success).padStart(9), String(miss).padStart(7), String(wrong).padStart(7)],
      ...[
        String(failed).padStart(8),
        String(lateMs).padStart(9),
        p50Ms.toFixed(1).padStart(9),
        p99Ms.toFixed(1).padStart(9),
        (othersCores?.toFixed(2) ?? '').padStart(17),
      ],
    ].join(''),
  )
  return [head, ...rows].join('\n')
}
