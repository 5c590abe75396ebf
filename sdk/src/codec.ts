/**
 * Values as bytes: what is stored comes back as what it was, told apart by the content type.
 *
 *      string        text/plain; charset=utf-8        string
 *      Uint8Array    application/octet-stream         Uint8Array
 *      anything else application/json                 what JSON makes of it (a Date becomes a string)
 *
 * What has no JSON (undefined, functions, cycles, BigInt) is refused, and so is what JSON would quietly turn into
 * something else at the top level: Map, Set, promises, typed arrays, NaN.
 */
import { Buffer } from 'node:buffer'
import { markAsUntransferable } from 'node:worker_threads'
import {
  checkContentType,
  defaultLimits,
  type Hit,
  isWellFormed,
  type Limits,
  ReceivedHit,
  RingholdError,
  utf8BytesPerUnit,
  utf8Length,
} from './protocol/index.ts'

const jsonType = 'application/json'
const textType = 'text/plain; charset=utf-8'
const bytesType = 'application/octet-stream'
/** Values up to this many bytes share arrays of so many. */
const sharedValueBytesMax = 1_024
const sharedBytes = 8_192
/** Texts of up to so many code units are sent as texts: three times their length is made room for. */
const shortTextMax = 1_024
let shared = newShared()
let sharedUsed = 0
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Encoded is a value as it is stored. A short text stays one, which becomes bytes where they are sent from: without an array of its own. */
export interface Encoded {
  readonly value: Uint8Array | string
  readonly contentType: string
}

/** EncodeOptions are the content type to store instead of the usual one, and the limits to keep. */
export interface EncodeOptions {
  readonly contentType?: string | undefined
  readonly limits?: Limits | undefined
}

/**
 * encode turns a value into bytes. Throws RINGHOLD_BAD_VALUE for what cannot be stored, RINGHOLD_VALUE_TOO_LARGE and
 * RINGHOLD_BAD_CONTENT. Bytes are not copied.
 */
export function encode(value: unknown, { contentType, limits = defaultLimits }: EncodeOptions = {}): Encoded {
  if (contentType !== undefined) checkContentType(contentType, limits)
  const encoded = encodedOf(value, limits)
  const bytes = bytesAtMost(encoded.value, limits)
  if (bytes > limits.valueBytesMax) throw tooLarge(bytes, limits)
  return contentType === undefined ? encoded : { value: encoded.value, contentType }
}

/** Stored is what a key has: bytes from `at` to `end`, and what they are. */
interface Stored {
  readonly bytes: Uint8Array
  readonly at: number
  readonly end: number
  readonly contentType: string
}

/** decodeHit is decode for the value of a hit. */
export function decodeHit(hit: Hit): unknown {
  return hit instanceof ReceivedHit ? decodeStored(hit) : decode(hit.value, hit.contentType)
}

/** decode turns stored bytes back into a value. Throws RINGHOLD_BAD_REPLY where they are not what their type says. */
export function decode(bytes: Uint8Array, contentType: string): unknown {
  return decodeStored({ bytes, at: 0, end: bytes.length, contentType })
}

