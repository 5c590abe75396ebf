import { pino } from 'pino'
import { type Test, test } from 'tap'
import type { Copies } from '#node/copies/copies.js'
import { PeerRoom } from '#node/peers/peer-room.js'
import { Replicator } from '#node/peers/replicator.js'
import { defaultLimits } from '#sdk/protocol/index.js'

/** A replicator whose copies do nothing, the timer that it has made last, and the beat that it ticks with at rest. */
function replicatorOf(t: Test) {
  const tick = () => {
    copies.ticks++
    return []
  }
  const copies = { isAtRest: false, ticks: 0, tick, takeEffects: () => [] }
  const timer = { ms: 0, run: () => {}, made: 0 }
  const rest = { ms: 0, beat: () => {} }
  t.intercept(globalThis, 'setTimeout', {
    value: (run: () => void, ms: number) => Object.assign(timer, { run, ms, made: timer.made + 1 }),
  })
  const replicator = new Replicator({
    self: 'a',
    fleet: 'f',
    limits: defaultLimits,
    copies: copies as unknown as Copies,
    room: new PeerRoom(0),
    logger: pino({ level: 'silent' }),
    metronome: {
      every: (ms, play) => {
        if (ms < 1_000) Object.assign(rest, { ms, beat: play })
        return () => {}
      },
    },
    settings: { tickIntervalMs: 20, restIntervalMs: 100 },
    view: () => new Map(),
    onRingSuspect: () => {},
  })
  t.teardown(() => replicator.close())
  return { replicator, copies, timer, rest }
}

test('copies are ticked often while anything is under way, and rarely at rest', async (t) => {
  const { replicator, copies, timer, rest } = replicatorOf(t)
  replicator.start()
  t.strictSame([timer.ms, rest.ms], [20, 100])
  timer.run()
  rest.beat()
  t.strictSame([copies.ticks, timer.made], [1, 2], 'not with the beat as long as anything is under way')
  copies.isAtRest = true
  timer.run()
  rest.beat()
  t.strictSame([copies.ticks, timer.made], [3, 2], 'with the beat, and no timer, at rest')
})

test('a rest ends with what ends it, not with the tick after it', async (t) => {
  const { replicator, copies, timer, rest } = replicatorOf(t)
  copies.isAtRest = true
  replicator.start()
  const turn = async () => {
    replicator.performSoon()
    await new Promise((resolve) => setImmediate(resolve))
  }
  await turn()
  t.equal(timer.made, 0, 'who is still at rest goes on with it')
  copies.isAtRest = false
  await turn()
  t.strictSame([timer.ms, timer.made], [20, 1])
  await turn()
  t.equal(timer.made, 1, 'the next tick is not put off by what happens until then')
  rest.beat()
  t.equal(copies.ticks, 0, 'nor comes with the beat')
})
