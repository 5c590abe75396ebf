/** Why operations failed: by the second in which they were due, by code, and by what the error says of the nodes. */
import type { Operation } from './operation.ts'

export interface Failures {
  readonly second: number
  readonly code: string
  /** What the error says, where numbers are left out so that the same cause counts as one. */
  readonly why: string
  readonly count: number
}

/** Causes of one run at most: a line of JSON is to be read. */
const causesMax = 60

/** failuresOf counts what failed. Second 0 begins when the first operation was due, as in the table of seconds. */
export function failuresOf(operations: readonly Operation[]): Failures[] {
  const begin = operations.reduce((least, { dueMs }) => Math.min(least, dueMs), Number.POSITIVE_INFINITY)
  const counts = new Map<string, { second: number; code: string; why: string; count: number }>()
  for (const { result, dueMs, code = '', detail = '' } of operations) {
    if (result === 'done') continue
    const second = Math.floor((dueMs - begin) / 1000)
    const why = detail.replaceAll(/\b[0-9a-f]{8,}\b/g, '…').replaceAll(/\b\d+ (ms|commands|writes|tokens)/g, '… $1')
    const cause = `${second} ${code} ${why}`
    const known = counts.get(cause)
    if (known === undefined) counts.set(cause, { second, code, why, count: 1 })
    else known.count++
  }
  return [...counts.values()].sort((a, b) => a.second - b.second || b.count - a.count).slice(0, causesMax)
}
