import fc from 'fast-check'
import { test } from 'tap'
import {
  checkCacheName,
  checkContentType,
  checkKey,
  checkKeyBytes,
  checkTtlMs,
  isUtf8,
  isWellFormed,
  ttlMsMax,
  utf8Length,
} from '#sdk/protocol/index.js'
import { holds } from '../../property.ts'

const anyText = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units))
const text = fc.string({ unit: 'binary', maxLength: 600 })

function isUsable(check: (value: unknown) => void, value: unknown, code: string): boolean {
  try {
    check(value)
    return true
  } catch (error) {
    if ((error as { code?: unknown }).code !== code) throw error
    return false
  }
}

test('the length in UTF-8 is counted as Buffer does it, lone surrogates included', async (t) => {
  holds(
    t,
    'lengths',
    fc.property(fc.oneof(text, anyText), (any) => utf8Length(any) === Buffer.byteLength(any)),
  )
})

test('a text is well-formed when it comes through UTF-8 unchanged', async (t) => {
  holds(
    t,
    'forms',
    fc.property(anyText, (any) => isWellFormed(any) === (Buffer.from(any).toString() === any)),
  )
})

test('a key is usable when it is 1 to 512 bytes of well-formed UTF-8', async (t) => {
  const rule = (key: string) => {
    const bytes = Buffer.from(key)
    return bytes.length >= 1 && bytes.length <= 512 && bytes.toString() === key
  }
  const keys = fc.oneof(
    text,
    anyText,
    fc
      .constantFrom('a', 'é', '€', '😀')
      .chain((unit) => fc.integer({ min: 0, max: 600 }).map((count) => unit.repeat(count))),
  )
  holds(
    t,
    'keys',
    fc.property(keys, (key) => isUsable(checkKey, key, 'RINGHOLD_BAD_KEY') === rule(key)),
    2000,
  )
  for (const usable of [
    '.',
    '..',
    '/',
    '%2F',
    '\0',
    '\r\n',
    ' ',
    '😀',
    '__proto__',
    'x'.repeat(512),
    '😀'.repeat(128),
  ]) {
    t.doesNotThrow(() => checkKey(usable), usable)
  }
  for (const unusable of [
    '',
    'x'.repeat(513),
    `${'😀'.repeat(128)}x`,
    '\ud800',
    '\udc00a',
    1,
    null,
    undefined,
    {},
    Symbol.iterator,
  ]) {
    t.throws(() => checkKey(unusable), { code: 'RINGHOLD_BAD_KEY' }, String(unusable))
  }
})

test('cache names, times to live and content types are checked', async (t) => {
  for (const name of ['a', '0', 'default', 'a_b-c', 'x'.repeat(64)]) t.doesNotThrow(() => checkCacheName(name))
  for (const name of ['', '-a', '_a', 'A', 'a b', 'a/b', '..', 'é', 'x'.repeat(65), 1, undefined]) {
    t.throws(() => checkCacheName(name), { code: 'RINGHOLD_BAD_CACHE' }, String(name))
  }
  for (const ttlMs of [1, 60_000, ttlMsMax]) t.doesNotThrow(() => checkTtlMs(ttlMs))
  for (const ttlMs of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, ttlMsMax + 1, '1', null]) {
    t.throws(() => checkTtlMs(ttlMs), { code: 'RINGHOLD_BAD_TTL' }, String(ttlMs))
  }
  for (const type of ['a/b', 'text/plain; charset=utf-8', 'application/vnd.x+json;v=1']) {
    t.doesNotThrow(() => checkContentType(type))
  }
  for (const type of ['', 'text', 'text/', '/plain', 'text/plain\r\nx: y', 'text/plän', `a/${'b'.repeat(300)}`, 1]) {
    t.throws(() => checkContentType(type), { code: 'RINGHOLD_BAD_CONTENT' }, String(type))
  }
})

test('bytes are UTF-8 when a strict decoder takes them', async (t) => {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const isDecodable = (bytes: Uint8Array): boolean => {
    try {
      decoder.decode(bytes)
      return true
    } catch {
      return false
    }
  }
  // Bytes at the borders of the ranges, where mistakes hide.
  const byte = fc.constantFrom(
    0x00,
    0x7f,
    0x80,
    0x8f,
    0x90,
    0x9f,
    0xa0,
    0xbf,
    0xc0,
    0xc1,
    0xc2,
    0xdf,
    0xe0,
    0xed,
    0xef,
    0xf0,
    0xf4,
    0xf5,
    0xff,
  )
  const bytes = fc.array(byte, { maxLength: 6 }).map((list) => Uint8Array.from(list))
  holds(
    t,
    'as the decoder has it',
    fc.property(bytes, (each) => isUtf8(each) === isDecodable(each)),
    20_000,
  )
  const text = fc.string({ unit: 'binary' })
  holds(
    t,
    'every text',
    fc.property(text, (each) => isUtf8(new TextEncoder().encode(each))),
  )
  for (const wrong of [[], [0xff], Array(513).fill(0x61)]) {
    t.throws(() => checkKeyBytes(Uint8Array.from(wrong)), { code: 'RINGHOLD_BAD_KEY' })
  }
  for (const right of [[0], Array(512).fill(0x61)]) t.doesNotThrow(() => checkKeyBytes(Uint8Array.from(right)))
})
