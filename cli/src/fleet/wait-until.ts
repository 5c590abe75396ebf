/** waitUntil asks a question again and again until the answer is there, or the deadline passed. */
import { setTimeout as sleep } from 'node:timers/promises'

/** Between two questions: short against gossip (500 ms), long against an answer over loopback (2 ms). */
const askEveryMs = 40

/** waitUntil returns the first answer that is not undefined; undefined when the deadline or the abort came first. */
export async function waitUntil<T>(
  ask: () => Promise<T | undefined>,
  { deadlineMs, signal }: { deadlineMs: number; signal?: AbortSignal | undefined },
): Promise<T | undefined> {
  const endAt = performance.now() + deadlineMs
  while (signal?.aborted !== true) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (performance.now() >= endAt) return undefined
    await sleep(askEveryMs)
  }
  return undefined
}
