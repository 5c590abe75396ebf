import assert from 'node:assert'
import fc from 'fast-check'
import { test } from 'tap'
import {
  FrameReader,
  FrameWriter,
  frameTypes,
  isCommand,
  Names,
  RingholdError,
  readAnswer,
  readCommand,
  readHello,
  readRing,
  writeCommand,
  writeOutcome,
} from '#sdk/protocol/index.js'
import { holds } from '../../../property.ts'
import { anyCommand, anyOutcome } from './arbitraries.ts'

const frameBytesMax = 100_000
const newReader = () => new FrameReader({ frameBytesMax, fault: 'RINGHOLD_BAD_REQUEST' })

/** Everything that a reader finds in the chunks, as plain values. */
function framesIn(chunks: readonly Uint8Array[], reader = newReader()): unknown[] {
  const found: unknown[] = []
  const names = new Names()
  for (const chunk of chunks) {
    reader.feed(chunk)
    while (reader.next()) {
      const { id, type } = reader
      if (isCommand(type)) found.push({ id, type, ...plain(readCommand(reader, names)) })
      else if (type === frameTypes.hello) found.push(readHello(reader))
      else if (type === frameTypes.ring) found.push(readRing(reader))
      else found.push({ id, type, ...plain(readAnswer(reader)) })
    }
  }
  return found
}

/** Copies views, which the test would otherwise compare after their buffer was used again. */
function plain(value: object): object {
  return JSON.parse(JSON.stringify(value, (_key, part) => (part instanceof Uint8Array ? [...part] : part)))
}

function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...sorted].map((from, index) => bytes.slice(from, sorted[index] ?? bytes.length))
}

const anyStream = fc.array(fc.oneof(anyCommand, anyOutcome), { minLength: 1, maxLength: 12 }).map((items) => {
  const writer = new FrameWriter()
  for (const [id, item] of items.entries()) {
    if ('cache' in item) writeCommand(writer, item, { id, isDirect: true })
    else writeOutcome(writer, id, item)
  }
  return writer.take()
})

test('wherever a stream is cut, the same frames come out', async (t) => {
  holds(
    t,
    'the same frames',
    fc.property(anyStream, fc.array(fc.nat(), { maxLength: 20 }), (bytes, places) => {
      assert.deepEqual(framesIn(cut(bytes, places)), framesIn([bytes]))
    }),
  )
  const writer = new FrameWriter()
  writeCommand(writer, { type: 'get', cache: 'c', key: 'k' }, { id: 1, isDirect: true })
  writeOutcome(writer, 2, { type: 'miss' })
  const bytes = writer.take()
  t.equal(framesIn([...bytes].map((byte) => Uint8Array.of(byte))).length, 2, 'byte by byte')
})

test('a frame within one chunk is read where it lies', async (t) => {
  const writer = new FrameWriter()
  const value = new Uint8Array(50)
  writeOutcome(writer, 1, { type: 'hit', value, contentType: 'x/y', version: 1, ttlMs: undefined })
  const bytes = writer.take()
  const reader = newReader()
  reader.feed(bytes)
  reader.next()
  const hit = readAnswer(reader) as { value: Uint8Array }
  t.equal(hit.value.buffer, bytes.buffer)
})

test('any bytes at all are read or refused with the code of that side, never with another error', async (t) => {
  const refusedOrRead = (chunks: Uint8Array[]) => {
    try {
      framesIn(chunks)
    } catch (error) {
      assert.ok(error instanceof RingholdError, String(error))
      assert.strictEqual(error.code, 'RINGHOLD_BAD_REQUEST')
    }
  }
  holds(
    t,
    'any bytes',
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => refusedOrRead([bytes])),
  )
  // A right length, so that what comes behind it is looked at.
  const anyBody = fc.tuple(fc.integer({ min: 0, max: 40 }), fc.uint8Array({ minLength: 6, maxLength: 200 }))
  holds(
    t,
    'right length',
    fc.property(anyBody, ([type, rest]) => {
      const bytes = new Uint8Array(4 + rest.length)
      bytes[0] = rest.length
      bytes.set(rest, 4)
      bytes[8] = type
      refusedOrRead([bytes])
    }),
  )
  holds(
    t,
    'one byte changed',
    fc.property(anyStream, fc.nat(), fc.integer({ min: 0, max: 255 }), (bytes, place, byte) => {
      bytes[place % bytes.length] = byte
      refusedOrRead([bytes])
    }),
  )
})

