import { MessageChannel } from 'node:worker_threads'
import { test } from 'tap'
import type { Timed } from '#sdk/batch.js'
import { Deadlines } from '#sdk/deadlines.js'
import { type Bell, ring, Scope } from '#sdk/scope.js'
import { until } from './small-fleet.ts'

const tickMs = 10

test('deadlines are met in time, never early, also those beyond one turn of the wheel', async (t) => {
  const deadlines = new Deadlines(8)
  const delays = [-50, 0, 1, 5, 14, 30, 30, 75, 85, 170, 250]
  const lateness = await Promise.all(
    delays.map((delay) => {
      const atMs = performance.now() + delay
      return new Promise<number>((resolve) => deadlines.add(atMs, () => resolve(performance.now() - atMs)))
    }),
  )
  for (const [index, lateMs] of lateness.entries()) t.ok(lateMs >= 0, `${delays[index]}: ${lateMs}`)
})

/** Something that begins now and has so many milliseconds; resolves when it met its deadline. */
function begun(deadlines: Deadlines, timeoutMs: number): Promise<{ startMs: number; metMs: number }> {
  return new Promise((resolve) => {
    const timed: Timed = {
      batch: undefined,
      place: -1,
      expire: () => resolve({ startMs: timed.batch?.start.realMs as number, metMs: performance.now() }),
    }
    deadlines.put(timed, timeoutMs)
  })
}

/** Something that notes its name when its time is up. */
function noting(met: string[], name: string): Timed {
  return { batch: undefined, place: -1, expire: () => met.push(name) }
}

test('what begins now is never over early, also beyond one turn of the wheel', async (t) => {
  const deadlines = new Deadlines(8)
  const beforeMs = performance.now()
  await Promise.all(
    [1, 5, 14, 30, 75, 85, 170, 250].map(async (timeoutMs) => {
      const { startMs, metMs } = await begun(deadlines, timeoutMs)
      t.ok(startMs >= beforeMs && metMs - startMs >= timeoutMs, `${timeoutMs}: ${metMs - startMs}`)
    }),
  )
})

test('what begins in one turn of the event loop starts together, when that turn is over', async (t) => {
  const deadlines = new Deadlines()
  const first = begun(deadlines, 30)
  const turnEndMs = performance.now() + 100
  while (performance.now() < turnEndMs);
  const last = begun(deadlines, 20)
  const [{ startMs, metMs }, other] = await Promise.all([first, last])
  t.equal(other.startMs, startMs)
  t.ok(startMs >= turnEndMs && metMs >= turnEndMs + 30)
  t.ok((await begun(deadlines, 1)).startMs > startMs, 'a later turn has another start')
})

test('what is alone starts when microtasks run, together with what begins beside it', async (t) => {
  const deadlines = new Deadlines()
  const start = deadlines.start(true)
  t.equal(deadlines.start(), start)
  await Promise.resolve()
  t.not(deadlines.start(), start)
  t.ok(start.realMs <= performance.now())
})

test('a start that is asked for has the time of asking, and what begins afterwards has another', async (t) => {
  const deadlines = new Deadlines()
  const start = deadlines.start()
  const { realMs } = start
  t.ok(realMs <= performance.now())
  while (performance.now() <= realMs);
  const next = deadlines.start()
  t.not(next, start)
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(start.realMs, realMs)
  t.ok(next.realMs > realMs)
  t.not(deadlines.start(), next)
})

test('a removed deadline is not met, and removing it twice, or after it was met, changes nothing', async (t) => {
  const deadlines = new Deadlines()
  const met: string[] = []
  const now = performance.now()
  const removed = deadlines.add(now + 10, () => met.push('removed'))
  const first = deadlines.add(now + 10, () => met.push('first'))
  deadlines.remove(removed)
  deadlines.remove(removed)
  await new Promise<void>((resolve) => deadlines.add(now + 10 + 3 * tickMs, resolve))
  deadlines.remove(first)
  t.strictSame(met, ['first'])
})

