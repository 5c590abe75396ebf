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
