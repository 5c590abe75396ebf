/** The checks of keys, cache names, times to live and content types: the same code on both sides of the wire. */
import { RingholdError } from './errors.ts'
import { defaultLimits, type Limits, ttlMsMax } from './limits.ts'

/** Part of Node 20 and ES2024, not yet of the types that we compile with. */
interface WellFormedness {
  isWellFormed(): boolean
}

/** The most bytes that a code unit of well-formed UTF-16 takes in UTF-8. */
export const utf8BytesPerUnit = 3
const cacheNamePattern = /^[a-z0-9][a-z0-9_-]{0,63}$/
/** A type and a subtype in the characters of RFC 9110 §5.6.2, then anything printable as parameters. */
const contentTypePattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+\/[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]*(;[\x20-\x7e\t]*)?$/

/** checkKey throws RINGHOLD_BAD_KEY unless the key is 1 to `keyBytesMax` bytes of UTF-8 without lone surrogates. */
export function checkKey(key: unknown, limits: Limits = defaultLimits): asserts key is string {
  if (typeof key !== 'string') throw badKey(`the key is of type ${typeof key}, not a string`)
  if (key.length === 0) throw badKey('the key is empty')
  // Short keys need no counting.
  if (key.length * utf8BytesPerUnit > limits.keyBytesMax) {
    const bytes = key.length > limits.keyBytesMax ? key.length : utf8Length(key)
    if (bytes > limits.keyBytesMax) throw badKey(`the key is longer than ${limits.keyBytesMax} bytes`)
  }
  if (!isWellFormed(key)) throw badKey('the key has a lone surrogate, which UTF-8 cannot express')
}

/** checkKeyBytes throws RINGHOLD_BAD_KEY unless the key is 1 to `keyBytesMax` bytes of well-formed UTF-8. */
export function checkKeyBytes(key: Uint8Array, limits: Limits = defaultLimits): void {
  if (key.length === 0) throw badKey('the key is empty')
  if (key.length > limits.keyBytesMax) throw badKey(`the key is longer than ${limits.keyBytesMax} bytes`)
  if (!isUtf8(key)) throw badKey('the key is not well-formed UTF-8')
}

/** checkCacheName throws RINGHOLD_BAD_CACHE unless the name matches [a-z0-9][a-z0-9_-]{0,63}. */
export function checkCacheName(name: unknown): asserts name is string {
  if (typeof name !== 'string' || !cacheNamePattern.test(name)) {
    throw new RingholdError('RINGHOLD_BAD_CACHE', { detail: `the cache name ${quote(name)} is not usable` })
  }
}

/** isTtlMs tells whether a time to live is a whole number of milliseconds above 0, and not too long. */
export function isTtlMs(ttlMs: unknown): ttlMs is number {
  return Number.isInteger(ttlMs) && (ttlMs as number) > 0 && (ttlMs as number) <= ttlMsMax
}

/** checkTtlMs throws RINGHOLD_BAD_TTL unless the time to live is a whole number of milliseconds above 0. */
export function checkTtlMs(ttlMs: unknown): asserts ttlMs is number {
  if (!isTtlMs(ttlMs)) {
    throw new RingholdError('RINGHOLD_BAD_TTL', { detail: `the time to live ${quote(ttlMs)} is not usable` })
  }
}

/** checkContentType throws RINGHOLD_BAD_CONTENT unless the type looks like `type/subtype; parameter=value` in ASCII and is not too long. */
export function checkContentType(type: unknown, limits: Limits = defaultLimits): asserts type is string {
  if (typeof type !== 'string' || type.length > limits.contentTypeCharsMax || !contentTypePattern.test(type)) {
    throw new RingholdError('RINGHOLD_BAD_CONTENT', { detail: `the content type ${quote(type)} is not usable` })
  }
}

/** isWellFormed tells whether a text has no lone surrogate, which UTF-8 cannot express. */
export function isWellFormed(text: string): boolean {
  return (text as WellFormedness & string).isWellFormed()
}

/** isUtf8 tells whether bytes, or those from `from` to `to`, are well-formed UTF-8: shortest forms only, no surrogates, nothing above U+10FFFF (RFC 3629). */
export function isUtf8(bytes: Uint8Array, from = 0, to: number = bytes.length): boolean {
  for (let at = from; at < to; ) {
    const first = bytes[at] as number
    if (first < 0x80) {
      at++
      continue
    }
    const size = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0
    if (size === 0 || at + size > to) return false
    const second = bytes[at + 1] as number
    // What the first byte leaves open: overlong forms, surrogates, and what lies beyond Unicode.
    const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
    const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
    if (second < least || second > most) return false
    for (let more = at + 2; more < at + size; more++) if ((bytes[more] as number) >>> 6 !== 2) return false
    at += size
  }
  return true
}

/** utf8Length counts the bytes of a text in UTF-8, without making them. */
export function utf8Length(text: string): number {
  let bytes = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code < 0x80) bytes += 1
    else if (code < 0x800) bytes += 2
    else if (code >= 0xd800 && code < 0xdc00 && text.charCodeAt(index + 1) >>> 10 === 0x37) {
      bytes += 4
      index++
    } else bytes += 3
  }
  return bytes
}

function badKey(detail: string): RingholdError {
  return new RingholdError('RINGHOLD_BAD_KEY', { detail })
}

function quote(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : String(value)
}