function decodeStored(stored: Stored): unknown {
  const { contentType } = stored
  try {
    // What this client writes itself needs no look at the parts of the type.
    if (contentType === textType) return textOf(stored)
    if (contentType === jsonType) return JSON.parse(textOf(stored))
    if (contentType === bytesType) return copyOf(viewOf(stored))
    const semicolon = contentType.indexOf(';')
    const type = (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase()
    if (type === jsonType || type.endsWith('+json')) return JSON.parse(textOf(stored))
    if (type.startsWith('text/') && isUtf8(contentType)) return textOf(stored)
  } catch (cause) {
    throw new RingholdError('RINGHOLD_BAD_REPLY', {
      detail: `the stored value is not ${contentType}`,
      cause,
      executed: 'no',
    })
  }
  return copyOf(viewOf(stored))
}

function viewOf({ bytes, at, end }: Stored): Uint8Array {
  return bytes.subarray(at, end)
}

/**
 * copyOf returns bytes of their own: those of a reply are a piece of a larger network buffer, which they would keep alive.
 * Small ones share an array of a few, as Node's own buffers do: one of its own costs more than the rest of a call.
 */
export function copyOf(bytes: Uint8Array): Uint8Array {
  const { length } = bytes
  if (length > sharedValueBytesMax) return new Uint8Array(bytes)
  if (sharedUsed + length > sharedBytes) {
    shared = newShared()
    sharedUsed = 0
  }
  const copy = new Uint8Array(shared, sharedUsed, length)
  copy.set(bytes)
  // The next one begins at a multiple of eight, so that whoever looks at its bytes as numbers finds them aligned.
  sharedUsed += (length + 7) & ~7
  return copy
}

/** Whoever hands a value over to a worker would take those beside it along: such an array is copied then, not moved. */
function newShared(): ArrayBuffer {
  const array = new ArrayBuffer(sharedBytes)
  markAsUntransferable(array)
  return array
}

/** Buffer reads several times faster than a strict decoder; what it could not read shows as U+FFFD, and is looked at again. */
function textOf(stored: Stored): string {
  const { bytes, at, end } = stored
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = buffer.toString('utf8', at, end)
  return text.includes('\ufffd') ? utf8.decode(viewOf(stored)) : text
}

function encodedOf(value: unknown, limits: Limits): Encoded {
  if (typeof value === 'string') {
    if (value.length > limits.valueBytesMax) throw tooLarge(utf8Length(value), limits)
    if (!isWellFormed(value)) throw badValue('the text has a lone surrogate, which UTF-8 cannot express')
    return { value: ofText(value), contentType: textType }
  }
  if (value instanceof Uint8Array) {
    if (isTransferred(value)) throw badValue('the bytes have been transferred to somebody else')
    return { value, contentType: bytesType }
  }
  return { value: ofText(jsonOf(value)), contentType: jsonType }
}

function ofText(text: string): Uint8Array | string {
  return text.length <= shortTextMax ? text : Buffer.from(text)
}

/** How many bytes a value has. A text that cannot have too many is not counted. */
function bytesAtMost(value: Uint8Array | string, { valueBytesMax }: Limits): number {
  if (typeof value !== 'string') return value.byteLength
  const most = value.length * utf8BytesPerUnit
  return most <= valueBytesMax ? most : utf8Length(value)
}

/** An array whose buffer was transferred away looks like an empty one; only the attempt to use the buffer tells. */
function isTransferred(bytes: Uint8Array): boolean {
  if (bytes.length > 0) return false
  try {
    return new Uint8Array(bytes.buffer).length < 0
  } catch {
    return true
  }
}

function jsonOf(value: unknown): string {
  const name = nameOfUnusable(value)
  if (name !== undefined) throw badValue(`${name} has no JSON`)
  let json: string | undefined
  try {
    json = JSON.stringify(value)
  } catch (cause) {
    throw badValue(`the value has no JSON: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
  }
  if (json === undefined) throw badValue('the value has no JSON')
  // That of JSON.rawJSON is taken as it is.
  if (!isWellFormed(json)) throw badValue('the JSON has a lone surrogate, which UTF-8 cannot express')
  return json
}

function nameOfUnusable(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : String(value)
  if (typeof value !== 'object') return typeof value === 'boolean' ? undefined : `a value of type ${typeof value}`
  if (value instanceof Promise) return 'a promise (await it first)'
  if (value instanceof Map || value instanceof Set) return 'a Map or Set'
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return 'a binary value other than Uint8Array'
  return undefined
}

function isUtf8(contentType: string): boolean {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType)?.[1]?.toLowerCase()
  return charset === undefined || charset === 'utf-8' || charset === 'utf8' || charset === 'us-ascii'
}

function tooLarge(bytes: number, limits: Limits): RingholdError {
  const detail = `the value has ${bytes} bytes, more than ${limits.valueBytesMax}`
  return new RingholdError('RINGHOLD_VALUE_TOO_LARGE', { detail })
}

function badValue(detail: string, cause?: unknown): RingholdError {
  return new RingholdError('RINGHOLD_BAD_VALUE', { detail, cause })
}
