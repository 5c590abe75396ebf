import { test } from 'tap'
import type { Executed } from '#node/core/executor.js'
import { Conversation, type ConversationOptions, portionLooks, waitingMax } from '#node/stream/conversation.js'
import type { Face } from '#node/stream/face.js'
import { Rooms } from '#node/stream/rooms.js'
import { sliceMs } from '#node/stream/slice.js'
import { TurnClock } from '#node/stream/turn-clock.js'
import { defaultLimits, FrameWriter, RingholdError, writeRing, writeSignal } from '#sdk/protocol/index.js'
import { bytesOf, commands, helloBytes, Listener } from './frames.ts'
import { noLookAhead, noStraightWay } from './no-look-ahead.ts'

type Execute = Face['execute']
const miss: Executed = { outcome: { type: 'miss' }, by: 'n1' }
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** A conversation whose other side is the test. */
function talk(execute: Execute, options: Partial<ConversationOptions> = {}) {
  const listener = new Listener()
  const log: string[] = []
  const faults: unknown[] = []
  const port = {
    isFullNow: false,
    send: (bytes: Uint8Array, done?: () => void) => {
      log.push('send')
      listener.receive(bytes.slice())
      done?.()
      return true
    },
    isFull: (_bytes: number) => port.isFullNow,
    pause: () => log.push('pause'),
    resume: () => log.push('resume'),
    end: () => log.push('end'),
    destroy: () => log.push('destroy'),
  }
  const rooms = new Rooms(0)
  const face: Face = {
    self: 'n1',
    limits: defaultLimits,
    rooms,
    execute,
    originOf: (isDirect) => (isDirect ? 'direct' : 'plain'),
    ringChecksum: () => 'r1',
    ...noStraightWay,
    ahead: noLookAhead,
    onFault: (error) => faults.push(error),
  }
  const conversation = new Conversation({ face, port, turns: new TurnClock(), now: () => 0, ...options })
  return { conversation, listener, log, port, faults, rooms }
}

test('all that one read brings is answered in one write', async (t) => {
  const { conversation, log, listener } = talk(() => miss)
  conversation.receive(Buffer.concat([helloBytes(), bytesOf(Array.from({ length: 50 }, () => commands.get('k')))]))
  t.strictSame(log, ['send'])
  t.strictSame(
    listener.answers.map(({ id }) => id),
    Array.from({ length: 50 }, (_, index) => index + 1),
  )
})

test('of many commands that one read brings, a portion is answered while the others are executed', async (t) => {
  const executed: number[] = []
  const talked = talk(() => {
    executed.push(talked.log.length)
    return miss
  })
  const { conversation, log, listener } = talked
  conversation.receive(helloBytes())
  conversation.receive(bytesOf(Array.from({ length: 300 }, () => commands.get('k'))))
  const portion = portionLooks * 32
  t.strictSame(log, ['send', 'send', 'send'])
  t.equal(executed.indexOf(1), portion)
  t.equal(executed.indexOf(2), 2 * portion)
  t.strictSame(
    listener.answers.map(({ id }) => id),
    Array.from({ length: 300 }, (_, index) => index + 1),
  )
  log.length = 0
  conversation.receive(bytesOf(Array.from({ length: portion + 8 }, () => commands.get('k'))))
  t.strictSame(log, ['send'], 'what is left has to be worth a write')
})

test('who has not taken the answers before is not sent portions', async (t) => {
  const { conversation, log, port } = talk(() => miss)
  conversation.receive(helloBytes())
  port.isFull = (bytes) => bytes === 0
  conversation.receive(bytesOf(Array.from({ length: 300 }, () => commands.get('k'))))
  t.strictSame(log, ['send'])
})

test('a command that waits holds up none behind it, and answers that come one by one leave together', async (t) => {
  const waiting: ((executed: Executed) => void)[] = []
  const { conversation, listener, log } = talk(({ key }) => {
    return key[0] === 0x77 ? new Promise((resolve) => waiting.push(resolve)) : miss
  })
  conversation.receive(helloBytes())
  conversation.receive(bytesOf([commands.get('wait'), commands.get('a'), commands.get('wait'), commands.get('b')]))
  t.strictSame(
    listener.answers.map(({ id }) => id),
    [2, 4],
  )
  log.length = 0
  for (const resolve of waiting) resolve(miss)
  await nextTurn()
  await nextTurn()
  t.strictSame(log, ['send'])
  t.strictSame(
    listener.answers.map(({ id }) => id),
    [2, 4, 1, 3],
  )
})

