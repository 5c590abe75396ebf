import { Duplex } from 'node:stream'
import { test } from 'tap'
import { CommandStream } from '#node/stream/command-stream.js'
import { Rooms } from '#node/stream/rooms.js'
import { TurnClock } from '#node/stream/turn-clock.js'
import { defaultLimits } from '#sdk/protocol/index.js'
import { noLookAhead, noStraightWay } from './no-look-ahead.ts'

const answer = new Uint8Array(1_000_000)

/** A stream on a virtual clock to somebody who reads as the test says. */
function slowStream() {
  const written: (() => void)[] = []
  const socket = new Duplex({
    read() {},
    write(_chunk, _encoding, done) {
      written.push(done)
    },
  })
  const clock = { now: 0 }
  const face = {
    ...{ self: 'n1', limits: defaultLimits, rooms: new Rooms(0), ...noStraightWay, ahead: noLookAhead },
    execute: () => ({ outcome: { type: 'miss' as const }, by: 'n1' }),
    originOf: () => 'plain' as const,
    ringChecksum: () => 'r1',
    onFault: (error: unknown) => {
      throw error
    },
  }
  const stream = new CommandStream({ socket, face, turns: new TurnClock(), now: () => clock.now }, new Uint8Array(0))
  return { stream, socket, clock, read: () => written.shift()?.() }
}

test('who reads is not stuck, also where as much as it took comes after it', async (t) => {
  const { stream, clock, read } = slowStream()
  read()
  for (let count = 0; count < 3; count++) stream.send(answer)
  for (clock.now = 0; clock.now < 60_000; clock.now += 1_000) {
    t.equal(stream.stuckMs(clock.now), 0)
    t.equal(stream.unsentBytes, 3 * answer.length)
    read()
    stream.send(answer)
  }
  stream.destroy()
})

test('who does not read is stuck since then, whatever is sent to it', async (t) => {
  const { stream, clock, read } = slowStream()
  read()
  t.equal(stream.stuckMs(1_000), 0, 'there was nothing to read')
  for (clock.now = 2_000; clock.now <= 12_000; clock.now += 1_000) {
    stream.send(answer)
    t.equal(stream.stuckMs(clock.now), clock.now - 2_000)
  }
  read()
  t.equal(stream.stuckMs(13_000), 0)
  t.equal(stream.stuckMs(15_000), 2_000)
  stream.destroy()
})

test('while nothing is read, nobody is silent', async (t) => {
  const { stream, clock } = slowStream()
  t.equal(stream.silentMs(1_000), 1_000)
  stream.pause()
  t.equal(stream.silentMs(100_000), 0)
  clock.now = 200_000
  stream.resume()
  t.equal(stream.silentMs(201_000), 1_000)
  stream.destroy()
})
