/** isRefused tells whether nobody listens at the address: the one failure that says something about the peer at once. */
export function isRefused(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return true
  // A name with several addresses fails with all their errors at once.
  return error instanceof AggregateError && error.errors.length > 0 && error.errors.every(isRefused)
}
