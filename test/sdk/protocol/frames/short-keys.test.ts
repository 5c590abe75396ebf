import { FrameReader, FrameWriter, Names, readCommand, ShortKeys, writeCommand } from '@ringhold/sdk/protocol'
import fc from 'fast-check'
import { test } from 'tap'
import { holds } from '../../../property.ts'

const newReader = () => new FrameReader({ frameBytesMax: 4_096, fault: 'RINGHOLD_BAD_REQUEST' })
const framesOf = (keys: readonly string[]) => {
  const writer = new FrameWriter()
  for (const [id, key] of keys.entries()) writeCommand(writer, { type: 'get', cache: 'c', key }, { id, isDirect: true })
  return writer.bytes
}

test('a key is read as it was sent, short or long, in whatever order they come', (t) => {
  const keys = fc.array(fc.string({ minLength: 1, maxLength: 150, unit: 'binary' }), { minLength: 1, maxLength: 20 })
  const property = fc.property(keys, fc.nat(500), (keys, cut) => {
    const [reader, names, shortKeys] = [newReader(), new Names(), new ShortKeys()]
    const read: string[] = []
    const bytes = framesOf(keys)
    for (const chunk of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
      reader.feed(chunk)
      while (reader.next()) read.push(Buffer.from(readCommand(reader, names, shortKeys).key).toString())
    }
    return read.join('\n') === keys.join('\n')
  })
  holds(t, 'short keys', property, 500)
  t.end()
})

test('short keys of one length share their memory, long ones have what was received', async (t) => {
  const [reader, names, shortKeys] = [newReader(), new Names(), new ShortKeys()]
  reader.feed(framesOf(['one', 'two', 'x'.repeat(65), 'y'.repeat(65)]))
  const [one, two, x, y] = Array.from({ length: 4 }, () => {
    reader.next()
    return readCommand(reader, names, shortKeys).key
  })
  t.equal(one, two)
  t.not(x?.byteOffset, y?.byteOffset)
  t.equal(x?.buffer, y?.buffer)
})

test('a key that is longer than its frame cannot be read', async (t) => {
  const bytes = framesOf(['key'])
  // The length of the key stands behind the head of the frame and two bytes.
  bytes[12] = 40
  const reader = newReader()
  reader.feed(bytes)
  t.ok(reader.next())
  t.throws(() => readCommand(reader, new Names(), new ShortKeys()), { code: 'RINGHOLD_BAD_REQUEST' })
})
