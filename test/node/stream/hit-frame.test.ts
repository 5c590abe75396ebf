/** A hit that goes straight from the store into the output is, byte for byte, the answer that its outcome would be. */
import { FrameWriter, type Outcome, writeOutcome } from '@ringhold/sdk/protocol'
import fc from 'fast-check'
import { test } from 'tap'
import { read, readHit } from '#node/core/read.js'
import { rangeOf } from '#node/store/key-range.js'
import type { ReplicatedStore } from '#node/store/store.js'
import { HitFrame } from '#node/stream/hit-frame.js'
import { knownContentTypes } from '#sdk/protocol/frames/layout.js'
import { holds } from '../../property.ts'
import { smallStore } from '../store/small-store.ts'

const at = { token: 1, cache: 'default', key: Buffer.from('k') }
const hit = (store: ReplicatedStore, sink: HitFrame) => readHit(store, at.token, rangeOf(at), sink)

const entry = fc.record({
  value: fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.integer({ min: 0, max: 1_048_576 }).map((length) => new Uint8Array(length).fill(length)),
  ),
  contentType: fc.oneof(fc.constantFrom(...knownContentTypes), fc.stringMatching(/^[a-z]{1,100}$/)),
  version: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  expiresAt: fc.option(fc.double({ min: 10.5, max: 1e9, noNaN: true }), { nil: undefined }),
})

test('a hit through the sink is the frame of its outcome', (t) => {
  const store = smallStore()
  // Beyond so many content types the store keeps them with the values.
  for (let type = 0; type < 1_024; type++) store.write(at, { ...fields(0), contentType: `t/${type}` }, 10)
  const property = fc.property(entry, fc.nat(0xffff_ffff), fc.nat(20_000), (fields, id, before) => {
    store.write(at, fields, 10)
    const [straight, usual] = [new FrameWriter(), new FrameWriter()]
    for (const writer of [straight, usual]) {
      writer.reserve(before)
      writer.skip(before)
    }
    const sink = new HitFrame(straight)
    sink.id = id
    sink.valueBytesMax = 1_048_576
    sink.now = 10
    if (hit(store, sink) !== undefined) return false
    writeOutcome(usual, id, read(store, at, 10))
    return Buffer.compare(straight.bytes, usual.bytes) === 0
  })
  holds(t, 'equal frames', property, 300)
  t.end()

  function fields(length: number) {
    return { value: new Uint8Array(length), version: 1, expiresAt: undefined }
  }
})

test('a value that the client would refuse is answered with an error, and none of it is written', async (t) => {
  const store = smallStore()
  store.write(at, { value: new Uint8Array(101).fill(0xee), contentType: 'a/b', version: 1, expiresAt: undefined }, 10)
  const writer = new FrameWriter()
  const sink = new HitFrame(writer)
  sink.valueBytesMax = 100
  t.equal(hit(store, sink), undefined)
  t.match(Buffer.from(writer.bytes).toString('latin1'), /RINGHOLD_VALUE_TOO_LARGE.*101 bytes/)
  t.notOk(writer.bytes.includes(0xee))
})

test('where there is nothing the sink stays as it is, and the outcome says so', async (t) => {
  const writer = new FrameWriter()
  t.same(hit(smallStore(), new HitFrame(writer)), { type: 'miss' } satisfies Outcome)
  t.equal(writer.length, 0)
})
