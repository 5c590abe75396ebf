/** The options of a client, their defaults and their checks. Everything is checked once, at construction. */
import type { Transport } from './connection.ts'
import { defaultLimits, RingholdError } from './protocol/index.ts'

/** AddressMap turns what a node advertises into the URL at which this process reaches it. */
export type AddressMap =
  | Readonly<Record<string, string>>
  | ((node: { readonly name: string; readonly url: string }) => string | undefined)

export interface RingholdOptions {
  /**
   * Seeds: URLs of some nodes, e.g. `['http://127.0.0.1:7001']`; three are enough for any fleet. They are only where
   * the client starts and what it falls back to for ever; all other nodes are learnt. Only scheme, host and port.
   */
  readonly nodes: string | readonly string[]
  /** Name of the key space of the client's own methods. Default: 'default'. */
  readonly cache?: string
  /**
   * Where nodes are reached when their advertised URLs do not work from here (containers, tunnels): an object from
   * advertised URL or node name to URL, or a function, which may return undefined to leave the URL as it is.
   */
  readonly addressMap?: AddressMap
  /**
   * Milliseconds until a call rejects with RINGHOLD_TIMEOUT, retries included. Of a time that the process stands still, 250
   * count at most: it could not hear the answer then. Default: 2,000.
   */
  readonly timeoutMs?: number
  /** Milliseconds for the first topology in `connect()`, for each later refresh and for each new connection. Default: 1,000. */
  readonly connectTimeoutMs?: number
  /** Milliseconds between checks of the topology at rest; changes are mostly seen earlier, in replies. Default: 5,000. */
  readonly checkIntervalMs?: number
  /**
   * How commands travel. 'stream': as frames over one upgraded connection to each node; where something on the way
   * declines the upgrade, as frames in requests, until a later try succeeds. 'post': in requests only. Default: 'stream'.
   */
  readonly transport?: Transport
  /** Streams to each node; more than one only helps where one connection is limited on its way. Default: 1. */
  readonly streams?: number
  /** Most connections to each node for commands in requests. Default: 16. */
  readonly connectionsMax?: number
  /** Most calls under way at once (each key of a multi-key call counts); more reject with RINGHOLD_QUEUE_FULL. Default: 10,000. */
  readonly inFlightMax?: number
  /**
   * Most bytes of values on their way to nodes; a text or JSON of up to 1,024 characters counts these. More reject with
   * RINGHOLD_QUEUE_FULL. Default: 67,108,864 (64 MiB).
   */
  readonly inFlightBytesMax?: number
  /**
   * Microseconds for which the process stays awake, its event loop turning, while a single call waits for its answer: on an
   * idle machine that halves the time of a lone call. It is done only where measurements of its own say that it pays, and
   * never with one processor. 0: the process sleeps. Default: 100.
   */
  readonly awakeUs?: number
  /** Largest value in bytes that is sent or read; what the nodes take, 1 MiB, bounds it as well. Default: 1,048,576 (1 MiB). */
  readonly valueBytesMax?: number
  /**
   * Whether a fleet that cannot be reached is a miss: `get` answers undefined, writes answer that nothing was stored,
   * `connect()` resolves and goes on trying. What was swallowed is counted in `stats().failedOpen` and emitted as
   * `error`. Mistakes of the caller still reject. Default: false.
   */
  readonly failOpen?: boolean
}

/** CallOptions are the options of every call. */
export interface CallOptions {
  /** Milliseconds until the call rejects with RINGHOLD_TIMEOUT, retries included. Default: `timeoutMs` of the client. */
  readonly timeoutMs?: number
  /** Ends the call early: it rejects with the reason of the signal. A write may have been executed all the same. */
  readonly signal?: AbortSignal
}

/** Settings are options with their defaults filled in and their URLs in normal form. */
export interface Settings {
  readonly seeds: readonly string[]
  readonly cache: unknown
  readonly addressMap: AddressMap
  readonly timeoutMs: number
  readonly connectTimeoutMs: number
  readonly checkIntervalMs: number
  readonly transport: Transport
  readonly streams: number
  readonly connectionsMax: number
  readonly inFlightMax: number
  readonly inFlightBytesMax: number
  readonly awakeUs: number
  readonly valueBytesMax: number
  readonly failOpen: boolean
}

/** seedsMax bounds the list of seeds: it is a way in, not the list of nodes. */
export const seedsMax = 256

/** timeoutMsMax is the longest timeout: a day. */
export const timeoutMsMax = 86_400_000

/** NumberName is the name of an option that is a whole number. */
type NumberName = {
  [Name in keyof RingholdOptions]-?: RingholdOptions[Name] extends number | undefined ? Name : never
}[keyof RingholdOptions]

const numbers: Readonly<Record<NumberName, { readonly default: number; readonly min?: number; readonly max: number }>> =
  {
    timeoutMs: { default: 2000, max: timeoutMsMax },
    connectTimeoutMs: { default: 1000, max: timeoutMsMax },
    checkIntervalMs: { default: 5000, max: timeoutMsMax },
    streams: { default: 1, max: 64 },
    connectionsMax: { default: 16, max: 1024 },
    inFlightMax: { default: 10_000, max: 1_000_000 },
    inFlightBytesMax: { default: 67_108_864, max: 2 ** 40 },
    awakeUs: { default: 100, min: 0, max: 1_000 },
    valueBytesMax: { default: defaultLimits.valueBytesMax, max: 2 ** 30 },
  }

