import assert from 'node:assert'
import fc from 'fast-check'
import { test } from 'tap'
import {
  type ByteCommand,
  FrameReader,
  FrameWriter,
  frameFlags,
  Names,
  type Outcome,
  protocolRelease,
  ReceivedHit,
  RingholdError,
  readAnswer,
  readCommand,
  readHello,
  readRing,
  receiveAnswer,
  writeCommand,
  writeError,
  writeHello,
  writeOutcome,
  writeRing,
} from '#sdk/protocol/index.js'
import { holds } from '../../../property.ts'
import { anyCommand, anyError, anyHello, anyKey, anyOutcome } from './arbitraries.ts'

const id = fc.nat({ max: 0xffff_ffff })

/** Reads the only frame that was written. */
function onlyFrame(writer: FrameWriter): FrameReader {
  const reader = new FrameReader({ frameBytesMax: 1e6, fault: 'RINGHOLD_BAD_REQUEST' })
  reader.feed(writer.take())
  if (!reader.next()) throw new Error('there is no whole frame')
  return reader
}

test('every command comes back as it was, with its id and its route', async (t) => {
  const names = new Names()
  holds(
    t,
    'every command comes back',
    fc.property(anyCommand, id, fc.boolean(), (command, number, isDirect) => {
      const writer = new FrameWriter(1)
      writeCommand(writer, command, { id: number, isDirect })
      const reader = onlyFrame(writer)
      assert.strictEqual(reader.id, number)
      assert.strictEqual((reader.flags & frameFlags.direct) !== 0, isDirect)
      assert.deepEqual(readCommand(reader, names), { ...command })
      assert.strictEqual(reader.next(), false)
    }),
  )
})

test('keys and values of text travel as their UTF-8 bytes', async (t) => {
  const anyText = fc.oneof(fc.string({ unit: 'binary', maxLength: 2_000, size: 'max' }), fc.string({ maxLength: 100 }))
  holds(
    t,
    'text travels',
    fc.property(anyKey, anyText, fc.nat(100), (keyText, valueText, before) => {
      const [key, value] = [keyText, valueText].map((text) => Buffer.from(text).toString()) as [string, string]
      const writer = new FrameWriter(1)
      writer.reserve(before)
      writer.skip(before)
      writeCommand(
        writer,
        { type: 'set', cache: 'c', key, value, contentType: 'text/plain' },
        { id: 1, isDirect: true },
      )
      const reader = new FrameReader({ frameBytesMax: 1e6, fault: 'RINGHOLD_BAD_REQUEST' })
      reader.feed(writer.take().subarray(before))
      assert.ok(reader.next())
      const command = readCommand(reader, new Names()) as Extract<ByteCommand, { type: 'set' }>
      assert.strictEqual(Buffer.from(command.key).toString(), key)
      assert.strictEqual(Buffer.from(command.value).toString(), value)
    }),
  )
})

test('every outcome comes back as it was', async (t) => {
  holds(
    t,
    'every outcome',
    fc.property(anyOutcome, id, (outcome, number) => {
      const writer = new FrameWriter(1)
      writeOutcome(writer, number, outcome)
      const reader = onlyFrame(writer)
      assert.strictEqual(reader.id, number)
      assert.deepEqual(readAnswer(reader), { ...outcome })
    }),
  )
})

test('an outcome that is received without its value says the same, and has its value when asked', async (t) => {
  holds(
    t,
    'every outcome',
    fc.property(anyOutcome, id, (outcome, number) => {
      const writer = new FrameWriter(1)
      writeOutcome(writer, number, outcome)
      const received = receiveAnswer(onlyFrame(writer), new ReceivedHit()) as Outcome
      assert.strictEqual(received.type, outcome.type)
      if (received.type !== 'hit') assert.deepEqual(received, { ...outcome })
      else {
        const { type, value, contentType, version, ttlMs } = received
        assert.deepEqual({ type, value, contentType, version, ttlMs }, { ttlMs: undefined, ...outcome })
        const kept = (received as ReceivedHit).kept()
        value.fill(0)
        assert.deepEqual(kept, { ttlMs: undefined, ...outcome }, 'also when what was received is overwritten')
      }
    }),
  )
})

test('every error comes back with its code and facts', async (t) => {
  holds(
    t,
    'every error',
    fc.property(anyError, (error) => {
      const writer = new FrameWriter(1)
      writeError(writer, 7, error)
      const read = readAnswer(onlyFrame(writer)) as RingholdError
      assert.ok(read instanceof RingholdError)
      assert.strictEqual(read.code, error.code)
      assert.strictEqual(read.executed, error.executed)
      assert.deepEqual({ ...read.facts, executed: error.facts.executed }, { executed: undefined, ...error.facts })
    }),
  )
})

test('greetings and news come back as they were; a later release may add to its greeting', async (t) => {
  holds(
    t,
    'greetings',
    fc.property(anyHello, (hello) => {
      const writer = new FrameWriter(1)
      writeHello(writer, hello)
      assert.deepEqual(readHello(onlyFrame(writer)), { release: protocolRelease, ...hello })
      writeHello(writer, hello)
      writer.reserve(3)
      writer.raw(new Uint8Array(3))
      writer.end()
      assert.deepEqual(readHello(onlyFrame(writer)), { release: protocolRelease, ...hello })
      writeRing(writer, hello.ring)
      assert.strictEqual(readRing(onlyFrame(writer)), hello.ring)
    }),
  )
})

test('names are remembered without ever being mixed up', async (t) => {
  const names = new Names()
  holds(
    t,
    'names',
    fc.property(fc.array(fc.stringMatching(/^[ab][a-c]{0,2}$/), { maxLength: 50 }), (caches) => {
      for (const cache of caches) {
        const writer = new FrameWriter()
        writeCommand(writer, { type: 'get', cache, key: 'k' }, { id: 1, isDirect: false })
        assert.strictEqual(readCommand(onlyFrame(writer), names).cache, cache)
      }
    }),
  )
})