test('a conversation holds a turn no longer than its slice, and goes on in the next', async (t) => {
  let now = 0
  const { conversation, listener, log } = talk(
    () => {
      now += 0.1
      return miss
    },
    { now: () => now },
  )
  const list = Array.from({ length: 1_000 }, () => commands.get('k'))
  conversation.receive(Buffer.concat([helloBytes(), bytesOf(list)]))
  const first = listener.answers.length
  t.ok(first * 0.1 >= sliceMs && first * 0.1 <= sliceMs + 32 * 0.1, `${first} commands of 0.1 ms`)
  t.ok(log.includes('pause'), 'no more is read meanwhile')
  conversation.receive(bytesOf([commands.get('k')], { firstId: 5_000 }))
  t.equal(listener.answers.length, first, 'another chunk of the same turn gets no slice of its own')
  for (let turns = 0; listener.answers.length < 1_001 && turns < 100; turns++) await nextTurn()
  t.equal(listener.answers.at(-1)?.id, 5_000, 'in order')
  t.equal(log.at(-1), 'resume')
})

test('what is left of a lent chunk when the slice is used up is executed as it came', async (t) => {
  let now = 0
  const keys: string[] = []
  const { conversation } = talk(
    ({ key }) => {
      now += 0.1
      keys.push(Buffer.from(key).toString())
      return miss
    },
    { now: () => now },
  )
  conversation.receive(helloBytes())
  const sent = Array.from({ length: 300 }, (_, at) => `key-${at}`)
  for (const part of [sent.slice(0, 200), sent.slice(200)]) {
    const chunk = new Uint8Array(bytesOf(part.map((key) => commands.get(key))))
    conversation.receiveLent(chunk)
    chunk.fill(0xff)
  }
  t.ok(keys.length < 200, 'not all in one turn')
  for (let turns = 0; keys.length < 300 && turns < 100; turns++) await nextTurn()
  t.strictSame(keys, sent)
})

test('commands are executed as heard when they were here, by a clock that is looked at once for many', async (t) => {
  let now = 0
  const looks: number[] = []
  const heard: number[] = []
  const execute: Execute = (_command, _origin, _sink, heardAt) => {
    heard.push(heardAt)
    now += 0.01
    return miss
  }
  const look = () => {
    looks.push(now)
    return now
  }
  const { conversation } = talk(execute, { now: look })
  conversation.receive(Buffer.concat([helloBytes(), bytesOf(Array.from({ length: 100 }, () => commands.get('k')))]))
  t.equal(heard.length, 100)
  t.ok(
    heard.every((at, index) => looks.includes(at) && at <= index * 0.01 + 1e-9 && at >= (heard[index - 1] ?? 0)),
    'each by the look before it',
  )
  t.ok(looks.length < 10, `${looks.length} looks`)
})

test('large commands use up the slice as many small ones do', async (t) => {
  let now = 0
  const { conversation, listener } = talk(
    () => {
      now += 3
      return miss
    },
    { now: () => now },
  )
  const value = new Uint8Array(500_000)
  conversation.receive(helloBytes())
  conversation.receive(bytesOf(Array.from({ length: 8 }, (_, index) => commands.set(`k${index}`, value))))
  t.equal(listener.answers.length, 2)
})

test('who does not read gets nothing more, and what it sends is not read', async (t) => {
  const { conversation, listener, log, port } = talk(() => miss)
  conversation.receive(helloBytes())
  port.isFullNow = true
  conversation.receive(bytesOf([commands.get('a'), commands.get('b')]))
  t.equal(listener.answers.length, 0)
  t.strictSame(
    log.filter((entry) => entry !== 'send'),
    ['pause'],
  )
  port.isFullNow = false
  conversation.drained()
  t.equal(listener.answers.length, 2)
  t.equal(log.at(-1), 'resume')
})

test('not too many commands wait at a time', async (t) => {
  const waiting: ((executed: Executed) => void)[] = []
  const { conversation, listener } = talk(() => new Promise((resolve) => waiting.push(resolve)))
  conversation.receive(helloBytes())
  conversation.receive(bytesOf(Array.from({ length: waitingMax + 10 }, () => commands.get('k'))))
  t.equal(waiting.length, waitingMax)
  for (const resolve of waiting.splice(0)) resolve(miss)
  for (let turns = 0; waiting.length < 10 && turns < 10; turns++) await nextTurn()
  t.equal(waiting.length, 10)
  for (const resolve of waiting.splice(0)) resolve(miss)
  for (let turns = 0; listener.answers.length < waitingMax + 10 && turns < 10; turns++) await nextTurn()
  t.equal(listener.answers.length, waitingMax + 10)
})

