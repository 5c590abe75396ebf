import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { test } from 'tap'
import { decode, encode } from '#sdk/codec.js'
import { defaultLimits } from '#sdk/protocol/index.js'
import { holds } from '../property.ts'

function there(value: unknown): unknown {
  const { value: stored, contentType } = encode(value)
  return decode(Buffer.from(stored), contentType)
}

// Stays the first test: what is decoded here is the first value of the process.
test('an empty value comes back also when no other came before, and when those before fill their array', async (t) => {
  const stored = [0, ...Array.from({ length: 8 }, () => 1_024), 0, 1].map((length) => new Uint8Array(length).fill(7))
  t.strictSame(
    stored.map((bytes) => decode(bytes, 'application/octet-stream')),
    stored,
  )
})

test('JSON values, text and bytes come back as what they were', async (t) => {
  const text = fc.string({ unit: 'grapheme' })
  const bytes = fc.uint8Array()
  const json = fc.jsonValue({ noUnicodeString: false }).filter((value) => !hasMinusZero(value))
  holds(
    t,
    'values',
    fc.property(fc.oneof(text, bytes, json), (value) => isDeepStrictEqual(there(value), value)),
    2000,
  )
  for (const value of [null, false, 0, '', 'null', '{"a":1}', [], {}, new Uint8Array(0), '\ufeffbom', '\0']) {
    t.strictSame(there(value), value)
  }
})

/** JSON has no minus zero. */
function hasMinusZero(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).some(hasMinusZero)
  return Object.is(value, -0)
}

test('the content type says which of the three it is', async (t) => {
  t.equal(encode({ a: 1 }).contentType, 'application/json')
  t.equal(encode('a').contentType, 'text/plain; charset=utf-8')
  t.equal(encode(Buffer.from('a')).contentType, 'application/octet-stream')
  t.equal(encode('{}', { contentType: 'application/json' }).contentType, 'application/json')
})

test('what comes back from a Buffer is a Uint8Array that keeps no network buffer alive', async (t) => {
  const network = Buffer.alloc(65_536)
  const value = decode(network.subarray(0, 3), 'application/octet-stream') as Uint8Array
  t.equal(value.constructor, Uint8Array)
  t.ok(value.buffer.byteLength <= 8_192, 'small values share an array of a few')
  t.equal((decode(network, 'application/octet-stream') as Uint8Array).buffer.byteLength, network.length)
})

test('no value shares a byte with another, and what is done to one leaves the others alone', async (t) => {
  const bytes = fc.array(fc.uint8Array({ maxLength: 1_100 }), { maxLength: 50 })
  holds(
    t,
    'values',
    fc.property(bytes, (stored) => {
      const values = stored.map((each) => decode(each, 'application/octet-stream') as Uint8Array)
      return values.every((value, index) => {
        const isWhole = isDeepStrictEqual(value, Uint8Array.from(stored[index] as Uint8Array))
        value.fill(255)
        return isWhole && value.byteOffset % 8 === 0
      })
    }),
  )
  const [first, second] = [1, 2].map((byte) => decode(Uint8Array.of(byte), 'application/octet-stream') as Uint8Array)
  try {
    structuredClone(first, { transfer: [(first as Uint8Array).buffer as ArrayBuffer] })
  } catch (error) {
    t.equal((error as Error).name, 'DataCloneError', 'Node from 21 on says so')
  }
  t.strictSame(second, Uint8Array.of(2), 'its memory is not handed over with the first')
})

test('what has no JSON, or would quietly become something else, is refused', async (t) => {
  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  const values = [
    undefined,
    () => 1,
    Symbol('s'),
    1n,
    { deep: 1n },
    cycle,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    new Map(),
    new Set(),
    Promise.resolve(1),
    new Float64Array(1),
    new ArrayBuffer(1),
    { toJSON: () => undefined },
    {
      toJSON() {
        throw new Error('no')
      },
    },
    'lone \ud800',
  ]
  for (const value of values) t.throws(() => encode(value), { code: 'RINGHOLD_BAD_VALUE' }, typeof value)
})

test('bytes that were transferred away are refused, empty ones are not', async (t) => {
  const bytes = new Uint8Array(4)
  structuredClone(bytes, { transfer: [bytes.buffer] })
  t.throws(() => encode(bytes), { code: 'RINGHOLD_BAD_VALUE' })
  for (const empty of [new Uint8Array(0), Buffer.alloc(0), new Uint8Array(new ArrayBuffer(4), 4)]) {
    t.equal(encode(empty).value.length, 0)
  }
})

test('a value over the limit is refused by its bytes, a content type by its form', async (t) => {
  const limits = { ...defaultLimits, valueBytesMax: 4 }
  const options = { limits }
  for (const value of ['abcd', '😀', Buffer.alloc(4), 1234]) t.doesNotThrow(() => encode(value, options))
  for (const value of ['abcde', '😀a', '€€', Buffer.alloc(5), 12345, { a: 1 }]) {
    t.throws(() => encode(value, options), { code: 'RINGHOLD_VALUE_TOO_LARGE' }, String(value))
  }
  t.throws(() => encode('a', { contentType: 'nonsense' }), { code: 'RINGHOLD_BAD_CONTENT' })
})

test('values that others stored are read by their content type', async (t) => {
  const rows: [type: string, stored: string, value: unknown][] = [
    ['application/json; charset=utf-8', '[1]', [1]],
    ['APPLICATION/JSON', '[1]', [1]],
    ['application/problem+json', '{"a":1}', { a: 1 }],
    ['text/html', '<p>', '<p>'],
    ['text/plain;charset="UTF-8"', 'é', 'é'],
    ['text/plain; charset=latin1', 'a', new Uint8Array([97])],
    ['image/png', 'a', new Uint8Array([97])],
    ['nonsense', 'a', new Uint8Array([97])],
    ['', 'a', new Uint8Array([97])],
  ]
  for (const [type, stored, value] of rows) t.strictSame(decode(Buffer.from(stored), type), value, type)
})

test('bytes that are not what their content type says are RINGHOLD_BAD_REPLY', async (t) => {
  const refused = { code: 'RINGHOLD_BAD_REPLY' }
  t.throws(() => decode(Buffer.from('{'), 'application/json'), refused)
  t.throws(() => decode(new Uint8Array(0), 'application/json'), refused)
  t.throws(() => decode(new Uint8Array([0xff]), 'text/plain'), refused)
})
