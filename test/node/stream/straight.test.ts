/** A get or a set straight from the frame to the store is answered as one that takes the way of all commands, byte for byte, and counted so. */
import type { Member } from '@ringhold/sdk/membership'
import {
  type Command,
  type Condition,
  defaultLimits,
  FrameWriter,
  frameFlags,
  frameTypes,
  writeCommand,
  writeOutcome,
} from '@ringhold/sdk/protocol'
import { Ring } from '@ringhold/sdk/ring'
import fc from 'fast-check'
import { test } from 'tap'
import { HybridClock } from '#node/clock/hybrid-clock.js'
import { Copies } from '#node/copies/copies.js'
import { newCounters } from '#node/core/counters.js'
import type { Answers } from '#node/core/decide.js'
import { Executor } from '#node/core/executor.js'
import { Conversation } from '#node/stream/conversation.js'
import type { Face } from '#node/stream/face.js'
import { Rooms } from '#node/stream/rooms.js'
import { TurnClock } from '#node/stream/turn-clock.js'
import { holds } from '../../property.ts'
import { smallStore } from '../store/small-store.ts'
import { bytesOf, commands, helloBytes } from './frames.ts'
import { noLookAhead, noStraightWay } from './no-look-ahead.ts'

/** A node on a virtual clock, and all that it says to one client. With two members it owns only some of the keys. */
function newNode(isStraight: boolean, members: readonly string[], copyCount = 1) {
  const store = smallStore()
  const counters = newCounters()
  const copies = new Copies({
    self: 'n1',
    fleet: { seed: 1, copies: copyCount },
    store,
    clock: new HybridClock(),
    limits: defaultLimits,
    counters,
    random: () => 0.5,
    answers: () => node.answers,
  })
  const ring = new Ring({ members: members.map((name) => ({ name })), seed: 1, copies: copyCount })
  const see = (...seen: Member[]) => {
    const view = new Map(seen.map((member) => [member.name, member]))
    copies.viewChanged({ view, ring, incarnation: 1 }, { now: node.now, wallMs: node.now })
  }
  const now = () => node.now
  const executor = new Executor({
    copies,
    store,
    limits: defaultLimits,
    now,
    wallMs: now,
    onEffects: () => copies.takeEffects(),
  })
  const taken = { gets: 0, sets: 0, usual: 0 }
  const said: Buffer[] = []
  const face: Face = {
    self: 'n1',
    limits: defaultLimits,
    rooms: new Rooms(0),
    execute: (command, origin, sink, heardAt) => {
      if (command.type !== 'delete') taken.usual++
      return executor.execute(command, origin, sink, heardAt)
    },
    ...noStraightWay,
    ...(isStraight && {
      get: (key, sink, heardAt) => {
        const found = executor.get(key, sink, heardAt)
        if (found !== undefined) taken.gets++
        return found
      },
      set: (key, set) => {
        const outcome = executor.set(key, set)
        if (outcome !== undefined) taken.sets++
        return outcome
      },
    }),
    originOf: (isDirect) => (isDirect ? 'direct' : 'plain'),
    ringChecksum: () => ring.checksum,
    ahead: executor,
    onFault: (error) => {
      throw error
    },
  }
  const port = {
    send: (bytes: Uint8Array) => said.push(Buffer.from(bytes)) > 0,
    isFull: () => false,
    pause: () => {},
    resume: () => {},
    end: () => said.push(Buffer.from('end')),
    destroy: () => {},
  }
  const conversation = new Conversation({ face, port, turns: new TurnClock(), now })
  /** What it would have others do. */
  const told: string[] = []
  const tick = () => told.push(JSON.stringify(copies.tick({ now: node.now, wallMs: node.now })))
  /** A peer with a clock far ahead writes a key. */
  const outrun = () => {
    const far = {
      type: 'entry',
      cache: 'default',
      key: Buffer.from('a'),
      value: Buffer.of(1),
      contentType: 'a/b',
    } as const
    const request = { type: 'apply', copies: [{ ...far, version: 2 ** 52, ttlMs: undefined }] } as const
    copies.receive(1, { from: 'n9', incarnation: 1, clock: 0 }, request, { now: node.now, wallMs: node.now })
    copies.takeEffects()
  }
  const node = {
    now: 0,
    answers: 'yes' as Answers,
    conversation,
    taken,
    said,
    told,
    counters,
    store,
    see,
    tick,
    outrun,
  }
  see()
  return node
}

