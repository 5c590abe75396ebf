import { pino } from 'pino'
import { type Test, test } from 'tap'
import type { Copies } from '#node/copies/copies.js'
import { PeerRoom } from '#node/peers/peer-room.js'
import { Replicator } from '#node/peers/replicator.js'
import { defaultLimits } from '#sdk/protocol/index.js'

/** A replicator whose copies do nothing, and the one timer that it has made last. */
function replicatorOf(t: Test) {
  const tick = () => {
    copies.ticks++
    return []
  }
  const copies = { isAtRest: false, ticks: 0, tick, takeEffects: () => [] }
  const timer = { ms: 0, run: () => {}, made: 0 }
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
    settings: { tickIntervalMs: 20, restIntervalMs: 100 },
    view: () => new Map(),
    onRingSuspect: () => {},
  })
  t.teardown(() => replicator.close())
  return { replicator, copies, timer }
}

test('copies are ticked often while anything is under way, and rarely at rest', async (t) => {
  const { replicator, copies, timer } = replicatorOf(t)
  replicator.start()
  t.equal(timer.ms, 20)
  timer.run()
  t.strictSame([copies.ticks, timer.ms], [1, 20])
  copies.isAtRest = true
  timer.run()
  t.strictSame([copies.ticks, timer.ms], [2, 100])
  timer.run()
  t.strictSame([copies.ticks, timer.ms], [3, 100])
})

test('a rest ends with what ends it, not with the tick after it', async (t) => {
  const { replicator, copies, timer } = replicatorOf(t)
  copies.isAtRest = true
  replicator.start()
  const { made } = timer
  const turn = async () => {
    replicator.performSoon()
    await new Promise((resolve) => setImmediate(resolve))
  }
  await turn()
  t.strictSame([timer.ms, timer.made], [100, made], 'who is still at rest goes on with it')
  copies.isAtRest = false
  await turn()
  t.strictSame([timer.ms, timer.made], [20, made + 1])
  await turn()
  t.strictSame([timer.ms, timer.made], [20, made + 1], 'the next tick is not put off by what happens until then')
})
