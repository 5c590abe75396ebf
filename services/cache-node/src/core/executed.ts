import type { Outcome, RingholdError } from '@ringhold/sdk/protocol'

/** Executed is an outcome and the name of the node that it comes from. */
export interface Executed {
  readonly outcome: Outcome
  readonly by: string
}

/** Done takes the outcome of a command that is not known at once: one of the two is called, once, later. */
export interface Done {
  succeed(executed: Executed): void
  fail(error: RingholdError): void
}
