/** Conversations that share the rooms of their node: large commands and large values wait for each other, small ones for nobody. */
import fc from 'fast-check'
import { test } from 'tap'
import { HIT_IN_SINK } from '#node/copies/copies.js'
import type { Executed } from '#node/core/executor.js'
import type { HitSink } from '#node/core/hit-sink.js'
import { Conversation } from '#node/stream/conversation.js'
import type { Face } from '#node/stream/face.js'
import type { Room } from '#node/stream/room.js'
import { Rooms } from '#node/stream/rooms.js'
import { TurnClock } from '#node/stream/turn-clock.js'
import { defaultLimits, FrameReader, frameTypes } from '#sdk/protocol/index.js'
import { bytesOf, commands, helloBytes, Listener } from './frames.ts'
import { noLookAhead } from './no-look-ahead.ts'

const large = 1_000_000
const miss: Executed = { outcome: { type: 'miss' }, by: 'n1' }
const created: Executed = { outcome: { type: 'created', version: 1, copies: 1 }, by: 'n1' }
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** A node whose gets are hits of as many bytes as their keys say, every other one straight, and which remembers the sum of what was set. */
function newFace(rooms: Rooms) {
  const sums = new Map<string, number>()
  let gets = 0
  const hit = (key: string, sink: HitSink) => {
    Object.assign(sink, { length: Number(key), contentType: 'text/plain', version: 1, expiresAt: undefined })
    sink.onFound()
    if (sink.at + sink.length <= sink.target.length) sink.target.fill(0x61, sink.at, sink.at + sink.length)
  }
  const face: Face = {
    self: 'n1',
    limits: defaultLimits,
    rooms,
    execute: (command, _origin, sink) => {
      const key = Buffer.from(command.key).toString()
      if (command.type === 'set') sums.set(key, sumOf(command.value))
      if (command.type === 'set') return created
      if (command.type !== 'get') return miss
      hit(key, sink)
      return undefined
    },
    set: () => undefined,
    get: ({ bytes, from, to }, sink) => {
      if (gets++ % 2 > 0) return undefined
      hit(Buffer.from(bytes.subarray(from, to)).toString(), sink)
      return HIT_IN_SINK
    },
    originOf: () => 'direct',
    ringChecksum: () => 'r1',
    ahead: noLookAhead,
    onFault: (error) => {
      throw error
    },
  }
  return { face, sums }
}

/** A conversation whose other side is the test, and takes what is sent only when it reads. */
class Talk {
  readonly listener = new Listener()
  readonly conversation: Conversation
  isReading = true
  isPaused = false
  isDestroyed = false
  #unsent: { readonly bytes: Uint8Array; readonly done: (() => void) | undefined }[] = []

  constructor(face: Face) {
    this.conversation = new Conversation({ face, port: this, turns: new TurnClock(), now: () => 0 })
    this.conversation.greet()
    this.conversation.receive(helloBytes())
  }

  get unsentBytes(): number {
    return this.#unsent.reduce((sum, { bytes }) => sum + bytes.length, 0)
  }

  send(bytes: Uint8Array, done?: () => void): boolean {
    if (this.isReading) this.listener.receive(bytes.slice())
    else this.#unsent.push({ bytes, done })
    return this.isReading
  }

  read(): void {
    this.isReading = true
    for (const { bytes, done } of this.#unsent.splice(0)) {
      this.listener.receive(bytes.slice())
      done?.()
    }
    this.conversation.drained()
  }

  isFull(bytes: number): boolean {
    return this.unsentBytes > bytes
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
  }

  end(): void {}

