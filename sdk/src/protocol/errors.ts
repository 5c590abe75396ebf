/**
 * The one table of errors. SDK and nodes take code, status and advice from here; the documentation repeats it and a
 * test proves both equal. Match on `code`, never on the message.
 *
 * `retryable` tells whether the same call may succeed a moment later. `executed` tells what a caller may assume of the
 * command when it gets this error: 'no' (nothing happened, safe to send again, also for writes) or 'unknown'.
 */
import type { MissReason } from './command.ts'

export interface ErrorEntry {
  /** HTTP status of the reply; undefined for errors that only the SDK or a starting node raises. */
  readonly status: number | undefined
  readonly title: string
  /** What the caller can do about it. */
  readonly advice: string
  readonly retryable: boolean
  readonly executed: 'no' | 'unknown'
}

export const errorTable = {
  RINGHOLD_BAD_KEY: entry(
    400,
    'The key is not usable',
    'Use 1 to 512 bytes of well-formed UTF-8, percent-encoded in URLs.',
  ),
  RINGHOLD_BAD_CACHE: entry(
    400,
    'The cache name is not usable',
    'Use a to z, 0 to 9, _ and -, at most 64 characters, beginning with a letter or digit.',
  ),
  RINGHOLD_BAD_TTL: entry(
    400,
    'The time to live is not usable',
    'Use a whole number of milliseconds above 0, or leave it out for no expiry.',
  ),
  RINGHOLD_BAD_CONDITION: entry(
    400,
    'The condition is not usable',
    'Use If-Match or If-None-Match with * or with an ETag that a node returned.',
  ),
  RINGHOLD_BAD_REQUEST: entry(
    400,
    'The request is malformed',
    'See the detail; the README lists what each route takes.',
  ),
  RINGHOLD_KEY_NOT_FOUND: entry(
    404,
    'The key is not in the cache',
    'A miss is an answer, not a fault: load the value from its source and set it.',
  ),
  RINGHOLD_ROUTE_NOT_FOUND: entry(
    404,
    'There is no such route',
    'The README lists the routes; keys must be percent-encoded.',
  ),
  RINGHOLD_METHOD_NOT_ALLOWED: entry(
    405,
    'The route does not take this method',
    'The Allow header lists the methods it takes.',
  ),
  RINGHOLD_CONDITION_FAILED: entry(
    412,
    'The condition did not hold',
    'Read the key again and decide anew; the ETag header is the present version.',
  ),
  RINGHOLD_VALUE_TOO_LARGE: entry(
    413,
    'The value is too large',
    'Keep values within the limit of the node (1 MiB by default) or split them.',
  ),
  RINGHOLD_BAD_CONTENT: entry(
    415,
    'The content type or encoding is not usable',
    'Send the bytes as they are: no Content-Encoding, and a Content-Type like text/plain, or the one that the detail names.',
  ),
  RINGHOLD_WRONG_OWNER: entry(
    421,
    'Another node owns this key',
    'Fetch /v1/topology, compute the ring again and send the command to its owner.',
    true,
  ),
  RINGHOLD_INTERNAL: entry(
    500,
    'The node failed on this request',
    'See the log of the node; please report it.',
    false,
    'unknown',
  ),
  RINGHOLD_OWNER_UNREACHABLE: entry(
    502,
    'The owner of the key could not be reached',
    'Try again: the fleet replaces a dead owner within seconds.',
    true,
    'unknown',
  ),
  RINGHOLD_NOT_READY: entry(
    503,
    'The node does not serve now',
    'Try again or ask another node: this one is joining, leaving or was cut off.',
    true,
  ),
  RINGHOLD_RING_UNSETTLED: entry(503, 'The nodes do not agree on the ring yet', 'Try again in a moment.', true),
  RINGHOLD_OVERLOADED: entry(503, 'The node has too much to do', 'Try again after the time in Retry-After.', true),
  RINGHOLD_OWNER_TIMEOUT: entry(
    504,
    'The owner of the key did not answer in time',
    'Try again: the fleet replaces a dead owner within seconds.',
    true,
    'unknown',
  ),
  RINGHOLD_NO_NODES: entry(
    undefined,
    'No node could be reached',
    'Check the addresses in `nodes` and that the fleet is up.',
    true,
  ),
  RINGHOLD_TIMEOUT: entry(
    undefined,
    'The deadline of the call passed',
    'Try again, or raise `timeoutMs`.',
    true,
    'unknown',
  ),
  RINGHOLD_CONNECTION_LOST: entry(
    undefined,
    'The connection broke before the answer came',
    'Try again: whether the command was executed is not known.',
    true,
    'unknown',
  ),
  RINGHOLD_QUEUE_FULL: entry(
    undefined,
    'Too many calls are under way',
    'Send fewer at a time, or raise `inFlightMax`.',
    true,
  ),
  RINGHOLD_CLOSED: entry(undefined, 'The client is closed', 'Connect a new client.', false, 'unknown'),
  RINGHOLD_BAD_VALUE: entry(
    undefined,
    'The value cannot be stored',
    'Use JSON values, text or bytes; undefined, functions and cycles have no JSON.',
  ),
  RINGHOLD_BAD_REPLY: entry(
    undefined,
    'The reply is not of this protocol',
    'Check that the address is that of a Ringhold node, and its release.',
    false,
    'unknown',
  ),
  RINGHOLD_PARTIAL: entry(
    undefined,
    'Some keys of a multi-key call failed',
    'See `failures`; the other keys are done.',
    true,
    'unknown',
  ),
  RINGHOLD_BAD_OPTION: entry(
    undefined,
    'An option is not usable',
    'See the message and the table of options in the README.',
  ),
  RINGHOLD_BAD_CONFIG: entry(
    undefined,
    'The configuration of the node is not usable',
    'See the message; --help lists the variables.',
  ),
  RINGHOLD_PORT_IN_USE: entry(undefined, 'The port is in use', 'Stop what listens there, or set another port.'),
  RINGHOLD_NAME_TAKEN: entry(
    undefined,
    'A live node has this name already',
    'Give each node a RINGHOLD_NAME of its own.',
  ),
  RINGHOLD_WRONG_FLEET: entry(
    409,
    'The node belongs to another fleet',
    'Check RINGHOLD_FLEET and RINGHOLD_SEEDS: a node joins the fleet of its own name only.',
  ),
  RINGHOLD_SEEDS_UNREACHABLE: entry(
    undefined,
    'None of the seeds answered',
    'Check RINGHOLD_SEEDS and that one of them is up; the first node of a fleet starts without seeds.',
  ),
  RINGHOLD_NO_LOCAL_FLEET: entry(
    undefined,
    'No local fleet is running',
    'Start one with `npx ringhold up`, and use the same RINGHOLD_STATE_DIR as there if you set one.',
  ),
  RINGHOLD_FLEET_RUNNING: entry(
    undefined,
    'A local fleet is running already',
    'Stop it with Ctrl-C where it runs, or set RINGHOLD_STATE_DIR to run another beside it.',
  ),
  RINGHOLD_NODE_UNKNOWN: entry(
    undefined,
    'The local fleet has no node of this name',
    'See `npx ringhold members` for the names.',
  ),
  RINGHOLD_NODE_FAILED: entry(undefined, 'A node of the local fleet does not stay up', 'See its log for the reason.'),
} as const satisfies Record<string, ErrorEntry>

