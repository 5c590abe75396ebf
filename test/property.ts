import fc from 'fast-check'
import type { Test } from 'tap'

/**
 * How long a property is tried, and what fails is made smaller: beyond, the file would be ended before it could say what
 * failed. On a machine so slow that not all runs fit, those that did are named.
 */
const limitMs = 60_000

/** holds fails the test with the shrunk counterexample and its seed when the property does not hold. */
export function holds<T>(t: Test, name: string, property: fc.IPropertyWithHooks<T>, runs = 500): void {
  const details = fc.check(property, { numRuns: runs, interruptAfterTimeLimit: limitMs })
  t.ok(
    !details.failed,
    details.failed ? `${name}\n${fc.defaultReportMessage(details)}` : `${name} (${details.numRuns} runs)`,
  )
}
