/** What callers pass, checked and turned into commands. Whatever is wrong is found here, before anything is sent. */
import { encode } from './codec.ts'
import { type CallOptions, checkCallOptions } from './options.ts'
import {
  type Ack,
  type Condition,
  checkKey,
  checkTtlMs,
  conditionVersionsMax,
  type DeleteCommand,
  type GetCommand,
  type Limits,
  RingholdError,
  type SetCommand,
  type Version,
} from './protocol/index.ts'

/** WriteOptions are the options of calls that write. */
export interface WriteOptions extends CallOptions {
  /**
   * When the write counts as done. 'all': every owner that can be reached holds it. 'one': one node holds it, the copies
   * follow; a crash in that moment may lose it. 'none': a node has taken it; what becomes of it nobody hears, and the call
   * never rejects: a failure is counted in `stats().failures` and emitted as `error`. Default: 'all'.
   */
  readonly ack?: Ack
}

export interface SetOptions extends WriteOptions {
  /** Whole milliseconds above 0 until the entry expires. Default: it never does. */
  readonly ttlMs?: number
  /** Store only where the key has no value. */
  readonly ifAbsent?: boolean
  /** Store only where the key has a value. */
  readonly ifPresent?: boolean
  /** Store only where the value has this version, or one of these. */
  readonly ifVersion?: Version | readonly Version[]
  /** Content type to store instead of the usual one. It decides what a reader gets: JSON, text or bytes. */
  readonly contentType?: string
}

export interface DeleteOptions extends WriteOptions {
  /** Delete only where the value has this version, or one of these. */
  readonly ifVersion?: Version | readonly Version[]
}

/** SetEntry is one entry of setMany. */
export type SetEntry = readonly [key: string, value: unknown, options?: Omit<SetOptions, 'timeoutMs' | 'signal'>]

/** Target is where a command goes, and the limits it keeps. */
export interface Target {
  readonly cache: string
  readonly limits: Limits
}

export function getCommand({ cache, limits }: Target, key: unknown): GetCommand {
  checkKey(key, limits)
  return { type: 'get', cache, key }
}

export function setCommand({ cache, limits }: Target, key: unknown, value: unknown, options: SetOptions): SetCommand {
  checkCallOptions(options)
  checkKey(key, limits)
  const { ttlMs } = options
  if (ttlMs !== undefined) checkTtlMs(ttlMs)
  const condition = conditionOf(options)
  const { value: stored, contentType } = encode(value, { contentType: options.contentType, limits })
  return { type: 'set', cache, key, value: stored, contentType, ttlMs, condition, ack: ackOf(options) }
}

export function deleteCommand({ cache, limits }: Target, key: unknown, options: DeleteOptions): DeleteCommand {
  checkCallOptions(options)
  checkKey(key, limits)
  return { type: 'delete', cache, key, condition: conditionOf(options), ack: ackOf(options) }
}

/** setCommandOf is setCommand for an entry of setMany, whose own options win over those of the call. */
export function setCommandOf(target: Target, entry: SetEntry, options: SetOptions): SetCommand {
  // A text would be taken apart into its characters.
  if (!Array.isArray(entry)) {
    throw new RingholdError('RINGHOLD_BAD_OPTION', { detail: 'an entry must be [key, value] or [key, value, options]' })
  }
  const [key, value, own] = entry as SetEntry
  if (own === undefined) return setCommand(target, key, value, options)
  checkCallOptions(own)
  return setCommand(target, key, value, { ...options, ...own })
}

/** listOf returns what a multi-key call is given as an array. Throws RINGHOLD_BAD_OPTION for a text, whose characters would be taken for keys, and for an object, which would be taken for empty. */
export function listOf<T>(items: Iterable<T>, what: string): T[] {
  if (typeof items === 'object' && items !== null && Symbol.iterator in items) return Array.from(items)
  throw new RingholdError('RINGHOLD_BAD_OPTION', { detail: `${what} must be an array or another iterable` })
}

function ackOf({ ack }: WriteOptions): 'one' | 'none' | undefined {
  if (ack === undefined || ack === 'all') return undefined
  if (ack === 'one' || ack === 'none') return ack
  throw new RingholdError('RINGHOLD_BAD_OPTION', { detail: "`ack` must be 'all', 'one' or 'none'" })
}

function conditionOf({ ifAbsent, ifPresent, ifVersion }: SetOptions): Condition | undefined {
  // Nearly always there is none, and a list of those that there are would be left to the garbage collector.
  if (!ifAbsent && !ifPresent && ifVersion === undefined) return undefined
  const conditions: Condition[] = []
  if (ifAbsent) conditions.push({ type: 'absent' })
  if (ifPresent) conditions.push({ type: 'present' })
  if (ifVersion !== undefined) conditions.push({ type: 'version', versions: versionsOf(ifVersion) })
  if (conditions.length > 1) throw badCondition('only one of ifAbsent, ifPresent and ifVersion can be set')
  return conditions[0]
}

function versionsOf(ifVersion: unknown): readonly Version[] {
  // A copy: that of the caller may change before it is sent.
  const versions: unknown[] = Array.isArray(ifVersion) ? ifVersion.slice() : [ifVersion]
  const isUsable = versions.length > 0 && versions.length <= conditionVersionsMax && versions.every(isVersion)
  if (isUsable) return versions as Version[]
  throw badCondition(
    `ifVersion must be a version that a node returned, or a list of 1 to ${conditionVersionsMax} of them`,
  )
}

function isVersion(value: unknown): value is Version {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function badCondition(detail: string): RingholdError {
  return new RingholdError('RINGHOLD_BAD_CONDITION', { detail })
}