  destroy(): void {
    this.isDestroyed = true
    for (const { done } of this.#unsent.splice(0)) done?.()
    this.conversation.cut()
  }
}

test('a large command waits for room that others hold; small ones do not', async (t) => {
  const rooms = new Rooms(0)
  const { face, sums } = newFace(rooms)
  const [first, second, third] = [new Talk(face), new Talk(face), new Talk(face)]
  const held = hold(rooms.commands)
  const value = Buffer.alloc(large, 7)
  const [a, b] = [bytesOf([commands.set('a', value)]), bytesOf([commands.set('b', value)])]
  first.conversation.receive(a.slice(0, 500_000))
  second.conversation.receive(b.slice(0, 500_000))
  t.ok(second.isPaused, 'it is not read from any more')
  t.notOk(first.isPaused)
  third.conversation.receive(bytesOf([commands.set('c', 'small'), commands.get('5')]))
  t.equal(third.listener.answers.length, 2)
  first.conversation.receive(a.slice(500_000))
  t.equal(first.listener.answers.length, 1)
  await nextTurn()
  t.notOk(second.isPaused)
  second.conversation.receive(b.slice(500_000))
  t.equal(second.listener.answers.length, 1)
  t.strictSame([sums.get('a'), sums.get('b')], [7 * large, 7 * large])
  t.strictSame([rooms.commands.lentBytes, rooms.commands.waiting], [held, 0])
})

test('a sender that stops within a large command is cut off when others wait for room, and these go on', async (t) => {
  const rooms = new Rooms(0)
  const { face } = newFace(rooms)
  const [slow, other] = [new Talk(face), new Talk(face)]
  const held = hold(rooms.commands)
  const bytes = bytesOf([commands.set('a', new Uint8Array(large))])
  slow.conversation.receive(bytes.slice(0, 10_000))
  rooms.look(0)
  rooms.look(60_000)
  t.notOk(slow.isDestroyed, 'as long as nobody waits it may take its time')
  for (const part of [bytes.slice(0, 10_000), bytes.slice(10_000)]) other.conversation.receive(part)
  for (const now of [60_000, 62_999]) rooms.look(now)
  t.notOk(slow.isDestroyed)
  rooms.look(63_000)
  t.ok(slow.isDestroyed)
  await nextTurn()
  t.equal(other.listener.answers.length, 1)
  t.equal(rooms.commands.lentBytes, held)
})

test('a length that is only announced holds no room', async (t) => {
  const rooms = new Rooms(0)
  const { conversation } = new Talk(newFace(rooms).face)
  conversation.receive(bytesOf([commands.set('a', new Uint8Array(large))]).slice(0, 4_096))
  t.equal(rooms.commands.lentBytes, 0)
})

test('a large value waits for room that readers hold who do not read; small ones do not, and the order stays', async (t) => {
  const rooms = new Rooms(0)
  const { face } = newFace(rooms)
  const [slow, other, third] = [new Talk(face), new Talk(face), new Talk(face)]
  const held = hold(rooms.answers)
  slow.isReading = false
  slow.conversation.receive(bytesOf([commands.get(String(large))]))
  t.ok(rooms.answers.lentBytes >= held + large)
  other.conversation.receive(bytesOf([commands.get('1'), commands.get(String(large)), commands.get('2')]))
  t.strictSame(said(other), ['hit 1'])
  t.ok(other.isPaused)
  third.conversation.receive(bytesOf(Array.from({ length: 100 }, () => commands.get('1000'))))
  t.equal(third.listener.answers.length, 100, 'also where they are many')
  slow.read()
  await nextTurn()
  t.strictSame(said(other), ['hit 1', `hit ${large}`, 'hit 2'])
  t.notOk(other.isPaused)
  t.strictSame([rooms.answers.lentBytes, rooms.answers.waiting, rooms.ownBytes], [held, 0, 0])
})

test('a reader that does not read is cut off when others wait for its room', async (t) => {
  const rooms = new Rooms(0)
  const { face } = newFace(rooms)
  const [slow, other] = [new Talk(face), new Talk(face)]
  hold(rooms.answers)
  slow.isReading = false
  slow.conversation.receive(bytesOf([commands.get(String(large))]))
  other.conversation.receive(bytesOf([commands.get(String(large))]))
  for (const now of [0, 3_000]) rooms.look(now)
  t.ok(slow.isDestroyed)
  await nextTurn()
  t.strictSame(said(other), [`hit ${large}`])
})

test('who waits for room and is closed waits no more, and gives back what it has', async (t) => {
  const rooms = new Rooms(0)
  const { face } = newFace(rooms)
  const [holder, waiting, last] = [new Talk(face), new Talk(face), new Talk(face)]
  const held = hold(rooms.commands)
  const bytes = bytesOf([commands.set('a', new Uint8Array(large))])
  holder.conversation.receive(bytes.slice(0, 10_000))
  waiting.conversation.receive(bytes.slice(0, 10_000))
  for (const part of [bytes.slice(0, 10_000), bytes.slice(10_000)]) last.conversation.receive(part)
  t.equal(rooms.commands.waiting, 2)
  waiting.destroy()
  t.equal(rooms.commands.waiting, 1)
  holder.destroy()
  await nextTurn()
  t.equal(last.listener.answers.length, 1)
  t.strictSame([rooms.commands.lentBytes, rooms.commands.waiting], [held, 0])
})

test('however many readers do not read, what lies ready for them is bounded for all together', async (t) => {
  const rooms = new Rooms(0)
  const { face } = newFace(rooms)
  const talks = Array.from({ length: 200 }, () => new Talk(face))
  for (const talk of talks) {
    talk.isReading = false
    const gets = Array.from({ length: 400 }, () => commands.get('1000'))
    for (let at = 0; at < 20; at++) talk.conversation.receive(bytesOf(gets.slice(at * 20, at * 20 + 20)))
  }
  const bytes = talks.reduce((sum, { unsentBytes }) => sum + unsentBytes, 0)
  // 262 kB each would be 52 MB.
  t.ok(bytes <= 200 * 90_000, `${bytes} bytes`)
  for (let rounds = 0; rounds < 20; rounds++) {
    for (const talk of talks) talk.read()
    await nextTurn()
  }
  t.ok(talks.every(({ listener }) => listener.answers.length === 400))
  t.strictSame([rooms.answers.lentBytes, rooms.ownBytes], [0, 0])
})

test('whatever is sent in whatever pieces, and read or not: all is answered, and the bounds are kept', async (t) => {
  const size = fc.oneof(fc.nat(300), fc.nat(60_000), fc.nat(1_048_576))
  const command = fc.record({ isSet: fc.boolean(), size })
  const script = fc.record({
    lists: fc.array(fc.array(command, { minLength: 1, maxLength: 6 }), { minLength: 2, maxLength: 6 }),
    chunks: fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 20 }),
    turns: fc.array(fc.record({ who: fc.nat(), isReading: fc.boolean() }), { maxLength: 60 }),
  })
  const property = fc.asyncProperty(script, async ({ lists, chunks, turns }) => {
    const rooms = new Rooms(0)
    const { face } = newFace(rooms)
    const sides = lists.map((list, side) => ({
      talk: new Talk(face),
      left: bytesOfList(list, side),
      count: list.length,
    }))
    let chunk = 0
    const say = ({ talk, left }: (typeof sides)[number]): Uint8Array => {
      if (talk.isPaused) return left
      const bytes = Math.max(chunks[chunk++ % chunks.length] as number, 4_000)
      talk.conversation.receive(left.slice(0, bytes))
      return left.subarray(bytes)
    }
    const areKept = () =>
      rooms.commands.lentBytes <= rooms.commands.bytes && rooms.answers.lentBytes <= rooms.answers.bytes
    for (const { who, isReading } of turns) {
      const side = sides[who % sides.length] as (typeof sides)[number]
      if (isReading) side.talk.read()
      else side.talk.isReading = false
      side.left = say(side)
      if (who % 3 === 0) await nextTurn()
      if (!areKept()) return false
    }
    const isDone = () => sides.every(({ talk, count }) => talk.listener.answers.length === count)
    for (let rounds = 0; rounds < 2_000 && !isDone(); rounds++) {
      for (const side of sides) {
        side.talk.read()
        if (side.left.length > 0) side.left = say(side)
      }
      await nextTurn()
      if (!areKept()) return false
    }
    return isDone() && rooms.commands.lentBytes + rooms.answers.lentBytes + rooms.ownBytes === 0
  })
  const details = await fc.check(property, { numRuns: 60 })
  t.ok(!details.failed, fc.defaultReportMessage(details) ?? '60 runs')
})

