/** A key space of the fleet: the methods that applications call. */
import { copyOf, decodeHit } from './codec.ts'
import {
  type DeleteOptions,
  deleteCommand,
  getCommand,
  listOf,
  type SetEntry,
  type SetOptions,
  setCommand,
  setCommandOf,
  type Target,
} from './commands.ts'
import type { Engine } from './engine.ts'
import { executeMany } from './many.ts'
import { type CallOptions, noOptions } from './options.ts'
import { RingholdPartialError } from './partial-error.ts'
import {
  ackOf,
  type Command,
  checkCacheName,
  type DeleteCommand,
  type GetCommand,
  type Hit,
  type MissReason,
  type OutcomeOf,
  type SetCommand,
  type Version,
} from './protocol/index.ts'
import type { Reading } from './single.ts'

/** Lookup is what a key has, or why it has nothing. */
export type Lookup<T> =
  | ({ readonly found: true } & Entry<T>)
  | {
      readonly found: false
      /**
       * Why the key is missing, as far as the node remembers; undefined: it never was there, or that is forgotten.
       * 'unreachable': the fleet could not be reached, and the client fails open.
       */
      readonly reason: MissReason | 'unreachable' | undefined
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
      /**
       * 'condition': it did not hold. 'unreachable': the fleet could not be reached, and the client fails open, or `ack` is
       * 'none'. 'accepted': with `ack: 'none'` a node has taken the write, and nobody knows more.
       */
      readonly reason: 'condition' | 'unreachable' | 'accepted'
      /** The version that the key has, where the condition did not hold and there is one. */
      readonly version: Version | undefined
    }

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
  readonly #target: Target

  /** @internal Use `Ringhold.connect()` and `client.cache(name)`. */
  constructor(engine: Engine, name: unknown) {
    checkCacheName(name)
    this.name = name
    this.#engine = engine
    this.#target = { cache: name, limits: engine.limits }
  }

  /** get returns the value of a key; undefined on a miss. */
  get<T = unknown>(key: string, options: CallOptions = noOptions): Promise<T | undefined> {
    return this.#get(key, options, valueReading as Reading<GetCommand, T | undefined>)
  }

  /** getEntry returns the value of a key with version, time to live and content type; undefined on a miss. */
  getEntry<T = unknown>(key: string, options: CallOptions = noOptions): Promise<Entry<T> | undefined> {
    return this.#get(key, options, entryReading as Reading<GetCommand, Entry<T> | undefined>)
  }

  /** getBytes is getEntry with the bytes as they are stored, whatever their content type. */
  getBytes(key: string, options: CallOptions = noOptions): Promise<Entry<Uint8Array> | undefined> {
    return this.#get(key, options, bytesReading)
  }

  /** lookup is getEntry that tells of a miss why the key is missing, as far as the node remembers. */
  lookup<T = unknown>(key: string, options: CallOptions = noOptions): Promise<Lookup<T>> {
    return this.#get(key, options, lookupReading as Reading<GetCommand, Lookup<T>>)
  }

  /** has tells whether a key has a value. It costs what a get costs. */
  has(key: string, options: CallOptions = noOptions): Promise<boolean> {
    return this.#get(key, options, presenceReading)
  }

  /** set stores a value: JSON by default, Uint8Array and strings as they are. Bytes must not change until it resolves. */
  set(key: string, value: unknown, options: SetOptions = noOptions): Promise<SetResult> {
    try {
      return this.#engine.run(setCommand(this.#target, key, value, options), options, setReading)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** delete removes a key, and tells whether this call removed a value; with `ack: 'none'` it cannot tell, and says false. */
  delete(key: string, options: DeleteOptions = noOptions): Promise<boolean> {
    try {
      return this.#engine.run(deleteCommand(this.#target, key, options), options, deleteReading)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** getMany returns the values of keys in their order, undefined for misses. Rejects with RINGHOLD_PARTIAL where some failed. */
  async getMany<T = unknown>(keys: Iterable<string>, options: CallOptions = noOptions): Promise<(T | undefined)[]> {
    const commands = listOf(keys, 'keys').map((key) => getCommand(this.#target, key))
    return this.#executeMany(commands, options, valueReading as Reading<GetCommand, T | undefined>)
  }

  /**
   * setMany stores entries `[key, value, options?]`, e.g. a Map or `Object.entries(record)`. Options of an entry win
   * over those of the call. Where a key comes twice its last entry is stored. Rejects with RINGHOLD_PARTIAL where some failed.
   */
  async setMany(entries: Iterable<SetEntry>, options: SetOptions = noOptions): Promise<SetResult[]> {
    const commands = listOf(entries, 'entries (of a record: Object.entries(record))').map((entry) =>
      setCommandOf(this.#target, entry, options),
    )
    return this.#executeMany(commands, options, setReading)
  }

  /** deleteMany removes keys, and returns how many this call removed a value of. Rejects with RINGHOLD_PARTIAL where some failed. */
  async deleteMany(keys: Iterable<string>, options: DeleteOptions = noOptions): Promise<number> {
    const commands = [...new Set(listOf(keys, 'keys'))].map((key) => deleteCommand(this.#target, key, options))
    const deleted = await this.#executeMany(commands, options, deleteReading)
    return deleted.filter((wasThere) => wasThere).length
  }

  #get<R>(key: string, options: CallOptions, reading: Reading<GetCommand, R>): Promise<R> {
    try {
      return this.#engine.run(getCommand(this.#target, key), options, reading)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async #executeMany<C extends Command, R>(
    commands: readonly C[],
    options: CallOptions,
    { read, whenUnreachable }: Reading<C, R>,
  ): Promise<R[]> {
    const { executor, scopes } = this.#engine
    const { values, failures } = await scopes.within(this.#engine.limitsOf(options), (scope) =>
      executeMany<C, R>(commands, { executor, scope, read }),
    )
    if (failures.size === 0) return values as R[]
    const error = new RingholdPartialError(failures, values)
    const failed = commands.filter(({ key }) => failures.has(key))
    const isAwaited = failed.some((command) => ackOf(command) !== 'none')
    for (const failure of failures.values()) if (isAwaited && !failure.retryable) throw error
    return this.#engine.failOpen(
      error,
      values.map((value, index) =>
        value === undefined && failures.has((commands[index] as C).key) ? whenUnreachable : (value as R),
      ),
      isAwaited ? 'all' : 'none',
    )
  }
}

const valueReading: Reading<GetCommand, unknown> = {
  read: (outcome) => (outcome.type === 'hit' ? decodeHit(outcome) : undefined),
  whenUnreachable: undefined,
}
const entryReading: Reading<GetCommand, Entry<unknown> | undefined> = {
  read: (outcome) => (outcome.type === 'hit' ? entryOf(outcome, decodeHit(outcome)) : undefined),
  whenUnreachable: undefined,
}
const bytesReading: Reading<GetCommand, Entry<Uint8Array> | undefined> = {
  read: (outcome) => (outcome.type === 'hit' ? entryOf(outcome, copyOf(outcome.value)) : undefined),
  whenUnreachable: undefined,
}
const lookupReading: Reading<GetCommand, Lookup<unknown>> = {
  read: (outcome) => {
    if (outcome.type === 'miss') return { found: false, reason: outcome.reason }
    return { found: true, ...entryOf(outcome, decodeHit(outcome)) }
  },
  whenUnreachable: { found: false, reason: 'unreachable' },
}
const presenceReading: Reading<GetCommand, boolean> = {
  read: (outcome) => outcome.type === 'hit',
  whenUnreachable: false,
}
const setReading: Reading<SetCommand, SetResult> = {
  read: setResultOf,
  whenUnreachable: { stored: false, reason: 'unreachable', version: undefined },
}
const deleteReading: Reading<DeleteCommand, boolean> = {
  read: (outcome) => outcome.type === 'deleted',
  whenUnreachable: false,
}

function entryOf<T>({ version, ttlMs, contentType }: Hit, value: T): Entry<T> {
  return { value, version, ttlMs, contentType }
}

function setResultOf(outcome: OutcomeOf<SetCommand>): SetResult {
  if (outcome.type === 'accepted') return { stored: false, reason: 'accepted', version: undefined }
  if (outcome.type === 'condition-failed') return { stored: false, reason: 'condition', version: outcome.version }
  return { stored: true, created: outcome.type === 'created', version: outcome.version, copies: outcome.copies }
}
