import { setTimeout as sleep } from 'node:timers/promises'

/** until waits for a condition and throws, naming it, when it does not hold within the deadline. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, deadlineMs = 15_000): Promise<void> {
  const endAt = performance.now() + deadlineMs
  while (!(await holds())) {
    if (performance.now() >= endAt) throw new Error(`waited ${deadlineMs} ms in vain for ${what}`)
    await sleep(20)
  }
}
