/**
 * A fill: many keys through few workers. Keys and values depend on nothing but the number of the entry, so that filling
 * again hits the same keys. A failure is counted by its code and never stops the others: the counts are the point.
 */
import { errorCodeOf } from '../exit-code.ts'

export interface FillPlan {
  readonly entries: number
  readonly prefix: string
  readonly valueBytes: number
  /** How many writes are under way at once. */
  readonly concurrency: number
}

export interface FillResult {
  readonly stored: number
  readonly failed: number
  /** Failures by code, the most frequent first. */
  readonly failures: Readonly<Record<string, number>>
}

export interface FillTarget {
  /** set stores one entry or rejects. */
  readonly set: (key: string, value: Uint8Array) => Promise<unknown>
  /** Called after each entry with the number of those done. */
  readonly onProgress?: ((done: number) => void) | undefined
}

/** fill writes the entries 1 to `entries`. It rejects only for errors without a code, which are faults of the program. */
export async function fill(plan: FillPlan, { set, onProgress }: FillTarget): Promise<FillResult> {
  const failures = new Map<string, number>()
  let next = 1
  let done = 0
  const work = async (): Promise<void> => {
    while (next <= plan.entries) {
      const key = keyOf(plan, next++)
      try {
        await set(key, contentOf(key, plan.valueBytes))
      } catch (error) {
        const code = errorCodeOf(error)
        if (code === undefined) throw error
        failures.set(code, (failures.get(code) ?? 0) + 1)
      }
      onProgress?.(++done)
    }
  }
  await Promise.all(Array.from({ length: Math.min(plan.concurrency, plan.entries) }, work))
  const failed = [...failures.values()].reduce((sum, count) => sum + count, 0)
  const byCount = [...failures].sort(([, a], [, b]) => b - a)
  return { stored: plan.entries - failed, failed, failures: Object.fromEntries(byCount) }
}

/** keyOf names an entry: the prefix and its number. */
export function keyOf({ prefix }: Pick<FillPlan, 'prefix'>, number: number): string {
  return `${prefix}${number}`
}

/** contentOf repeats the key up to the size, so that a value tells which key it belongs to. */
export function contentOf(key: string, bytes: number): Uint8Array {
  const value = Buffer.alloc(bytes)
  if (bytes > 0) value.fill(`${key} `)
  return value
}
