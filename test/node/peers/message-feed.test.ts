import { Duplex } from 'node:stream'
import { defaultLimits, RingholdError } from '@ringhold/sdk/protocol'
import { test } from 'tap'
import { PeerReader } from '#node/copies/wire/peer-reader.js'
import { PeerWriter } from '#node/copies/wire/peer-writer.js'
import { MessageFeed } from '#node/peers/message-feed.js'
import { sliceMs } from '#node/stream/slice.js'

const envelope = { from: 'node-2', incarnation: 1, clock: 1 }

/** So many messages, the last of which carries a value of so many bytes. */
function messages(count: number, valueBytes = 0): Uint8Array {
  const writer = new PeerWriter()
  for (let id = 1; id < count; id++) writer.reply({ id, envelope }, { type: 'noted' })
  const entry = { type: 'entry', value: new Uint8Array(valueBytes), contentType: 'x', ttlMs: undefined } as const
  const copies = [{ ...entry, cache: 'default', key: Buffer.from('key'), version: 1 }]
  writer.reply({ id: count, envelope }, { type: 'copies', copies, cursor: undefined })
  return new Uint8Array(writer.bytes)
}

interface Reading {
  readonly feed: MessageFeed
  readonly socket: Duplex
  readonly taken: number[]
  readonly errors: RingholdError[]
}

function read(take: () => void = () => {}): Reading {
  const socket = new Duplex({ read() {} })
  socket.resume()
  const reader = new PeerReader({ limits: defaultLimits, fault: 'RINGHOLD_BAD_REPLY' })
  const [taken, errors]: [number[], RingholdError[]] = [[], []]
  const feed = new MessageFeed({
    socket,
    reader,
    take: () => {
      reader.reply()
      taken.push(reader.id)
      take()
    },
    fail: (error) => errors.push(error),
  })
  return { feed, socket, taken, errors }
}

/** Takes half a slice, of the processor's time. */
function work(): void {
  const begun = process.cpuUsage()
  while (process.cpuUsage(begun).user < (sliceMs / 2) * 1_000);
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
const all = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]

test('what came in one read and takes long is taken in several turns, and nothing is read meanwhile', async (t) => {
  const { feed, socket, taken } = read(work)
  feed.receive(messages(10))
  t.ok(taken.length > 0 && taken.length < 10, `${taken.length} in the first turn`)
  t.ok(socket.isPaused())
  for (let turns = 0; turns < 10 && taken.length < 10; turns++) await turn()
  t.same(taken, all)
  await turn()
  t.notOk(socket.isPaused())
})

test('who holds the reading is not overruled by the end of a slice', async (t) => {
  const { feed, socket, taken } = read(work)
  feed.receive(messages(10))
  feed.hold()
  for (let turns = 0; turns < 10 && taken.length < 10; turns++) await turn()
  await turn()
  t.same(taken, all)
  t.ok(socket.isPaused())
  feed.release()
  t.notOk(socket.isPaused())
})

test('what is left when the connection closes is taken at once', async (t) => {
  const { feed, taken } = read(work)
  feed.receive(messages(10))
  feed.finish()
  t.same(taken, all)
  await turn()
  t.same(taken, all)
})

test('the memory of a read goes back when nothing of it is needed any more', async (t) => {
  const large = 40_000
  const copies = messages(1, large)
  read().feed.receive(copies)
  t.equal(copies.buffer.byteLength, 0, 'copies are in the store')
  const others = messages(3, large)
  read().feed.receive(others)
  t.ok(others.buffer.byteLength > large, 'of other replies something may be needed')
})

test('of a message in several reads, each read goes back', async (t) => {
  const { feed, taken } = read()
  const bytes = messages(1, 100_000)
  const reads = [bytes.slice(0, 50_000), bytes.slice(50_000)]
  for (const chunk of reads) feed.receive(chunk)
  t.same(taken, [1])
  t.same(
    reads.map(({ buffer }) => buffer.byteLength),
    [0, 0],
  )
})

test('what cannot be read ends it, once', async (t) => {
  const { feed, taken, errors } = read()
  feed.receive(new Uint8Array(32))
  feed.receive(messages(2))
  feed.finish()
  t.equal(errors.length, 1)
  t.ok(errors[0] instanceof RingholdError)
  t.same(taken, [])
})
