/**
 * What both sides of plain HTTP agree on: the paths of keys, our header fields, entity tags and the errors of replies. The
 * routes themselves are the node's (its REST face, GET /openapi.json), for clients that speak HTTP; the SDK sends frames.
 */
import { isMissReason, type Version } from './command.ts'
import { type ErrorFacts, isErrorCode, type Problem, RingholdError } from './errors.ts'

/** headerNames are the header fields of ours. */
export const headerNames = {
  /** Milliseconds left to live: of a value in a reply, of a new value in a request. */
  ttl: 'ttl-ms',
  /** Set to `direct` by callers that route themselves: a wrong node then answers 421 instead of forwarding. */
  route: 'ringhold-route',
  /** Checksum of the ring by which the sender routed, and of the answering node. */
  ring: 'ringhold-ring',
  /** Name of the node that forwarded the request. Forwarded requests are never forwarded again. */
  forwardedBy: 'ringhold-forwarded-by',
  /** How many nodes hold the write. */
  copies: 'ringhold-copies',
} as const

/** defaultContentType is that of values stored without one. */
export const defaultContentType = 'application/octet-stream'

/** HttpReply is a reply that has been read to its end. Header names are in lower case. */
export interface HttpReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Uint8Array
}

/** keyPath returns the path of a key. The key must have passed checkKey: a lone surrogate throws a URIError. */
export function keyPath(cache: string, key: string): string {
  return `/v1/caches/${cache}/keys/${encodeURIComponent(key)}`
}

/** errorOf reads the problem body of an error reply; RINGHOLD_BAD_REPLY where it has none that we know. */
export function errorOf(reply: HttpReply): RingholdError {
  const problem = readProblem(reply.body)
  if (!isErrorCode(problem?.code)) {
    return new RingholdError('RINGHOLD_BAD_REPLY', { detail: `a node answered ${reply.status} without a known code` })
  }
  const retryAfter = Number(header(reply, 'retry-after'))
  const facts: ErrorFacts = {
    ...(typeof problem.detail === 'string' && { detail: problem.detail }),
    ...(typeof problem.node === 'string' && { node: problem.node }),
    ...(typeof problem.ring === 'string' && { ring: problem.ring }),
    ...(typeof problem.owner === 'string' && { owner: problem.owner }),
    ...(isMissReason(problem.reason) && { reason: problem.reason }),
    ...((problem.executed === 'no' || problem.executed === 'unknown') && { executed: problem.executed }),
    ...(retryAfter > 0 && { retryAfterMs: retryAfter * 1000 }),
  }
  return new RingholdError(problem.code, facts)
}

/** etagOf returns the strong ETag of a version. */
export function etagOf(version: Version): string {
  return `"${version}"`
}

/** One element of a list of entity tags with the comma behind it; a list may have empty ones (RFC 9110 §5.6.1.2). */
const etagElement = /[ \t]*(?:(W\/)?"([\x21\x23-\x7e\x80-\xff]*)")?[ \t]*(?:,|$)/y

/**
 * parseEtags reads the value of If-Match or If-None-Match: '*' or a list of entity tags (RFC 9110 §13.1). Tags that no
 * node issued are kept as NaN, which equals no version. Returns undefined where the text is not of that form.
 */
export function parseEtags(text: string, compare: 'strong' | 'weak'): '*' | Version[] | undefined {
  const trimmed = text.trim()
  if (trimmed === '*') return '*'
  const versions: Version[] = []
  for (let at = 0; at < trimmed.length; at = etagElement.lastIndex) {
    etagElement.lastIndex = at
    const element = etagElement.exec(trimmed)
    if (!element) return undefined
    const [, weakness, tag] = element
    if (tag === undefined) continue
    const isUsable = /^\d{1,16}$/.test(tag) && (compare === 'weak' || weakness === undefined)
    versions.push(isUsable ? Number(tag) : Number.NaN)
  }
  return versions.length > 0 ? versions : undefined
}

function header(reply: HttpReply, name: string): string | undefined {
  const value = reply.headers[name]
  return Array.isArray(value) ? value[0] : value
}

function readProblem(body: Uint8Array): Partial<Record<keyof Problem, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(body))
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined
  } catch {
    return undefined
  }
}
