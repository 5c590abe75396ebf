import assert from 'node:assert'
import fc from 'fast-check'
import { test } from 'tap'
import type { PeerRequest } from '#node/copies/peer-request.js'
import { TokenSet } from '#node/copies/token-set.js'
import { messageBytesMax, peerFrames } from '#node/copies/wire/layout.js'
import { PeerReader } from '#node/copies/wire/peer-reader.js'
import { PeerWriter } from '#node/copies/wire/peer-writer.js'
import { defaultLimits, FrameWriter, RingholdError } from '#sdk/protocol/index.js'
import { holds } from '../../../property.ts'
import { anyEnvelope, anyRefusal, anyReply, anyRequest } from './messages.ts'

const id = fc.nat({ max: 0xffff_ffff })
const fault = 'RINGHOLD_BAD_REQUEST'
const envelope = { from: 'node-1', incarnation: 1, clock: 2 }
const newReader = () => new PeerReader({ limits: defaultLimits, fault })

/** plain makes of arrays with their own buffers, bitmaps and prototypes what can be compared. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_name, field) => {
      if (field instanceof Uint8Array) return Buffer.from(field).toString('hex')
      if (typeof field === 'object' && field !== null && 'bits' in field) return [...(field as Iterable<number>)]
      return field === undefined ? null : Number.isNaN(field) ? 'NaN' : field
    }),
  )
}

test('every request comes back as it was, with its id and who speaks', async (t) => {
  holds(
    t,
    'requests come back',
    fc.property(anyRequest, anyEnvelope, id, (request, from, number) => {
      const writer = new PeerWriter()
      assert.ok(writer.request({ id: number, envelope: from }, request))
      const reader = newReader()
      reader.feed(writer.take())
      assert.ok(reader.next())
      assert.strictEqual(reader.id, number)
      assert.deepEqual(plain(reader.request()), plain({ envelope: from, request }))
      assert.strictEqual(reader.next(), false)
    }),
  )
})

test('every reply comes back as it was, with its id and who speaks', async (t) => {
  holds(
    t,
    'replies come back',
    fc.property(anyReply, anyEnvelope, id, (reply, from, number) => {
      const writer = new PeerWriter()
      assert.ok(writer.reply({ id: number, envelope: from }, reply))
      const reader = newReader()
      reader.feed(writer.take())
      assert.ok(reader.next())
      assert.strictEqual(reader.id, number)
      assert.deepEqual(plain(reader.reply()), plain({ envelope: from, reply }))
    }),
  )
})

test('a refusal comes back with its code, its facts and whether the command was executed', async (t) => {
  holds(
    t,
    'refusals come back',
    fc.property(anyRefusal, (error) => {
      const writer = new PeerWriter()
      writer.reply({ id: 1, envelope }, { type: 'refused', error })
      const reader = newReader()
      reader.feed(writer.take())
      reader.next()
      const { reply } = reader.reply()
      assert.ok(reply.type === 'refused')
      assert.strictEqual(reply.error.code, error.code)
      assert.strictEqual(reply.error.executed, error.executed)
    }),
  )
})

test('messages come back wherever the stream is cut', async (t) => {
  const cuts = fc.array(fc.nat({ max: 6_000 }), { maxLength: 40 })
  holds(
    t,
    'any split',
    fc.property(fc.array(anyRequest, { minLength: 1, maxLength: 5 }), cuts, (requests, sizes) => {
      const writer = new PeerWriter()
      for (const [number, request] of requests.entries()) writer.request({ id: number, envelope }, request)
      const bytes = writer.take()
      const reader = newReader()
      const read: unknown[] = []
      const feed = (chunk: Uint8Array) => {
        reader.feed(chunk)
        while (reader.next()) read.push(reader.request().request)
      }
      let at = 0
      for (const size of sizes) {
        feed(bytes.slice(at, at + size))
        at += size
      }
      feed(bytes.slice(at))
      assert.deepEqual(plain(read), plain(requests))
    }),
    200,
  )
})

/** Room that spoils what is given back, as the next who borrows it would. */
function spoilingRoom() {
  const lent = new Set<Uint8Array>()
  const take = (bytes: number) => {
    const piece = new Uint8Array(bytes)
    lent.add(piece)
    return piece
  }
  const give = (piece: Uint8Array) => {
    assert.ok(lent.delete(piece))
    piece.fill(0x21)
  }
  return { lent, take, give }
}

test('with room, copies to apply are good until the next message, and all else for as long as the chunks', async (t) => {
  const large: PeerRequest = {
    type: 'apply',
    copies: [5_000, 40_000].map((bytes) => ({
      ...{ type: 'entry' as const, cache: 'c', key: new Uint8Array(3).fill(7), version: 1, contentType: 'a/b' },
      ...{ value: new Uint8Array(bytes).fill(bytes), ttlMs: undefined },
    })),
  }
  const command: PeerRequest = {
    type: 'command',
    command: {
      ...{ type: 'set', cache: 'c', key: new Uint8Array(3), value: new Uint8Array(9_000).fill(9), contentType: 'a/b' },
      ...{ ttlMs: undefined, condition: undefined, ack: undefined },
    },
  }
  const requests = fc.array(fc.oneof(anyRequest, fc.constantFrom(large, command)), { minLength: 1, maxLength: 8 })
  holds(
    t,
    'room is used again',
    fc.property(requests, fc.array(fc.integer({ min: 1, max: 9_000 }), { maxLength: 30 }), (sent, sizes) => {
      const writer = new PeerWriter()
      for (const request of sent) assert.ok(writer.request({ id: 1, envelope }, request))
      const bytes = writer.take().slice()
      const room = spoilingRoom()
      const reader = new PeerReader({ limits: defaultLimits, fault, room })
      const read: (() => unknown)[] = []
      let at = 0
      for (const size of [...sizes, bytes.length]) {
        reader.feed(bytes.slice(at, at + size))
        at += size
        while (reader.next()) {
          const { request } = reader.request()
          const now = plain(request)
          read.push(request.type === 'apply' ? () => now : () => plain(request))
        }
      }
      reader.close()
      assert.strictEqual(room.lent.size, 0)
      assert.deepEqual(
        read.map((each) => each()),
        plain(sent),
      )
    }),
    200,
  )
})

