import { RingholdError } from './protocol/index.ts'

/** RingholdPartialError is RINGHOLD_PARTIAL: some keys of a multi-key call failed, the others are done. */
export class RingholdPartialError extends RingholdError {
  /** Why each of the failed keys failed. */
  readonly failures: ReadonlyMap<string, RingholdError>
  /** What the call would have answered, in the order of the keys, undefined where one failed. */
  readonly values: readonly unknown[]

  constructor(failures: ReadonlyMap<string, RingholdError>, values: readonly unknown[]) {
    const [first] = failures as Map<string, RingholdError>
    const detail = `${failures.size} of ${values.length} keys failed, the first: ${first?.[1].message}`
    super('RINGHOLD_PARTIAL', { detail, cause: first?.[1] })
    this.failures = failures
    this.values = values
  }
}
