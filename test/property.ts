import fc from 'fast-check'
import type { Test } from 'tap'

/** What fails is made smaller for so long only: beyond, the file would be ended before it could say what failed. */
const shrinkMs = 60_000

/** holds fails the test with the shrunk counterexample and its seed when the property does not hold in all of its runs. */
export function holds<T>(t: Test, name: string, property: fc.IPropertyWithHooks<T>, runs = 500): void {
  const found = fc.check(property, { numRuns: runs, endOnFailure: true })
  t.ok(!found.failed, found.failed ? reportOf(name, shrunk(property, found)) : `${name} (${runs} runs)`)
}

/** What went wrong comes first: a counterexample may be as long as a book. */
function reportOf<T>(name: string, found: fc.RunDetails<T>): string {
  return `${name}\n${String(found.errorInstance)}\n${fc.defaultReportMessage(found)}`
}

/** What fails only once cannot be made smaller, and is told as it was found. */
function shrunk<T>(property: fc.IPropertyWithHooks<T>, found: fc.RunDetails<T>): fc.RunDetails<T> {
  const { seed, counterexamplePath } = found
  const path = counterexamplePath ?? ''
  const again = fc.check(property, { seed, path, interruptAfterTimeLimit: shrinkMs, markInterruptAsFailure: true })
  return again.counterexamplePath === null ? found : again
}
