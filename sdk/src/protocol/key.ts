/** The checks of keys, cache names, times to live and content types: the same code on both sides of the wire. */
import { RingholdError } from './errors.ts'
import { defaultLimits, type Limits, ttlMsMax } from './limits.ts'

const cacheNamePattern = /^[a-z0-9][a-z0-9_-]{0,63}$/
/** A type and a subtype in the characters of RFC 9110 §5.6.2, then anything printable as parameters. */
const contentTypePattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+\/[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]*(;[\x20-\x7e\t]*)?$/
/** With the u flag a surrogate pair is one character, so that this finds lone surrogates only. */
const loneSurrogate = /\p{Surrogate}/u

/** checkKey throws RINGHOLD_BAD_KEY unless the key is 1 to `keyBytesMax` bytes of UTF-8 without lone surrogates. */
export function checkKey(key: unknown, limits: Limits = defaultLimits): asserts key is string {
  if (typeof key !== 'string') throw badKey(`the key is of type ${typeof key}, not a string`)
  if (key.length === 0) throw badKey('the key is empty')
  // Three bytes is the most that one code unit can take, so that short keys need no counting.
  if (key.length * 3 > limits.keyBytesMax) {
    const bytes = key.length > limits.keyBytesMax ? key.length : utf8Length(key)
    if (bytes > limits.keyBytesMax) throw badKey(`the key is longer than ${limits.keyBytesMax} bytes`)
  }
  if (!isWellFormed(key)) throw badKey('the key has a lone surrogate, which UTF-8 cannot express')
}

/** checkCacheName throws RINGHOLD_BAD_CACHE unless the name matches [a-z0-9][a-z0-9_-]{0,63}. */
export function checkCacheName(name: unknown): asserts name is string {
  if (typeof name !== 'string' || !cacheNamePattern.test(name)) {
    throw new RingholdError('RINGHOLD_BAD_CACHE', { detail: `the cache name ${quote(name)} is not usable` })
  }
}

/** checkTtlMs throws RINGHOLD_BAD_TTL unless the time to live is a whole number of milliseconds above 0. */
export function checkTtlMs(ttlMs: unknown): asserts ttlMs is number {
  if (!Number.isInteger(ttlMs) || (ttlMs as number) <= 0 || (ttlMs as number) > ttlMsMax) {
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
  return !loneSurrogate.test(text)
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