test('what is taken out of its batch does not expire, whether the batch is left empty, filled again or expires meanwhile', async (t) => {
  const deadlines = new Deadlines()
  const met: string[] = []
  const [alone, early, kept, late] = ['alone', 'early', 'kept', 'late'].map((name) => noting(met, name)) as [
    Timed,
    Timed,
    Timed,
    Timed,
  ]
  deadlines.put(alone, 20)
  deadlines.take(alone)
  deadlines.take(alone)
  deadlines.put({ ...noting(met, ''), expire: () => deadlines.take(late) }, 20)
  deadlines.put(early, 20)
  deadlines.put(kept, 20)
  deadlines.put(late, 20)
  t.equal(early.batch, late.batch)
  t.not(early.batch, alone.batch)
  deadlines.take(early)
  await begun(deadlines, 60)
  for (const each of [alone, early, kept, late]) deadlines.take(each)
  t.strictSame(met, ['kept'])
})

test('times of different length are kept apart, and so are those of a crowd that one batch does not hold', async (t) => {
  const deadlines = new Deadlines()
  const met: string[] = []
  const crowd = Array.from({ length: 600 }, (_, index) => noting(met, index % 2 === 0 ? 'short' : 'long'))
  const same = Array.from({ length: 600 }, () => noting(met, 'same'))
  for (const [index, timed] of crowd.entries()) deadlines.put(timed, index % 2 === 0 ? 20 : 60_000)
  for (const timed of same) deadlines.put(timed, 20)
  t.equal(new Set(same.map(({ batch }) => batch)).size, 3)
  t.equal(new Set(crowd.map(({ batch }) => batch)).size, 4, 'also where one is put after the other in turns')
  await begun(deadlines, 60)
  t.equal(met.filter((name) => name === 'short').length, 300)
  t.equal(met.filter((name) => name === 'same').length, 600)
  t.equal(met.length, 900)
  for (const timed of crowd) deadlines.take(timed)
})

test('a deadline may add and remove others', async (t) => {
  const deadlines = new Deadlines()
  const met: number[] = []
  await new Promise<void>((resolve) => {
    const at = performance.now()
    const other = deadlines.add(at + 60_000, () => met.push(3))
    deadlines.add(at, () => {
      met.push(1)
      deadlines.remove(other)
      deadlines.add(at, () => {
        met.push(2)
        resolve()
      })
    })
  })
  t.strictSame(met, [1, 2])
})

test('after the event loop stood still, what arrived meanwhile comes before the deadlines', async (t) => {
  const deadlines = new Deadlines()
  const order: string[] = []
  const { port1, port2 } = new MessageChannel()
  await new Promise<void>((resolve) => {
    port1.on('message', () => order.push('message'))
    deadlines.add(performance.now() + 20, () => {
      order.push('deadline')
      resolve()
    })
    port2.postMessage('arrived')
    for (const end = performance.now() + 100; performance.now() < end; );
  })
  port1.close()
  t.strictSame(order, ['message', 'deadline'])
})

test('while the process stands still a quarter of a second counts at most: the rest of the time is left afterwards', async (t) => {
  const deadlines = new Deadlines()
  const start = performance.now()
  const stillUntil = start + 600
  const metAt = await new Promise<number>((resolve) => {
    deadlines.add(deadlines.at(start) + 400, () => resolve(performance.now()))
    while (performance.now() < stillUntil);
  })
  t.ok(metAt >= stillUntil + 150, `${metAt - stillUntil} ms after it went on`)
})

test('the wheel turns again after it was empty, by the clock of that time', async (t) => {
  const deadlines = new Deadlines()
  const met = (ms: number) =>
    new Promise<void>((resolve) => deadlines.add(deadlines.at(performance.now()) + ms, resolve))
  const still = met(20)
  for (const end = performance.now() + 600; performance.now() < end; );
  await still
  const countsRealTime = (now: number) => deadlines.at(now) === now
  await until(() => countsRealTime(performance.now()), 'the end of the clock that stood still')
  const start = performance.now()
  await met(30)
  t.ok(performance.now() - start >= 30)
})

test('a pause ends at its time, by its bell, or with its scope, and leaves nothing behind', async (t) => {
  const deadlines = new Deadlines()
  const bell: Bell = new Set()
  const scope = new Scope(deadlines, { timeoutMs: 60_000 })
  const start = performance.now()
  await scope.pause(20, bell)
  t.ok(performance.now() - start >= 20)
  const byBell = scope.hear(bell)
  ring(bell)
  await byBell
  const byScope = scope.hear(bell)
  scope.interrupt({ type: 'closed' })
  scope.interrupt({ type: 'timeout', timeoutMs: 1 })
  await byScope
  await scope.hear(bell)
  t.strictSame(scope.interruption, { type: 'closed' }, 'only the first counts')
  t.equal(bell.size, 0)
  scope.end()
})
