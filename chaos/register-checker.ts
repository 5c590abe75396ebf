/**
 * Judges histories of single keys. Every reply carries the version, so each read names the write that it saw, and what
 * NP-hard searches find elsewhere shows in one pass over each key's begins and ends, in order of time:
 *
 *      floor = highest version of any operation that has ended      a later one must not see, or be given, less
 *
 * A read below its floor is stale; a miss above a floor is a false miss; a write that is given no higher version than
 * its floor was overtaken: acknowledged, and lost. A value that nobody wrote to the key is wrong whatever its version.
 */
import type { Operation } from './operation.ts'

export type Offence = 'wrong' | 'stale' | 'false-miss' | 'overtaken'

export interface Violation {
  readonly offence: Offence
  readonly operation: Operation
  /** The version that the operation should have reached. */
  readonly floor: number
}

/** checkRegisters returns what cannot have happened if every key were one register. Histories must hold no deletes. */
export function checkRegisters(operations: readonly Operation[]): Violation[] {
  return [...groupByKey(operations).values()].flatMap(checkRegister)
}

/** countOffences counts violations by their kind. */
export function countOffences(violations: readonly Violation[]): Record<Offence, number> {
  const counts: Record<Offence, number> = { wrong: 0, stale: 0, 'false-miss': 0, overtaken: 0 }
  for (const { offence } of violations) counts[offence]++
  return counts
}

function groupByKey(operations: readonly Operation[]): Map<string, Operation[]> {
  const byKey = new Map<string, Operation[]>()
  for (const operation of operations) {
    const list = byKey.get(operation.key)
    if (list === undefined) byKey.set(operation.key, [operation])
    else list.push(operation)
  }
  return byKey
}

function checkRegister(operations: readonly Operation[]): Violation[] {
  const written = new Set(operations.flatMap(({ kind, value }) => (kind === 'set' ? [value] : [])))
  const valueAt = new Map<number, string | undefined>()
  const done = operations.filter(({ result }) => result === 'done')
  const begins = [...done].sort((a, b) => a.beganMs - b.beganMs)
  const ends = [...done].sort((a, b) => a.endedMs - b.endedMs)
  const violations: Violation[] = []
  let floor = 0
  let next = 0
  for (const operation of begins) {
    // What ends in the very moment in which this begins counts as concurrent.
    for (; (ends[next] as Operation).endedMs < operation.beganMs; next++) {
      floor = Math.max(floor, (ends[next] as Operation).version ?? 0)
    }
    const offence = offenceOf(operation, floor) ?? valueOffence(operation, written, valueAt)
    if (offence !== undefined) violations.push({ offence, operation, floor })
  }
  return violations
}

function offenceOf({ kind, value, version = 0 }: Operation, floor: number): Offence | undefined {
  if (kind === 'set') return version <= floor ? 'overtaken' : undefined
  if (value === undefined) return floor > 0 ? 'false-miss' : undefined
  return version < floor ? 'stale' : undefined
}

function valueOffence(
  { kind, value, version }: Operation,
  written: ReadonlySet<string | undefined>,
  valueAt: Map<number, string | undefined>,
): Offence | undefined {
  if (value === undefined || version === undefined) return undefined
  if (kind === 'get' && !written.has(value)) return 'wrong'
  const known = valueAt.get(version)
  valueAt.set(version, value)
  return known === undefined || known === value ? undefined : 'wrong'
}
