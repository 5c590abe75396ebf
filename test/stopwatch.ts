/**
 * Stopwatches on waking time: while this process stood still, since the machine was busy with something else, it could
 * not have been in time with anything. What is measured is how long it waited, not how fast it is.
 */

import { AwakeClock } from '@ringhold/sdk/membership'
import type { Test } from 'tap'

const tickMs = 5

/** stopwatch starts one; what it returns tells the milliseconds since then. */
export function stopwatch(t: Test): () => number {
  const clock = new AwakeClock(performance.now(), 2 * tickMs)
  const start = clock.at(performance.now())
  const ticks = setInterval(() => clock.tick(performance.now()), tickMs)
  t.teardown(() => clearInterval(ticks))
  return () => clock.at(performance.now()) - start
}

/** stillness starts a watch; what it returns tells the longest time, in milliseconds, for which this process has stood still since. */
export function stillness(t: Test): () => number {
  let longest = 0
  let seenAt = performance.now()
  const look = () => {
    longest = Math.max(longest, performance.now() - seenAt)
    seenAt = performance.now()
    return longest
  }
  const looks = setInterval(look, tickMs)
  t.teardown(() => clearInterval(looks))
  return look
}
