import {
  FrameReader,
  FrameWriter,
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

test('the keys ahead are those of the commands that are read next, and reading goes on as if nobody had looked', (t) => {
  const property = fc.property(
    fc.array(command, { minLength: 1, maxLength: 40 }),
    fc.nat(2_000),
    fc.integer({ min: 1, max: 40 }),
    (commands, cut, max) => {
      const { reader, chunks, names } = receive(commands, cut)
      const ahead = new KeysAhead(reader, names)
      const expected: string[] = []
      const read: string[] = []
      let looked = 0
      for (const chunk of chunks) {
        reader.feed(chunk)
        while (reader.next()) {
          if (looked === 0) {
            looked = ahead.visit(max, ({ cache, bytes, from, to }) =>
              expected.push(`${cache} ${text(bytes.subarray(from, to))}`),
            )
            if (looked < 1 || looked > max) return false
          }
          looked--
          if (!isCommand(reader.type)) continue
          const { cache, key } = readCommand(reader, names)
          read.push(`${cache} ${text(key)}`)
        }
      }
      // Names are known only when they were read once; the rest must be the same, in the same order.
      const wanted = commands.filter(({ type }) => type !== 'ping').map(({ cache, key }) => `${cache} ${key}`)
      return isSubsequence(expected, read) && read.join('\n') === wanted.join('\n')
    },
  )
  holds(t, 'keys ahead', property, 500)
  t.end()
})

test('once its cache is known, no command within the chunk is left out', async (t) => {
  const commands = Array.from({ length: 10 }, (_, index) => ({ type: 'get', cache: 'default', key: `k${index}` }))
  const { reader, chunks, names } = receive(commands, 0)
  reader.feed(chunks[0] as Uint8Array)
  reader.next()
  readCommand(reader, names)
  reader.next()
  const ahead = new KeysAhead(reader, names)
  const keys: string[] = []
  t.equal(
    ahead.visit(4, ({ bytes, from, to }) => keys.push(text(bytes.subarray(from, to)))),
    4,
  )
  t.same(keys, ['k1', 'k2', 'k3', 'k4'])
})

test('bytes that are no frames are left alone', (t) => {
  const property = fc.property(fc.uint8Array({ maxLength: 200 }), (junk) => {
    const { reader, chunks, names } = receive([{ type: 'get', cache: 'default', key: 'k' }], 0)
    reader.feed(Buffer.concat([chunks[0] as Uint8Array, junk]))
    reader.next()
    const ahead = new KeysAhead(reader, names)
    return ahead.visit(32, () => {}) <= 32
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

function isSubsequence(part: readonly string[], whole: readonly string[]): boolean {
  let at = 0
  for (const each of whole) if (each === part[at]) at++
  return at === part.length
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString()
}