/** ErrorCode is one of the stable codes of the table. */
export type ErrorCode = keyof typeof errorTable

function entry(
  status: number | undefined,
  title: string,
  advice: string,
  retryable = false,
  executed: 'no' | 'unknown' = 'no',
): ErrorEntry {
  return { status, title, advice, retryable, executed }
}

/** ErrorFacts is what an error says beyond its code. */
export interface ErrorFacts {
  /** Replaces the title of the table in the message: what exactly is wrong, with names and figures. */
  readonly detail?: string
  readonly cause?: unknown
  /** Name or address of the node that it concerns. */
  readonly node?: string
  /** The checksum of the ring that the answering node has (wrong owner). */
  readonly ring?: string
  /** The name of the owner by the ring of the answering node (wrong owner). */
  readonly owner?: string
  /** The version that the key has now (condition failed). */
  readonly version?: number
  /** Why the key is missing, where that is known (key not found). */
  readonly reason?: MissReason
  /** When to try again, in milliseconds. */
  readonly retryAfterMs?: number
  /** Where more is known than the table says: a call that was dropped before anything was sent did not execute. */
  readonly executed?: 'no' | 'unknown'
}

/** RingholdError is every error that SDK and node raise on purpose. Match on `code`; `instanceof` fails across copies of the package. */
export class RingholdError extends Error {
  override readonly name = 'RingholdError'
  readonly code: ErrorCode
  readonly facts: ErrorFacts

  constructor(code: ErrorCode, facts: ErrorFacts = {}) {
    super(`${facts.detail ?? errorTable[code].title}. ${errorTable[code].advice}`, { cause: facts.cause })
    this.code = code
    this.facts = facts
  }

  /** HTTP status of the reply that carries this error; 500 for codes that never travel. */
  get status(): number {
    return (errorTable[this.code] as ErrorEntry).status ?? 500
  }

  /** Whether the same call may succeed a moment later. */
  get retryable(): boolean {
    return errorTable[this.code].retryable
  }

  /** 'no': nothing happened, sending again is safe also for writes. 'unknown': the command may have been executed. */
  get executed(): 'no' | 'unknown' {
    return this.facts.executed ?? errorTable[this.code].executed
  }
}

/** isErrorCode tells whether a text is one of the codes of the table. */
export function isErrorCode(text: unknown): text is ErrorCode {
  return typeof text === 'string' && Object.hasOwn(errorTable, text)
}

/** Problem is the body of an error reply: application/problem+json (RFC 9457) with members of ours. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  /** What exactly is wrong. */
  readonly detail: string
  /** What the caller can do about it. */
  readonly advice: string
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly executed: 'no' | 'unknown'
  /** The node that answers. */
  readonly node?: string
  readonly ring?: string
  readonly owner?: string
  /** Why the key is missing, where that is known. */
  readonly reason?: MissReason
}

/** problemOf turns an error into the body of its reply. */
export function problemOf(error: RingholdError, node?: string): Problem {
  const { title, advice } = errorTable[error.code]
  const { ring, owner, reason } = error.facts
  return {
    type: `urn:ringhold:error:${error.code}`,
    title,
    status: error.status,
    detail: error.facts.detail ?? title,
    advice,
    code: error.code,
    retryable: error.retryable,
    executed: error.executed,
    ...(node !== undefined && { node }),
    ...(ring !== undefined && { ring }),
    ...(owner !== undefined && { owner }),
    ...(reason !== undefined && { reason }),
  }
}