const names = new Set<string>(['nodes', 'cache', 'addressMap', 'failOpen', 'transport', ...Object.keys(numbers)])

/** settingsOf checks options and fills in the defaults. Throws RINGHOLD_BAD_OPTION, saying which one and what is allowed. */
export function settingsOf(options: RingholdOptions): Settings {
  if (typeof options !== 'object' || options === null) throw badOption('the options must be an object with `nodes`')
  for (const name of Object.keys(options)) {
    if (!names.has(name)) throw badOption(`there is no option \`${name}\`; there are ${[...names].join(', ')}`)
  }
  const { addressMap = {}, failOpen = false, transport = 'stream' } = options
  if (typeof addressMap !== 'function' && (typeof addressMap !== 'object' || addressMap === null)) {
    throw badOption('`addressMap` must be an object from URL or node name to URL, or a function')
  }
  if (typeof addressMap === 'object')
    for (const [from, to] of Object.entries(addressMap)) originOf(to, `addressMap[${JSON.stringify(from)}]`)
  if (typeof failOpen !== 'boolean') throw badOption('`failOpen` must be true or false')
  if (transport !== 'stream' && transport !== 'post') throw badOption("`transport` must be 'stream' or 'post'")
  return {
    seeds: seedsOf(options.nodes),
    cache: options.cache ?? 'default',
    addressMap,
    timeoutMs: numberOf(options, 'timeoutMs'),
    connectTimeoutMs: numberOf(options, 'connectTimeoutMs'),
    checkIntervalMs: numberOf(options, 'checkIntervalMs'),
    transport,
    streams: numberOf(options, 'streams'),
    connectionsMax: numberOf(options, 'connectionsMax'),
    inFlightMax: numberOf(options, 'inFlightMax'),
    inFlightBytesMax: numberOf(options, 'inFlightBytesMax'),
    awakeUs: numberOf(options, 'awakeUs'),
    valueBytesMax: numberOf(options, 'valueBytesMax'),
    failOpen,
  }
}

const callNames = new Set(['timeoutMs', 'signal', 'ttlMs', 'ifAbsent', 'ifPresent', 'ifVersion', 'contentType', 'ack'])

/** noOptions are those of a call without any, which need no check. */
export const noOptions: CallOptions = Object.freeze({})

/** checkCallOptions throws RINGHOLD_BAD_OPTION for an option that no call has: `ttl` for `ttlMs`, or a number, would store for ever. */
export function checkCallOptions(options: unknown): void {
  if (options === noOptions) return
  if (typeof options !== 'object' || options === null) {
    throw badOption(`the options of a call must be an object like { ttlMs: 60000 }, not ${String(options)}`)
  }
  for (const name in options) {
    if (!callNames.has(name))
      throw badOption(`calls have no option \`${name}\`; they have ${[...callNames].join(', ')}`)
  }
  const { signal } = options as { readonly signal?: unknown }
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw badOption('`signal` must be an AbortSignal')
}

/** checkTimeoutMs throws RINGHOLD_BAD_OPTION unless a timeout is a number of milliseconds above 0, at most a day. */
export function checkTimeoutMs(timeoutMs: unknown): asserts timeoutMs is number {
  if (typeof timeoutMs !== 'number' || !(timeoutMs > 0 && timeoutMs <= timeoutMsMax)) {
    throw badOption(
      `\`timeoutMs\` must be a number of milliseconds above 0 and at most ${timeoutMsMax}, not ${String(timeoutMs)}`,
    )
  }
}

/** originOf returns the normal form of a node's URL. Throws RINGHOLD_BAD_OPTION unless it is scheme, host and port only. */
export function originOf(address: unknown, option: string): string {
  const url = typeof address === 'string' && URL.canParse(address) ? new URL(address) : undefined
  const isOfHttp = url?.protocol === 'http:' || url?.protocol === 'https:'
  // Compared whole, so that nothing is dropped quietly: a path, a query, a user name.
  if (url && isOfHttp && url.href === `${url.origin}/`) return url.origin
  // A password must not end up in a log.
  const shown = url && isOfHttp ? url.host + url.pathname : JSON.stringify(address)
  throw badOption(`\`${option}\` must be a URL like http://127.0.0.1:7001, with nothing behind the port, not ${shown}`)
}

function seedsOf(nodes: unknown): string[] {
  const list = typeof nodes === 'string' ? [nodes] : nodes
  if (!Array.isArray(list) || list.length === 0 || list.length > seedsMax) {
    throw badOption(`\`nodes\` must be a list of 1 to ${seedsMax} URLs, like ['http://127.0.0.1:7001']`)
  }
  return [...new Set(list.map((address, index) => originOf(address, `nodes[${index}]`)))]
}

function numberOf(options: RingholdOptions, name: NumberName): number {
  const { default: usual, min = 1, max } = numbers[name]
  const value = options[name] === undefined ? usual : options[name]
  if (!Number.isInteger(value) || value < min || value > max) {
    throw badOption(`\`${name}\` must be a whole number from ${min} to ${max}, not ${String(value)}`)
  }
  return value
}

function badOption(detail: string): RingholdError {
  return new RingholdError('RINGHOLD_BAD_OPTION', { detail })
}
