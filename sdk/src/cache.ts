/** A key space of the fleet: the methods that applications call. */
import { copyOf, decode, type Encoded, encode } from './codec.ts'
import type { CallOptions, Engine } from './engine.ts'
import { executeMany } from './many.ts'
import { RingholdPartialError } from './partial-error.ts'
import {
  type Command,
  type Condition,
  type ConditionFailed,
  checkCacheName,
  checkKey,
  checkTtlMs,
  conditionVersionsMax,
  type DeleteCommand,
  type GetCommand,
  type Hit,
  RingholdError,
  type SetCommand,
  type Version,
  type Written,
} from './protocol/index.ts'
import type { Reading } from './single.ts'

export interface SetOptions extends CallOptions {
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

export interface DeleteOptions extends CallOptions {
  /** Delete only where the value has this version, or one of these. */
  readonly ifVersion?: Version | readonly Version[]
}

/** SetResult is what became of a write. */
export type SetResult =
  | {
      readonly stored: true
      /** Whether the key had no value before. After a retry it may have been this very call that stored the first one. */
      readonly created: boolean
      readonly version: Version
      /** How many nodes hold the write. */
      readonly copies: number
    }
  | {
      readonly stored: false
      /** 'condition': it did not hold. 'unreachable': the fleet could not be reached, and the client fails open. */
      readonly reason: 'condition' | 'unreachable'
      /** The version that the key has, where the condition did not hold and there is one. */
      readonly version: Version | undefined
    }

/** SetEntry is one entry of setMany. */
export type SetEntry = readonly [key: string, value: unknown, options?: Omit<SetOptions, 'timeoutMs' | 'signal'>]

/** Entry is a value with what the fleet knows of it. */
export interface Entry<T> {
  readonly value: T
  readonly version: Version
  /** Milliseconds left to live; undefined: no expiry. */
  readonly ttlMs: number | undefined
  readonly contentType: string
}

/**
 * Cache is one key space. All key spaces of a client share its connections. Keys are 1 to 512 bytes of UTF-8, any
 * characters. Every method rejects with a RingholdError: see its `code`.
 */
export class Cache {
  /** Name of the key space. */
  readonly name: string
  readonly #engine: Engine

  /** @internal Use `Ringhold.connect()` and `client.cache(name)`. */
  constructor(engine: Engine, name: unknown) {
    checkCacheName(name)
    this.name = name
    this.#engine = engine
  }

  /** get returns the value of a key; undefined on a miss. */
  get<T = unknown>(key: string, options: CallOptions = {}): Promise<T | undefined> {
    return this.#get(key, options, valueReading as Reading<GetCommand, T | undefined>)
  }

  /** getEntry returns the value of a key with version, time to live and content type; undefined on a miss. */
  getEntry<T = unknown>(key: string, options: CallOptions = {}): Promise<Entry<T> | undefined> {
    return this.#get(key, options, entryReading as Reading<GetCommand, Entry<T> | undefined>)
  }

  /** getBytes is getEntry with the bytes as they are stored, whatever their content type. */
  getBytes(key: string, options: CallOptions = {}): Promise<Entry<Uint8Array> | undefined> {
    return this.#get(key, options, bytesReading)
  }

  /** has tells whether a key has a value. It costs what a get costs. */
  has(key: string, options: CallOptions = {}): Promise<boolean> {
    return this.#get(key, options, presenceReading)
  }