/** What is known of a node from outside. */
function traces({ said, told, counters, store, now }: ReturnType<typeof newNode>) {
  const { hits, misses, entries, expirations } = store.stats(now)
  return { said: Buffer.concat(said).toString('latin1'), told, counters, hits, misses, entries, expirations }
}

const leaver: Member = {
  name: 'n3',
  urls: { client: 'http://n3', peer: 'http://n3' },
  incarnation: 1,
  status: 'leaving',
  zone: '',
  weight: 1,
  instance: 'n3',
}

const key = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.constantFrom('a', 'b', 'ä', '\u{1F511}', 'x'.repeat(40)).map((text) => Buffer.from(text)),
  },
  { weight: 1, arbitrary: fc.constantFrom(Buffer.of(), Buffer.of(0xff), Buffer.of(0xc3), Buffer.alloc(513, 0x61)) },
)
const cache = fc.oneof(
  { weight: 8, arbitrary: fc.constant('default') },
  { weight: 1, arbitrary: fc.constantFrom('other', 'Bad', '') },
)
/** Nearly always undefined. */
const seldom = <T>(...values: T[]) =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constantFrom(...values) })
const plain = 'text/plain; charset=utf-8'
const contentType = fc.constantFrom(plain, plain, plain, 'application/json', 'application/octet-stream', 'a/b')
const command: fc.Arbitrary<Command<Uint8Array>> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('get' as const), cache, key }) },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('set' as const),
      cache,
      key,
      value: fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc.integer({ min: 15_000, max: 20_000 }).map((length) => new Uint8Array(length).fill(length)),
      ),
      contentType,
      ttlMs: fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined, freq: 2 }),
      condition: seldom<Condition>({ type: 'absent' }, { type: 'present' }),
      ack: seldom<'one' | 'none'>('one', 'none'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('delete' as const), cache, key }) },
)
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ commands: fc.array(command, { maxLength: 12 }), isDirect: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ passMs: fc.nat(15) }) },
  { weight: 1, arbitrary: fc.record({ isLeaving: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ ticks: fc.constant(1) }) },
  { weight: 1, arbitrary: fc.record({ answers: fc.constantFrom<Answers[]>('yes', 'yes', 'fenced', 'joining') }) },
)

test('whatever is asked, the straight way and the way of all commands say and count the same', (t) => {
  const straight = { gets: 0, sets: 0 }
  const property = fc.property(
    fc.array(step, { maxLength: 12 }),
    fc.constantFrom({ members: ['n1'] }, { members: ['n1', 'n2'] }, { members: ['n1', 'n2'], copies: 2 }),
    fc.boolean(),
    fc.integer({ min: 10_000, max: 1_048_576 }),
    (steps, { members, copies }, isOutrun, valueBytesMax) => {
      const nodes = [newNode(true, members, copies), newNode(false, members, copies)] as const
      for (const node of nodes) {
        node.conversation.receive(helloBytes(valueBytesMax))
        if (isOutrun) node.outrun()
      }
      for (const each of steps)
        for (const node of nodes) {
          if ('passMs' in each) node.now += each.passMs
          else if ('answers' in each) node.answers = each.answers
          else if ('isLeaving' in each) node.see(...(each.isLeaving ? [leaver] : []))
          else if ('ticks' in each) node.tick()
          else node.conversation.receive(framesOf(each.commands, each.isDirect))
        }
      straight.gets += nodes[0].taken.gets
      straight.sets += nodes[0].taken.sets
      for (const node of nodes) node.conversation.cut()
      return JSON.stringify(traces(nodes[0])) === JSON.stringify(traces(nodes[1]))
    },
  )
  holds(t, 'the same', property, 400)
  t.ok(straight.gets > 500 && straight.sets > 100, `${straight.gets} gets and ${straight.sets} sets went straight`)
  t.end()
})