test('a command that fails is answered with its code, our own fault without telling of it', async (t) => {
  let calls = 0
  const { conversation, listener, faults } = talk(() => {
    if (++calls === 1) throw new RingholdError('RINGHOLD_WRONG_OWNER', { ring: 'r2', owner: 'n2' })
    if (calls === 2) return Promise.reject(new RingholdError('RINGHOLD_OWNER_TIMEOUT'))
    if (calls === 3) throw new Error('secret')
    return miss
  })
  conversation.receive(helloBytes())
  conversation.receive(bytesOf(Array.from({ length: 4 }, () => commands.get('k'))))
  await nextTurn()
  await nextTurn()
  t.strictSame(listener.answers.map(({ id, said }) => `${id} ${said}`).sort(), [
    '1 RINGHOLD_WRONG_OWNER',
    '2 RINGHOLD_OWNER_TIMEOUT',
    '3 RINGHOLD_INTERNAL',
    '4 miss',
  ])
  t.equal(faults.length, 1)
  t.notMatch(JSON.stringify(listener.heard), /secret/)
})

test('what cannot be read ends the conversation with an error frame, and nothing after it is executed', async (t) => {
  const hello = helloBytes()
  const command = bytesOf([commands.get('k')])
  const ofOtherSide = new FrameWriter()
  writeRing(ofOtherSide, 'r')
  const old = helloBytes()
  old[10] = 0
  const rows: [what: string, bytes: Uint8Array][] = [
    ['no greeting', command],
    ['a greeting of an unknown release', Buffer.concat([old, command])],
    ['too long', Buffer.concat([hello, Buffer.from([255, 255, 255, 127]), command])],
    ['too short', Buffer.concat([hello, Buffer.from([1, 0, 0, 0, 0]), command])],
    ['a frame that only nodes send', Buffer.concat([hello, ofOtherSide.take(), command])],
    ['text', Buffer.concat([hello, Buffer.from('GET / HTTP/1.1\r\n\r\n'), command])],
  ]
  for (const [what, bytes] of rows) {
    let executed = 0
    const { conversation, listener, log } = talk(() => {
      executed++
      return miss
    })
    conversation.receive(bytes)
    conversation.receive(command)
    t.equal(executed, 0, what)
    t.equal(listener.heard.at(-1)?.said, 'RINGHOLD_BAD_REQUEST', what)
    t.equal(log.at(-1), 'end', what)
  }
})

test('a value that the client does not read is refused, not sent', async (t) => {
  const hit: Executed = { outcome: { type: 'hit', value: new Uint8Array(101), contentType: 'a/b', version: 1 }, by: '' }
  const { conversation, listener } = talk(() => hit)
  conversation.receive(helloBytes(100))
  conversation.receive(bytesOf([commands.get('k')]))
  t.match(listener.answers, [{ said: 'RINGHOLD_VALUE_TOO_LARGE', detail: /101 bytes, more than the 100/ }])
})

test('a conversation that is finished ends when all is answered, and with an error within a frame', async (t) => {
  const waiting: ((executed: Executed) => void)[] = []
  const whole = talk(() => new Promise((resolve) => waiting.push(resolve)))
  whole.conversation.receive(Buffer.concat([helloBytes(), bytesOf([commands.get('k')])]))
  whole.conversation.finish()
  t.notOk(whole.log.includes('end'))
  waiting[0]?.(miss)
  await nextTurn()
  await nextTurn()
  t.equal(whole.log.at(-1), 'end')
  t.equal(whole.listener.answers.length, 1)

  const cut = talk(() => miss)
  cut.conversation.receive(Buffer.concat([helloBytes(), bytesOf([commands.get('k')]).subarray(0, 9)]))
  cut.conversation.finish()
  t.equal(cut.listener.heard.at(-1)?.said, 'RINGHOLD_BAD_REQUEST')
  t.equal(cut.log.at(-1), 'end')
})

test('pings are answered, and news leave with the next write', async (t) => {
  const { conversation, listener } = talk(() => miss)
  conversation.greet()
  const ping = new FrameWriter()
  writeSignal(ping, 'ping')
  conversation.receive(Buffer.concat([helloBytes(), ping.take()]))
  conversation.tellRing('r2')
  conversation.sayGoodbye()
  await nextTurn()
  t.strictSame(
    listener.heard.map(({ said }) => said),
    ['hello r1', 'pong', 'ring r2', 'goodbye'],
  )
})
