import { RingholdError } from '../protocol/index.ts'
import type { Unanswered } from './attempt.ts'

/** brokenOff is the failure of an attempt whose connection broke. */
export function brokenOff(
  url: string,
  { isSent, cause }: { readonly isSent: boolean; readonly cause: Error | undefined },
): Unanswered {
  const reason = reasonOf(cause)
  const error = new RingholdError('RINGHOLD_CONNECTION_LOST', {
    detail: isSent ? `the connection broke before the answer came: ${reason}` : `could not connect: ${reason}`,
    node: url,
    cause,
    ...(!isSent && { executed: 'no' }),
  })
  return { type: isSent ? 'lost' : 'refused', error, ring: undefined }
}

/**
 * misunderstood is the failure of an attempt that was sent on a connection on which one side could not read the other. What the
 * node says is the answer of all who wait for one; what the node could not read was one of them, and says nothing of the others.
 */
export function misunderstood(url: string, error: RingholdError): Unanswered {
  if (error.code === 'RINGHOLD_BAD_REPLY') return { type: 'reply', error, ring: undefined }
  return brokenOff(url, { isSent: true, cause: error })
}

/** reasonOf names what the system said: ECONNREFUSED and the like, also where several addresses were tried. */
function reasonOf(error: (Error & { readonly code?: unknown }) | undefined): string {
  if (error === undefined) return 'the other side closed it'
  const first = error instanceof AggregateError ? (error.errors[0] as Error | undefined) : undefined
  if (error.message === '' && first) return first.message
  return error.message || String(error.code ?? error.name)
}