test('a reader with room lends what a frame takes, when more came of it than is kept anyway, and gives it back', async (t) => {
  const lent: number[] = []
  const room = {
    isFull: true,
    take: (bytes: number) => {
      if (room.isFull) return undefined
      lent.push(bytes)
      return new Uint8Array(bytes)
    },
    give: (bytes: Uint8Array) => lent.push(-bytes.length),
  }
  const reader = new FrameReader({ frameBytesMax: 2_000_000, fault: 'RINGHOLD_BAD_REQUEST', room })
  const [small, large] = [bytesOf([commands.set('a', 'v')]), bytesOf([commands.set('a', new Uint8Array(50_000))])]
  reader.feed(small.slice(0, 9))
  t.notOk(reader.next())
  reader.feed(small.slice(9))
  t.ok(reader.next())
  t.equal(reader.type, frameTypes.set)
  t.strictSame(lent, [], 'small frames take none')
  t.notOk(reader.next())
  reader.feed(large.slice(0, 20_000))
  t.notOk(reader.next())
  t.ok(reader.isWaiting, 'it waits with the rest of the chunk')
  room.isFull = false
  t.notOk(reader.next())
  t.notOk(reader.isWaiting)
  t.strictSame(lent, [large.length])
  reader.feed(large.slice(20_000))
  t.ok(reader.next())
  reader.release()
  t.strictSame(lent, [large.length, -large.length])
})

/** Takes so much for good that one large thing fits at a time. */
function hold(room: Room): number {
  room.take(room.bytes - 2 * large + 500_000, { roomy: () => {}, evicted: () => {} })
  return room.lentBytes
}

function said({ listener }: Talk): string[] {
  return listener.answers.map(({ said, value }) => `${said} ${value?.length}`)
}

function sumOf(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum + byte, 0)
}

function bytesOfList(list: readonly { readonly isSet: boolean; readonly size: number }[], side: number): Uint8Array {
  return bytesOf(
    list.map(({ isSet, size }, index) =>
      isSet ? commands.set(`${side}:${index}`, new Uint8Array(size)) : commands.get(String(size)),
    ),
  )
}