test('a stream that ends within a frame is told from one that ends between two', async (t) => {
  holds(
    t,
    'the end of a stream',
    fc.property(anyStream, fc.nat(), (bytes, place) => {
      const reader = newReader()
      const length = place % (bytes.length + 1)
      const whole = framesIn([bytes.slice(0, length)], reader).length
      const isWithin = framesIn([bytes.slice(0, length)]).length === whole && !endsBetween(bytes, length)
      if (isWithin) assert.throws(() => reader.finish(), { code: 'RINGHOLD_BAD_REQUEST' })
      else assert.doesNotThrow(() => reader.finish())
    }),
  )
})

function endsBetween(bytes: Uint8Array, length: number): boolean {
  let at = 0
  while (at < length) at += 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true)
  return at === length
}

test('a frame that is announced too long or too short is refused as soon as its length is there', async (t) => {
  for (const length of [0, 5, frameBytesMax + 1, 0x7fff_ffff, 0xffff_ffff]) {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setUint32(0, length, true)
    t.throws(() => framesIn([bytes]), { code: 'RINGHOLD_BAD_REQUEST' }, `${length} at once`)
    t.throws(() => framesIn([...bytes].map((byte) => Uint8Array.of(byte))), { code: 'RINGHOLD_BAD_REQUEST' })
  }
})

test('memory follows what came, not what was announced', async (t) => {
  const big = new FrameReader({ frameBytesMax: 0x7fff_ffff, fault: 'RINGHOLD_BAD_REPLY' })
  const before = process.memoryUsage().arrayBuffers
  const bytes = new Uint8Array(20)
  new DataView(bytes.buffer).setUint32(0, 0x7fff_fff0, true)
  big.feed(bytes)
  t.equal(big.next(), false)
  t.ok(process.memoryUsage().arrayBuffers - before < 1_000_000)
})

test('a reader whose chunks are used up keeps nothing of them', async (t) => {
  const writer = new FrameWriter()
  for (let id = 1; id <= 100; id++) writeOutcome(writer, id, { type: 'miss' })
  const reader = newReader()
  reader.feed(writer.take())
  while (reader.next());
  t.ok(reader.bytes.length >= 1_000)
  reader.feed(new Uint8Array(0))
  t.equal(reader.bytes.length, 0)
})

test('a large frame in many chunks arrives whole', async (t) => {
  const value = Uint8Array.from({ length: 1_048_576 }, (_, index) => index * 7)
  const writer = new FrameWriter()
  writeCommand(writer, { type: 'set', cache: 'c', key: 'k', value, contentType: 'x/y' }, { id: 1, isDirect: true })
  writeOutcome(writer, 2, { type: 'miss' })
  const bytes = writer.take()
  const reader = new FrameReader({ frameBytesMax: 2_000_000, fault: 'RINGHOLD_BAD_REQUEST' })
  const found: (Uint8Array | string)[] = []
  for (let at = 0; at < bytes.length; at += 65_536) {
    reader.feed(bytes.subarray(at, at + 65_536))
    while (reader.next()) {
      if (!isCommand(reader.type)) found.push((readAnswer(reader) as { type: string }).type)
      else found.push((readCommand(reader, new Names()) as { value: Uint8Array }).value.slice())
    }
  }
  t.equal(Buffer.compare(found[0] as Uint8Array, value), 0)
  t.equal(found[1], 'miss')
})
