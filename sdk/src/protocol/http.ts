/**
 * Commands as HTTP requests and replies as outcomes: the one mapping that the SDK, a node that forwards and (in the
 * other direction, see the REST face of the node) a node that answers agree on.
 *
 *      get     GET     /v1/caches/{cache}/keys/{key}     200 · 404
 *      set     PUT     same; ttl-ms, If-Match, …         201 · 204 · 412
 *      delete  DELETE  same; If-Match                    204 · 404 · 412
 */
import {
  type Command,
  type Condition,
  isMissReason,
  type Miss,
  type MissReason,
  type OutcomeOf,
  type Version,
} from './command.ts'
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

/** HttpRequest is a command on its way. The path is sent as it stands: URL parsers would resolve the keys `.` and `..`. */
export interface HttpRequest {
  readonly method: 'GET' | 'PUT' | 'DELETE'
  readonly path: string
  readonly headers: Record<string, string>
  readonly body?: Uint8Array
}

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

/** requestOf turns a command into its HTTP request. */
export function requestOf(command: Command): HttpRequest {
  const path = keyPath(command.cache, command.key)
  if (command.type === 'get') return { method: 'GET', path, headers: {} }
  const headers = command.condition ? conditionHeaders(command.condition) : {}
  if (command.type === 'delete') return { method: 'DELETE', path, headers }
  headers['content-type'] = command.contentType
  if (command.ttlMs !== undefined) headers[headerNames.ttl] = String(command.ttlMs)
  return { method: 'PUT', path, headers, body: command.value }
}

/**
 * outcomeOf turns the reply to a command into its outcome. Throws the RingholdError that a problem body names, and
 * RINGHOLD_BAD_REPLY for anything that a node of this protocol does not answer.
 */
export function outcomeOf<C extends Command<string | Uint8Array>>(command: C, reply: HttpReply): OutcomeOf<C> {
  return decode(command, reply) as OutcomeOf<C>
}

function decode(command: Command<string | Uint8Array>, reply: HttpReply): OutcomeOf<Command> {
  const { status } = reply
  if (status >= 400) {
    const error = errorOf(reply)
    if (error.code === 'RINGHOLD_CONDITION_FAILED') return { type: 'condition-failed', version: versionOf(reply) }
    if (error.code !== 'RINGHOLD_KEY_NOT_FOUND') throw error
    if (command.type === 'get') return missOf(error.facts.reason)
    if (command.type === 'delete') return { type: 'absent' }
    throw error
  }
  if (command.type === 'delete' && status === 204) return { type: 'deleted' }
  const version = versionOf(reply)
  if (version !== undefined && command.type === 'get' && status === 200) {
    const contentType = header(reply, 'content-type') ?? defaultContentType
    return { type: 'hit', value: reply.body, contentType, version, ttlMs: number(reply, headerNames.ttl) }
  }
  if (version !== undefined && command.type === 'set' && (status === 201 || status === 204)) {
    const copies = number(reply, headerNames.copies) ?? 1
    return { type: status === 201 ? 'created' : 'replaced', version, copies }
  }
  throw new RingholdError('RINGHOLD_BAD_REPLY', { detail: `a node answered ${status} to ${command.type}` })
}

function missOf(reason: MissReason | undefined): Miss {
  return reason === undefined ? { type: 'miss' } : { type: 'miss', reason }
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

function conditionHeaders(condition: Condition): Record<string, string> {
  if (condition.type === 'absent') return { 'if-none-match': '*' }
  if (condition.type === 'present') return { 'if-match': '*' }
  const name = condition.type === 'version' ? 'if-match' : 'if-none-match'
  return { [name]: condition.versions.map(etagOf).join(', ') }
}

function header(reply: HttpReply, name: string): string | undefined {
  const value = reply.headers[name]
  return Array.isArray(value) ? value[0] : value
}

function number(reply: HttpReply, name: string): number | undefined {
  const text = header(reply, name)
  return text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : undefined
}

function versionOf(reply: HttpReply): Version | undefined {
  const text = header(reply, 'etag')
  const etags = text === undefined ? undefined : parseEtags(text, 'weak')
  return Array.isArray(etags) && !Number.isNaN(etags[0]) ? etags[0] : undefined
}

function readProblem(body: Uint8Array): Partial<Record<keyof Problem, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(body))
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined
  } catch {
    return undefined
  }
}
