/** If-Match and If-None-Match (RFC 9110 §13), for writes as the condition of a command, for reads as what to answer. */
import { type Condition, parseEtags, RingholdError, type Version } from '@ringhold/sdk/protocol'
import { holds } from '../core/condition.ts'

/** ConditionHeaders are the two header fields as they came. */
export interface ConditionHeaders {
  readonly 'if-match'?: string | undefined
  readonly 'if-none-match'?: string | undefined
}

/**
 * conditionOf returns the condition of a write; undefined where there is none. Both fields at once become one condition:
 * versions that one demands and the other excludes are left out, so that an impossible pair never holds.
 */
export function conditionOf(headers: ConditionHeaders): Condition | undefined {
  const match = etagsOf(headers, 'if-match')
  const noneMatch = etagsOf(headers, 'if-none-match')
  if (match === undefined) {
    if (noneMatch === undefined) return undefined
    return noneMatch === '*' ? { type: 'absent' } : { type: 'not-version', versions: noneMatch }
  }
  if (noneMatch === undefined) return match === '*' ? { type: 'present' } : { type: 'version', versions: match }
  // Whatever there is, it matches `*`: nothing can be both present and absent.
  if (noneMatch === '*') return { type: 'version', versions: [] }
  if (match === '*') {
    throw new RingholdError('RINGHOLD_BAD_CONDITION', { detail: 'If-Match: * goes with no list in If-None-Match' })
  }
  return { type: 'version', versions: match.filter((version) => !noneMatch.includes(version)) }
}

/** ReadAnswer is what the conditions of a read make of a hit: send it, say 304, or say 412. */
export type ReadAnswer = 'send' | 'not-modified' | 'failed'

/** readAnswer evaluates the conditions of GET and HEAD against the version of the entry, in the order of §13.2.2. */
export function readAnswer(headers: ConditionHeaders, version: Version): ReadAnswer {
  const match = etagsOf(headers, 'if-match')
  if (match !== undefined && match !== '*' && !holds({ type: 'version', versions: match }, version)) return 'failed'
  const noneMatch = etagsOf(headers, 'if-none-match')
  if (noneMatch === undefined) return 'send'
  return noneMatch === '*' || noneMatch.includes(version) ? 'not-modified' : 'send'
}

function etagsOf(headers: ConditionHeaders, name: keyof ConditionHeaders): '*' | Version[] | undefined {
  const text = headers[name]
  if (text === undefined) return undefined
  const etags = parseEtags(text, name === 'if-match' ? 'strong' : 'weak')
  if (etags !== undefined) return etags
  throw new RingholdError('RINGHOLD_BAD_CONDITION', { detail: `${name} is neither * nor a list of entity tags` })
}