  /** set stores a value: JSON by default, Uint8Array and strings as they are. Bytes must not change until it resolves. */
  set(key: string, value: unknown, options: SetOptions = {}): Promise<SetResult> {
    try {
      return this.#engine.run(this.#setCommand(key, value, options), options, setReading)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** delete removes a key, and tells whether this call removed a value. */
  delete(key: string, options: DeleteOptions = {}): Promise<boolean> {
    try {
      return this.#engine.run(this.#deleteCommand(key, options), options, deleteReading)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** getMany returns the values of keys in their order, undefined for misses. Rejects with RINGHOLD_PARTIAL where some failed. */
  async getMany<T = unknown>(keys: Iterable<string>, options: CallOptions = {}): Promise<(T | undefined)[]> {
    const commands = Array.from(keys, (key) => this.#getCommand(key))
    return this.#executeMany(commands, options, valueReading as Reading<GetCommand, T | undefined>)
  }

  /**
   * setMany stores entries `[key, value, options?]`, e.g. a Map or `Object.entries(record)`. `options` holds for entries
   * without options of their own. Where a key comes twice its last entry is stored. Rejects with RINGHOLD_PARTIAL where some failed.
   */
  async setMany(entries: Iterable<SetEntry>, options: SetOptions = {}): Promise<SetResult[]> {
    const commands = Array.from(entries, ([key, value, own]) => this.#setCommand(key, value, { ...options, ...own }))
    return this.#executeMany(commands, options, setReading)
  }

  /** deleteMany removes keys, and returns how many had a value. Rejects with RINGHOLD_PARTIAL where some failed. */
  async deleteMany(keys: Iterable<string>, options: CallOptions = {}): Promise<number> {
    const commands = Array.from(new Set(keys), (key) => this.#deleteCommand(key, {}))
    const deleted = await this.#executeMany(commands, options, deleteReading)
    return deleted.filter((wasThere) => wasThere).length
  }

  #get<R>(key: string, options: CallOptions, reading: Reading<GetCommand, R>): Promise<R> {
    try {
      return this.#engine.run(this.#getCommand(key), options, reading)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async #executeMany<C extends Command, R>(
    commands: readonly C[],
    options: CallOptions,
    { read, unreachable }: Reading<C, R>,
  ): Promise<R[]> {
    const { executor, scopes } = this.#engine
    const { values, failures } = await scopes.within(this.#engine.limitsOf(options), (scope) =>
      executeMany<C, R>(commands, { executor, scope, read }),
    )
    if (failures.size === 0) return values as R[]
    const error = new RingholdPartialError(failures, values)
    for (const failure of failures.values()) if (!failure.retryable) throw error
    return this.#engine.failOpen(
      error,
      values.map((value, index) => (failures.has((commands[index] as C).key) ? unreachable : (value as R))),
    )
  }

  #getCommand(key: unknown): GetCommand {
    checkKey(key)
    return { type: 'get', cache: this.name, key }
  }

  #setCommand(key: unknown, value: unknown, options: SetOptions): SetCommand {
    checkKey(key)
    const { ttlMs } = options
    if (ttlMs !== undefined) checkTtlMs(ttlMs)
    const condition = conditionOf(options)
    const { bytes, contentType }: Encoded = encode(value, {
      contentType: options.contentType,
      limits: this.#engine.limits,
    })
    return { type: 'set', cache: this.name, key, value: bytes, contentType, ttlMs, condition }
  }

  #deleteCommand(key: unknown, options: DeleteOptions): DeleteCommand {
    checkKey(key)
    return { type: 'delete', cache: this.name, key, condition: conditionOf(options) }
  }
}

const valueReading: Reading<GetCommand, unknown> = {
  read: (outcome) => (outcome.type === 'hit' ? decode(outcome.value, outcome.contentType) : undefined),
  unreachable: undefined,
}
const entryReading: Reading<GetCommand, Entry<unknown> | undefined> = {
  read: (outcome) =>
    outcome.type === 'hit' ? entryOf(outcome, decode(outcome.value, outcome.contentType)) : undefined,
  unreachable: undefined,
}
const bytesReading: Reading<GetCommand, Entry<Uint8Array> | undefined> = {
  read: (outcome) => (outcome.type === 'hit' ? entryOf(outcome, copyOf(outcome.value)) : undefined),
  unreachable: undefined,
}
const presenceReading: Reading<GetCommand, boolean> = {
  read: (outcome) => outcome.type === 'hit',
  unreachable: false,
}
const setReading: Reading<SetCommand, SetResult> = {
  read: setResultOf,
  unreachable: { stored: false, reason: 'unreachable', version: undefined },
}
const deleteReading: Reading<DeleteCommand, boolean> = {
  read: (outcome) => outcome.type === 'deleted',
  unreachable: false,
}

function entryOf<T>({ version, ttlMs, contentType }: Hit, value: T): Entry<T> {
  return { value, version, ttlMs, contentType }
}

function setResultOf(outcome: Written | ConditionFailed): SetResult {
  if (outcome.type === 'condition-failed') return { stored: false, reason: 'condition', version: outcome.version }
  return { stored: true, created: outcome.type === 'created', version: outcome.version, copies: outcome.copies }
}

function conditionOf({ ifAbsent, ifPresent, ifVersion }: SetOptions): Condition | undefined {
  const conditions: Condition[] = []
  if (ifAbsent) conditions.push({ type: 'absent' })
  if (ifPresent) conditions.push({ type: 'present' })
  if (ifVersion !== undefined) conditions.push({ type: 'version', versions: versionsOf(ifVersion) })
  if (conditions.length > 1) throw badCondition('only one of ifAbsent, ifPresent and ifVersion can be set')
  return conditions[0]
}

function versionsOf(ifVersion: Version | readonly Version[]): readonly Version[] {
  const versions = typeof ifVersion === 'number' ? [ifVersion] : [...ifVersion]
  if (versions.length > conditionVersionsMax)
    throw badCondition(`ifVersion lists more than ${conditionVersionsMax} versions`)
  if (versions.length === 0 || !versions.every((version) => Number.isSafeInteger(version) && version >= 0)) {
    throw badCondition('ifVersion must be a version that a node returned, or a list of them')
  }
  return versions
}

function badCondition(detail: string): RingholdError {
  return new RingholdError('RINGHOLD_BAD_CONDITION', { detail })
}