/** Reads until there is nothing left, or until it throws what must be a coded error. */
function readAll(chunk: Uint8Array, read: 'request' | 'reply'): void {
  const reader = newReader()
  try {
    reader.feed(chunk)
    while (reader.next()) reader[read]()
  } catch (error) {
    if (!(error instanceof RingholdError)) throw error
    assert.ok(['RINGHOLD_BAD_REQUEST', 'RINGHOLD_BAD_CACHE'].includes(error.code), error.code)
  }
}

test('random bytes, and messages with a changed byte, lead to nothing but a coded error', async (t) => {
  holds(
    t,
    'random bytes',
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(...Object.values(peerFrames)), (body, type) => {
      const writer = new FrameWriter()
      writer.begin(type, 1, 0, body.length)
      writer.raw(body)
      writer.end()
      const bytes = writer.take()
      readAll(bytes, 'request')
      readAll(bytes, 'reply')
      readAll(body, 'request')
    }),
    2_000,
  )
  holds(
    t,
    'a changed byte',
    fc.property(anyRequest, fc.nat(), fc.nat({ max: 255 }), (request, where, byte) => {
      const writer = new PeerWriter()
      writer.request({ id: 1, envelope }, request)
      const bytes = writer.take().slice()
      bytes[where % bytes.length] = byte
      readAll(bytes, 'request')
    }),
    2_000,
  )
})

test('a message that ends early, or goes on too long, is refused', async (t) => {
  const writer = new PeerWriter()
  writer.request({ id: 1, envelope }, { type: 'recall', tokens: new TokenSet() })
  const whole = writer.take().slice()
  for (const change of [-1, 1]) {
    const bytes = new Uint8Array(whole.length + change)
    bytes.set(whole.subarray(0, bytes.length))
    new DataView(bytes.buffer).setUint32(0, bytes.length - 4, true)
    const reader = newReader()
    reader.feed(bytes)
    reader.next()
    t.throws(() => reader.request(), { code: fault })
  }
})

test('what exceeds the limits of a node is refused: frame, value, key, cache name, token', async (t) => {
  const reader = newReader()
  const head = new Uint8Array(10)
  new DataView(head.buffer).setUint32(0, messageBytesMax + 1, true)
  reader.feed(head)
  t.throws(() => reader.next(), { code: fault }, 'as soon as the length is read')

  const spot = { cache: 'c', key: new Uint8Array(1) }
  const entry = { type: 'entry' as const, version: 1, contentType: 'a/b', ttlMs: undefined }
  const small = new Uint8Array(1)
  const bad = [
    { type: 'apply' as const, copies: [{ ...entry, ...spot, value: new Uint8Array(defaultLimits.valueBytesMax + 1) }] },
    { type: 'apply' as const, copies: [{ ...entry, ...spot, key: new Uint8Array(513), value: small }] },
    { type: 'apply' as const, copies: [{ ...entry, ...spot, key: new Uint8Array(0), value: small }] },
    { type: 'fetch' as const, spots: [{ ...spot, cache: 'No' }] },
    { type: 'fetch' as const, spots: [{ ...spot, cache: '' }] },
    { type: 'compare' as const, digests: [{ token: 16_384, entries: 0, low: 0, high: 0 }] },
  ]
  for (const request of bad) {
    const writer = new PeerWriter()
    t.ok(writer.request({ id: 1, envelope }, request))
    const peer = newReader()
    peer.feed(writer.take())
    peer.next()
    t.throws(() => peer.request(), RingholdError, request.type)
  }
})

test('a message that would be too long is not written', async (t) => {
  const writer = new PeerWriter()
  const value = new Uint8Array(1_048_576)
  const copy = {
    type: 'entry' as const,
    cache: 'c',
    key: new Uint8Array(1),
    version: 1,
    value,
    contentType: 'a/b',
    ttlMs: 1,
  }
  t.equal(writer.request({ id: 1, envelope }, { type: 'apply', copies: new Array(16).fill(copy) }), false)
  t.equal(writer.length, 0)
  t.ok(writer.request({ id: 1, envelope }, { type: 'apply', copies: new Array(15).fill(copy) }))
})

test('a time to live travels rounded up, so that nothing expires early', async (t) => {
  const writer = new PeerWriter()
  const copy = { type: 'tombstone' as const, cache: 'c', key: new Uint8Array(1), version: 1, ttlMs: 0.25 }
  writer.request({ id: 1, envelope }, { type: 'apply', copies: [copy, { ...copy, ttlMs: -3 }] })
  const reader = newReader()
  reader.feed(writer.take())
  reader.next()
  const { request } = reader.request()
  t.match(request, { copies: [{ ttlMs: 1 }, { ttlMs: 0 }] })
})
