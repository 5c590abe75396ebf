/** What most scenarios do: keys, waiting, load by several clients, and judging what clients saw fail. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Fleet } from '../fleet.ts'
import type { OpenLoad, OpenLoadOptions } from '../open-load.ts'
import type { Client, Operation } from '../operation.ts'
import type { Stage } from '../stage.ts'

const perSecond = { short: 600, long: 3_000 }

/** keysOf returns so many keys, always the same ones. */
export function keysOf(count: number, prefix = 'key'): string[] {
  return Array.from({ length: count }, (_, at) => `${prefix}:${at + 1}`)
}

/** wait waits the longer time in long runs. */
export function wait(stage: Stage, short: number, long: number): Promise<void> {
  return pause((stage.isLong ? long : short) * 1_000)
}

/** sizeOf is how many nodes a scenario needs: five in long runs, and fewer in short ones where the fault does not ask for more. */
export function sizeOf(stage: Stage, short: number): number {
  return stage.isLong ? 5 : short
}

export interface Traffic {
  readonly load: OpenLoad
  readonly clients: readonly Client[]
  /** Ends the load and returns all that its clients did. */
  stop(): Promise<Operation[]>
}

/** traffic begins 80/20 load by three clients, at a rate that leaves two cores some air. */
export async function traffic(
  stage: Stage,
  fleet: Fleet,
  options: Pick<OpenLoadOptions, 'keys'> & Partial<OpenLoadOptions>,
): Promise<Traffic> {
  const clients = await Promise.all([1, 2, 3].map(() => stage.client(fleet.urls)))
  const load = stage.load({ clients, perSecond: stage.isLong ? perSecond.long : perSecond.short, ...options })
  const stop = async () => {
    await load.stop()
    return clients.flatMap(({ operations }) => operations)
  }
  return { load, clients, stop }
}

/** judgeFailures checks that no operation fails that was begun later than `graceMs` after the fault. */
export function judgeFailures(
  stage: Stage,
  operations: readonly Operation[],
  { faultMs = 0, graceMs = 0 }: { readonly faultMs?: number; readonly graceMs?: number } = {},
): void {
  const failed = operations.filter(({ result }) => result !== 'done')
  const late = failed.filter(({ beganMs }) => beganMs > faultMs + graceMs)
  const codes = new Map<string, number>()
  for (const { code = '' } of failed) codes.set(code, (codes.get(code) ?? 0) + 1)
  const promise = graceMs > 0 ? `no operation fails that begins ${graceMs} ms after the fault` : 'no operation fails'
  stage.check(promise, late.length === 0, {
    ...{ failed: late.length, before: failed.length - late.length, of: operations.length },
    codes: Object.fromEntries(codes),
  })
}
