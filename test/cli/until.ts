import { setTimeout as sleep } from 'node:timers/promises'
import { patienceMs } from '#chaos/wait-until.js'

/** until waits for a condition and throws, naming it, when it does not hold within the deadline. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const endAt = performance.now() + patienceMs
  while (!(await holds())) {
    if (performance.now() >= endAt) throw new Error(`waited ${patienceMs} ms in vain for ${what}`)
    await sleep(20)
  }
}
