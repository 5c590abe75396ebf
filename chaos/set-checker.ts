/** Judges what is there in the end: what was acknowledged must be there, what was deleted must not, nothing else may. */
import type { Operation } from './operation.ts'

export interface Verdict {
  /** Keys whose acknowledged write is gone, or older than acknowledged. */
  readonly lost: string[]
  /** Keys that were deleted after their last write and are there. */
  readonly resurrected: string[]
  /** Keys with a value that nobody wrote to them. */
  readonly phantoms: string[]
  /** Keys that could not be read. */
  readonly unread: string[]
}

/** checkSet compares the last reads of keys with everything that was done before. Deletes must not overlap writes of their key. */
export function checkSet(history: readonly Operation[], finalReads: readonly Operation[]): Verdict {
  const writes = new Map<string, Operation[]>()
  for (const operation of history) {
    if (operation.kind === 'get') continue
    const list = writes.get(operation.key)
    if (list === undefined) writes.set(operation.key, [operation])
    else list.push(operation)
  }
  const verdict: Verdict = { lost: [], resurrected: [], phantoms: [], unread: [] }
  for (const read of finalReads) judge(read, writes.get(read.key) ?? [], verdict)
  return verdict
}

function judge(read: Operation, writes: readonly Operation[], verdict: Verdict): void {
  const { key, value, version = 0 } = read
  if (read.result !== 'done') return void verdict.unread.push(key)
  const sets = writes.filter(({ kind }) => kind === 'set')
  const deletes = writes.filter(({ kind }) => kind === 'delete')
  if (value !== undefined && !sets.some((set) => set.value === value)) verdict.phantoms.push(key)
  const lastSetMs = Math.max(...sets.map(({ beganMs }) => beganMs))
  const isDeleted = deletes.some(({ result, beganMs }) => result === 'done' && beganMs > lastSetMs)
  if (isDeleted) {
    if (value !== undefined) verdict.resurrected.push(key)
    return
  }
  if (deletes.length > 0) return
  const acknowledged = Math.max(0, ...sets.map((set) => (set.result === 'done' ? (set.version ?? 0) : 0)))
  if (acknowledged > (value === undefined ? 0 : version)) verdict.lost.push(key)
}
