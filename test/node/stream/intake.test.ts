import fc from 'fast-check'
import { test } from 'tap'
import { Intake } from '#node/stream/intake.js'
import { FrameReader, FrameWriter } from '#sdk/protocol/index.js'
import { holds } from '../../property.ts'

/** One frame for each text, which is its body; their ids count from 1. */
function framesOf(texts: readonly string[]): Uint8Array {
  const writer = new FrameWriter()
  for (const [at, text] of texts.entries()) {
    writer.begin(1, at + 1, 0, text.length)
    writer.latin1(text)
    writer.end()
  }
  return new Uint8Array(writer.bytes)
}

const step = fc.record({ bytes: fc.integer({ min: 1, max: 400 }), isLent: fc.boolean(), frames: fc.nat({ max: 12 }) })
const texts = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 120 }), {
  minLength: 1,
  maxLength: 60,
})

test('frames come out as they came in, however chunks are cut, lent or given, and wherever reading stops', async (t) => {
  holds(
    t,
    'chunks that are overwritten as soon as they are lent no more',
    fc.property(texts, fc.array(step, { minLength: 1, maxLength: 20 }), (sent, steps) => {
      const reader = new FrameReader({ frameBytesMax: 1_000, fault: 'RINGHOLD_BAD_REQUEST' })
      const intake = new Intake(reader)
      const read: string[] = []
      const readSome = (frames: number) => {
        for (let left = frames; left > 0 && intake.next(); left--) {
          read.push(`${reader.id}:${Buffer.from(reader.rest()).toString('latin1')}`)
        }
      }
      const all = framesOf(sent)
      for (let at = 0, turn = 0; at < all.length; turn++) {
        const { bytes, isLent, frames } = steps[turn % steps.length] as (typeof steps)[0]
        const chunk = all.slice(at, at + bytes)
        at += bytes
        if (!isLent) {
          intake.receive(chunk)
          readSome(frames)
          continue
        }
        intake.lend(chunk)
        readSome(frames)
        intake.keep()
        chunk.fill(0xff)
      }
      readSome(Number.POSITIVE_INFINITY)
      const expected = sent.map((text, at) => `${at + 1}:${text}`)
      return read.join() === expected.join() && !intake.hasMore()
    }),
    1_000,
  )
})
