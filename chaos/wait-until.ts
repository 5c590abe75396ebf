import { setTimeout as pause } from 'node:timers/promises'

/** How long to wait where how soon it comes is not in question, in milliseconds. Only what never comes is to run into it: cores are shared. */
export const patienceMs = 120_000

/**
 * waitUntil resolves with the first truthy answer of `condition`, asked every `everyMs` (25) until `deadlineMs` have
 * passed; then it rejects and says what was waited for and what the last answer or error was.
 */
export async function waitUntil<T>(
  what: string,
  deadlineMs: number,
  condition: () => T | Promise<T>,
  everyMs = 25,
): Promise<NonNullable<T>> {
  const end = performance.now() + deadlineMs
  let last: unknown
  do {
    try {
      const answer = await condition()
      if (answer) return answer
      last = answer
    } catch (error) {
      last = error
    }
    await pause(everyMs)
  } while (performance.now() < end)
  throw new Error(`waited ${deadlineMs} ms in vain until ${what}`, { cause: last })
}
