import fc from 'fast-check'
import { test } from 'tap'
import { aheadMsMax, HybridClock, marksMax, versionEpochMs, versionsPerMs } from '#node/clock/hybrid-clock.js'
import { holds } from '../../property.ts'

const wallMs = versionEpochMs + 1_000

test('a version is the wall clock in milliseconds since 2020 with room for 32 a millisecond and node', async (t) => {
  const clock = new HybridClock()
  t.equal(clock.next(wallMs), 1_000 * versionsPerMs)
  t.equal(clock.next(wallMs), 1_000 * versionsPerMs + marksMax)
  t.equal(clock.next(wallMs + 0.9), 1_000 * versionsPerMs + 2 * marksMax, 'fractions do not count')
  t.equal(clock.next(wallMs + 1), 1_001 * versionsPerMs)
  t.ok(Number.isSafeInteger(new HybridClock().next(Date.UTC(2158, 0))))
})

test('each version is higher than all before it, whatever the wall clock does and whatever was accepted', async (t) => {
  const step = fc.record({
    wall: fc.integer({ min: -1e6, max: 1e9 }),
    accepted: fc.option(fc.integer({ min: 0, max: 1e9 * versionsPerMs })),
  })
  const property = fc.property(fc.array(step), (steps) => {
    const clock = new HybridClock()
    let highest = -1
    for (const { wall, accepted } of steps) {
      if (accepted !== null && clock.accept(accepted, versionEpochMs + wall)) highest = Math.max(highest, accepted)
      const version = clock.next(versionEpochMs + wall)
      if (version <= highest || !Number.isSafeInteger(version)) return false
      highest = version
    }
    return true
  })
  holds(t, 'monotone', property)
})

test('nodes that count through the same numbers never issue the same version', async (t) => {
  const names = Array.from({ length: 9 }, (_, index) => `node-${index + 1}`)
  const issued = new Set<number>()
  for (const name of names) {
    const clock = new HybridClock(name)
    clock.accept(2_000 * versionsPerMs, wallMs)
    for (let count = 0; count < 1_000; count++) issued.add(clock.next(wallMs))
  }
  t.equal(issued.size, names.length * 1_000)
})

test('a version from more than a day ahead is not believed', async (t) => {
  const clock = new HybridClock()
  const dayAhead = (1_000 + aheadMsMax) * versionsPerMs
  t.notOk(clock.accept(dayAhead + 1, wallMs))
  t.notOk(clock.accept(Number.NaN, wallMs))
  t.equal(clock.next(wallMs), 1_000 * versionsPerMs)
  t.ok(clock.accept(dayAhead, wallMs))
  t.equal(clock.next(wallMs), dayAhead + marksMax)
})
