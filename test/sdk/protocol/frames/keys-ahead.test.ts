import {
  type FrameKey,
  FrameReader,
  FrameWriter,
  framesAheadMax,
  frameTypes,
  isCommand,
  KeysAhead,
  Names,
  readCommand,
  writeCommand,
  writeSignal,
} from '@ringhold/sdk/protocol'
import fc from 'fast-check'
import { test } from 'tap'
import { holds } from '../../../property.ts'

const command = fc.record({
  type: fc.constantFrom('get', 'set', 'delete', 'ping'),
  cache: fc.constantFrom('default', 'sessions'),
  key: fc.string({ minLength: 1, maxLength: 20 }),
})

test('the keys ahead are those of the frames that are read next, one by one, and reading goes on as if nobody had looked', (t) => {
  const property = fc.property(fc.array(command, { minLength: 1, maxLength: 80 }), fc.nat(4_000), (commands, cut) => {
    const { reader, chunks, names } = receive(commands, cut)
    const ahead = new KeysAhead()
    const read: string[] = []
    let at = 0
    ahead.frames = 0
    for (const chunk of chunks) {
      reader.feed(chunk)
      while (reader.next()) {
        if (at === ahead.frames) {
          ahead.visit(reader, names)
          if (ahead.frames < 1 || ahead.frames > framesAheadMax) return false
          at = 0
        }
        const found = ahead.keys[at++] as FrameKey
        if (isCommand(reader.type)) {
          const { type, bytes, end } = reader
          const isAll = found.isAllOf(reader)
          if (!found.isIn(reader)) return false
          const { cache, key } = readCommand(reader, names)
          const isSame = found.cache === cache && text(found.bytes.subarray(found.from, found.to)) === text(key)
          if (
            !isSame ||
            found.isWrite !== (type !== frameTypes.get) ||
            found.bytes !== bytes ||
            found.to > end ||
            isAll !== (type !== frameTypes.set)
          )
            return false
          read.push(`${cache} ${text(key)}`)
        } else if (found.to > 0 || found.isIn(reader)) return false
      }
    }
    const wanted = commands.filter(({ type }) => type !== 'ping').map(({ cache, key }) => `${cache} ${key}`)
    return read.join('\n') === wanted.join('\n')
  })
  holds(t, 'keys ahead', property, 500)
  t.end()
})

test('no command within the chunk is left out', async (t) => {
  const commands = Array.from({ length: 10 }, (_, index) => ({ type: 'get', cache: 'default', key: `k${index}` }))
  const { reader, chunks, names } = receive(commands, 0)
  reader.feed(chunks[0] as Uint8Array)
  reader.next()
  readCommand(reader, names)
  reader.next()
  const ahead = new KeysAhead()
  ahead.visit(reader, names)
  const keys = ahead.keys.slice(0, ahead.frames).map(({ bytes, from, to }) => text(bytes.subarray(from, to)))
  t.same(keys, ['k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7', 'k8', 'k9'])
  t.ok(ahead.keys[0]?.isAllOf(reader), 'the first is that of the frame in which the reader stands')
  t.notOk(ahead.keys[1]?.isAllOf(reader))
})

test('bytes that are no frames are left alone', (t) => {
  const property = fc.property(fc.uint8Array({ maxLength: 200 }), (junk) => {
    const { reader, chunks, names } = receive([{ type: 'get', cache: 'default', key: 'k' }], 0)
    reader.feed(Buffer.concat([chunks[0] as Uint8Array, junk]))
    reader.next()
    const ahead = new KeysAhead()
    ahead.visit(reader, names)
    return ahead.frames <= framesAheadMax
  })
  holds(t, 'no hang, no error', property, 1_000)
  t.end()
})

interface Wanted {
  readonly type: string
  readonly cache: string
  readonly key: string
}

function receive(commands: readonly Wanted[], cut: number) {
  const writer = new FrameWriter()
  const value = Uint8Array.of(1, 2, 3)
  for (const [id, { type, cache, key }] of commands.entries()) {
    if (type === 'get' || type === 'delete') writeCommand(writer, { type, cache, key }, { id, isDirect: true })
    else if (type === 'set')
      writeCommand(writer, { type, cache, key, value, contentType: 'a/b' }, { id, isDirect: true })
    else writeSignal(writer, 'ping')
  }
  const bytes = writer.take()
  const chunks = [bytes.subarray(0, cut % bytes.length), bytes.subarray(cut % bytes.length)].filter(
    ({ length }) => length > 0,
  )
  const reader = new FrameReader({ frameBytesMax: 1_000_000, fault: 'RINGHOLD_BAD_REQUEST' })
  return { reader, chunks, names: new Names() }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString()
}
