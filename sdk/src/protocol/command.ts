/** Commands and outcomes: one operation and its result, as plain values. A miss is an outcome, never an error. */

/**
 * Version orders the writes of a key: a hybrid logical clock in one safe integer, (milliseconds since 2020) × 2,048 +
 * counter. Nodes issue versions, clients only compare them. Good until the year 2159.
 */
export type Version = number

/** Condition restricts a command to what the key holds now. */
export type Condition =
  | { readonly type: 'absent' }
  | { readonly type: 'present' }
  | { readonly type: 'version'; readonly versions: readonly Version[] }
  /** Holds when the key is absent, too. */
  | { readonly type: 'not-version'; readonly versions: readonly Version[] }

/**
 * Ack is when a write is acknowledged. 'all': when every owner that is there holds it. 'one': when one node holds it, the
 * copies follow. 'none': when a node has taken the command; it is executed as with 'all', and nobody hears what became of it.
 */
export type Ack = 'all' | 'one' | 'none'

export interface GetCommand<Key = string> {
  readonly type: 'get'
  readonly cache: string
  readonly key: Key
}

/** ValueOf is a value as commands with such keys have it: nodes know bytes only, clients texts as well. */
export type ValueOf<Key> = Key extends Uint8Array ? Uint8Array : Uint8Array | string

export interface SetCommand<Key = string> {
  readonly type: 'set'
  readonly cache: string
  readonly key: Key
  /** A text stands for its bytes in UTF-8, and must be well-formed. */
  readonly value: ValueOf<Key>
  readonly contentType: string
  /** Milliseconds until the entry expires; undefined: never. */
  readonly ttlMs?: number | undefined
  readonly condition?: Condition | undefined
  /** undefined: 'all'. */
  readonly ack?: Exclude<Ack, 'all'> | undefined
}

export interface DeleteCommand<Key = string> {
  readonly type: 'delete'
  readonly cache: string
  readonly key: Key
  readonly condition?: Condition | undefined
  /** undefined: 'all'. */
  readonly ack?: Exclude<Ack, 'all'> | undefined
}

/** Command is one operation. Clients know keys as text; nodes handle them as their UTF-8 bytes and make no text of them. */
export type Command<Key = string> = GetCommand<Key> | SetCommand<Key> | DeleteCommand<Key>

/** ackOf tells when a command counts as done. */
export function ackOf(command: Command<string | Uint8Array>): Ack {
  return command.type === 'get' ? 'all' : (command.ack ?? 'all')
}

/** ByteCommand is a command as a node executes it. */
export type ByteCommand = Command<Uint8Array>

export interface Hit {
  readonly type: 'hit'
  readonly value: Uint8Array
  readonly contentType: string
  readonly version: Version
  /** Milliseconds left to live; undefined: no expiry. */
  readonly ttlMs?: number | undefined
}

/** missReasons are why a key that was there is missing: room was needed, its time was over, or somebody deleted it. */
export const missReasons = ['evicted', 'expired', 'deleted'] as const
export type MissReason = (typeof missReasons)[number]

/** isMissReason tells whether something is one of them. */
export function isMissReason(text: unknown): text is MissReason {
  return (missReasons as readonly unknown[]).includes(text)
}

export interface Miss {
  readonly type: 'miss'
  /** As far as the node remembers, which is a hint; undefined: it never was there, or that is forgotten. */
  readonly reason?: MissReason | undefined
}

export interface Written {
  readonly type: 'created' | 'replaced'
  readonly version: Version
  /** How many nodes hold the write. */
  readonly copies: number
}

export interface Deleted {
  readonly type: 'deleted' | 'absent'
  /** Of the tombstone, where one was written. */
  readonly version?: Version | undefined
  /** How many nodes hold the tombstone, where one was written. */
  readonly copies?: number | undefined
}

/** Accepted answers a write with `ack: 'none'`. */
export interface Accepted {
  readonly type: 'accepted'
}

export interface ConditionFailed {
  readonly type: 'condition-failed'
  /** The version that the key has now; undefined: it is absent. */
  readonly version?: Version | undefined
}

export type Outcome = Hit | Miss | Written | Deleted | Accepted | ConditionFailed

/** OutcomeOf is what a command can come to. */
export type OutcomeOf<C extends Command<string | Uint8Array>> =
  C extends GetCommand<string | Uint8Array>
    ? Hit | Miss
    : C extends SetCommand<string | Uint8Array>
      ? Written | Accepted | ConditionFailed
      : Deleted | Accepted | ConditionFailed