test('gets of what the node has at hand, and of what it knows not to be there, go straight, and sets that no other is to hold', async (t) => {
  const node = newNode(true, ['n1'])
  node.conversation.receive(helloBytes())
  const set = { ...commands.set('k', 'v'), contentType: plain }
  node.conversation.receive(bytesOf([set, set, commands.get('k'), commands.get('none')]))
  t.strictSame(node.taken, { gets: 2, sets: 1, usual: 1 }, 'the first one has the name of the cache checked')
  t.match(node.counters, { hits: 1, misses: 1 })
})

test('a get with bytes behind its key ends the conversation, whichever way it would have taken', async (t) => {
  const says = [true, false].map((isStraight) => {
    const node = newNode(isStraight, ['n1'])
    node.conversation.receive(helloBytes())
    node.conversation.receive(bytesOf([commands.set('k', 'v')]))
    const bad = Buffer.from([...bytesOf([commands.get('k')]), 0])
    bad.writeUInt32LE(bad.length - 4)
    t.equal(bad[8], frameTypes.get)
    node.conversation.receive(bad)
    return Buffer.concat(node.said).toString('latin1')
  })
  t.equal(says[0], says[1])
  t.match(says[0], /RINGHOLD_BAD_REQUEST.*too many.*end$/)
})

test('a set that is shorter than its flags say ends the conversation, whichever way it would have taken', async (t) => {
  const says = [true, false].map((isStraight) => {
    const node = newNode(isStraight, ['n1'])
    const set = { ...commands.set('k', 'v'), contentType: plain }
    node.conversation.receive(helloBytes())
    node.conversation.receive(bytesOf([set]))
    const bad = Buffer.from(bytesOf([set]))
    bad.writeUInt8(bad.readUInt8(9) | frameFlags.ttl, 9)
    node.conversation.receive(bad)
    return Buffer.concat(node.said).toString('latin1')
  })
  t.equal(says[0], says[1])
  t.match(says[0], /RINGHOLD_BAD_REQUEST.*too short.*end$/)
})

test('what goes wrong in the node itself is the answer to that get alone', async (t) => {
  const faults: unknown[] = []
  const said: Buffer[] = []
  const face: Face = {
    self: 'n1',
    limits: defaultLimits,
    rooms: new Rooms(0),
    execute: () => ({ outcome: { type: 'accepted' }, by: 'n1' }),
    get: (): never => {
      throw new Error('a defect')
    },
    set: () => ({ type: 'accepted' }),
    originOf: () => 'direct',
    ringChecksum: () => '',
    ahead: noLookAhead,
    onFault: (error) => faults.push(error),
  }
  const port = {
    send: (bytes: Uint8Array) => said.push(Buffer.from(bytes)) > 0,
    isFull: () => false,
    pause: () => {},
    resume: () => {},
    end: () => t.fail('it goes on'),
    destroy: () => {},
  }
  const conversation = new Conversation({ face, port, turns: new TurnClock(), now: () => 0 })
  conversation.receive(helloBytes())
  conversation.receive(bytesOf([commands.set('k', 'v'), commands.get('k'), commands.set('k', 'v')]))
  const accepted = new FrameWriter()
  writeOutcome(accepted, 3, { type: 'accepted' })
  const all = Buffer.concat(said)
  t.match(all.toString('latin1'), /RINGHOLD_INTERNAL/)
  t.ok(all.subarray(-accepted.length).equals(Buffer.from(accepted.bytes)))
  t.equal(faults.length, 1)
})

function framesOf(list: readonly Command<Uint8Array>[], isDirect: boolean): Uint8Array {
  const writer = new FrameWriter()
  for (const [index, each] of list.entries()) writeCommand(writer, each, { id: index + 1, isDirect })
  return writer.take()
}
