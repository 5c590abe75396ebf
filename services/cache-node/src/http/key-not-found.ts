/** A missing key as REST tells of it: an answer like any other, which should not pay for a stack trace every time. */
import { type Miss, type MissReason, RingholdError } from '@ringhold/sdk/protocol'

const unknown = new RingholdError('RINGHOLD_KEY_NOT_FOUND')
const known: Record<MissReason, RingholdError> = {
  evicted: new RingholdError('RINGHOLD_KEY_NOT_FOUND', { reason: 'evicted' }),
  expired: new RingholdError('RINGHOLD_KEY_NOT_FOUND', { reason: 'expired' }),
  deleted: new RingholdError('RINGHOLD_KEY_NOT_FOUND', { reason: 'deleted' }),
}

/** keyNotFound is the error of a miss, one for all with the same reason. */
export function keyNotFound(reason?: MissReason): RingholdError {
  return reason === undefined ? unknown : known[reason]
}

/** missStatus is what Cache-Status says of a miss (RFC 9211): the reason, where it is known, as the detail. */
export function missStatus({ reason }: Miss): string {
  return reason === undefined ? 'fwd=uri-miss' : `fwd=uri-miss; detail=${reason}`
}
