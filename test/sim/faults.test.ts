import { test } from 'tap'
import { urlOf } from './fleet.ts'
import { allSee, describe, five, runningFleet, underSeeds } from './scenario.ts'

/** What the slowest of all runs took, for the line that a test prints. */
function slowest(times: readonly number[]): string {
  return `slowest of ${times.length}: ${Math.round(Math.max(...times))} ms`
}

test('a crash is seen by all within 2.5 s, whatever the size of a small fleet', async (t) => {
  const times: number[] = []
  underSeeds(t, 60, (seed, say) => {
    const names = five.slice(0, 2 + (seed % 4))
    const fleet = runningFleet(names, { seed })
    fleet.process('node-2').kill()
    const ms = fleet.msUntil(() => allSee(fleet, 'node-2', 'dead'), 10_000)
    times.push(ms ?? 10_000)
    if (!ms || ms > 2_500)
      t.fail(say(`${names.length} nodes: seen after ${ms} ms`), { views: describe(fleet.processes) })
    if (fleet.wrongVerdicts.length) t.fail(say('healthy ones stay alive'), { wrong: fleet.wrongVerdicts })
  })
  t.pass(slowest(times))
})

test('two crashes at once are seen by all within 2.5 s', async (t) => {
  const times: number[] = []
  underSeeds(t, 40, (seed, say) => {
    const fleet = runningFleet(five, { seed })
    fleet.process('node-2').kill()
    fleet.process('node-4').kill()
    const ms = fleet.msUntil(() => allSee(fleet, 'node-2', 'dead') && allSee(fleet, 'node-4', 'dead'), 10_000)
    times.push(ms ?? 10_000)
    if (!ms || ms > 2_500) t.fail(say(`seen after ${ms} ms`), { views: describe(fleet.processes) })
    if (fleet.wrongVerdicts.length) t.fail(say('healthy ones stay alive'), { wrong: fleet.wrongVerdicts })
  })
  t.pass(slowest(times))
})

test('a broken connection leads to a probe at once: the crash is known within 50 ms', async (t) => {
  underSeeds(t, 20, (seed, say) => {
    const fleet = runningFleet(five, { seed })
    fleet.process('node-2').kill()
    for (const process of fleet.up) process.perform(process.membership.disconnected(urlOf('node-2'), fleet.now))
    const ms = fleet.msUntil(() => allSee(fleet, 'node-2', 'dead'), 10_000)
    if (!ms || ms > 50) t.fail(say(`seen after ${ms} ms`))
  })
  t.pass()
})

test('a frozen or unplugged node is dead for all within 7 s, and never before the fence of the frozen one is down', async (t) => {
  const times: number[] = []
  underSeeds(t, 60, (seed, say) => {
    const names = five.slice(0, 2 + (seed % 4))
    const fleet = runningFleet(names, { seed })
    const victim = fleet.process('node-2')
    if (seed % 3 === 0) victim.loseHost()
    else victim.freeze()
    const start = fleet.now
    fleet.msUntil(() => fleet.up.some((process) => process.status('node-2') === 'dead'), 10_000)
    if (victim.membership.answers(fleet.now) !== 'fenced')
      t.fail(say(`declared dead ${fleet.now - start} ms after it froze`))
    fleet.msUntil(() => allSee(fleet, 'node-2', 'dead'), 10_000)
    times.push(fleet.now - start)
    if (fleet.now - start > 7_000)
      t.fail(say(`seen after ${fleet.now - start} ms`), { views: describe(fleet.processes) })
  })
  t.pass(slowest(times))
})

test('a node that was declared dead while it was frozen serves nothing until a peer replied, and hears of its death before', async (t) => {
  underSeeds(t, 80, (seed, say) => {
    const fleet = runningFleet(five, { seed })
    const victim = fleet.process('node-2')
    victim.freeze()
    fleet.msUntil(() => allSee(fleet, 'node-2', 'dead'), 10_000)
    fleet.run(fleet.random() * 20_000)
    const wokenAt = fleet.now
    if (victim.membership.answers(fleet.now) !== 'fenced') t.fail(say('fenced even before its first callback'))
    victim.thaw(seed % 2 ? fleet.random() : 1)
    if (victim.membership.answers(fleet.now) !== 'fenced')
      t.fail(say('what arrived while it was frozen lifts no fence'))
    const servesMs = fleet.msUntil(() => victim.membership.answers(fleet.now) === 'yes', 5_000)
    if (servesMs === undefined) t.fail(say('serves again'), { views: describe(fleet.processes) })
    const [heardAt] = victim.happened('declared-dead')
    if (heardAt === undefined || heardAt < wokenAt) t.fail(say('it hears of its death before it serves again'))
    if (!victim.happened('woke').some((at) => at >= wokenAt)) t.fail(say('it knows that it stood still'))
    if (victim.happened('drop-entries').length > 0) t.fail(say('its entries are kept'))
    if (fleet.msUntil(() => fleet.agreed(five), 2_000) === undefined) {
      t.fail(say('it is alive for all again'), { views: describe(fleet.processes) })
    }
  })
  t.pass()
})

test('a short freeze costs neither entries nor membership', async (t) => {
  underSeeds(t, 30, (seed, say) => {
    const fleet = runningFleet(five, { seed })
    const victim = fleet.process('node-2')
    victim.freeze()
    fleet.run(500 + fleet.random() * 2_000)
    victim.thaw()
    fleet.run(10_000)
    if (!fleet.agreed(five) || fleet.wrongVerdicts.length)
      t.fail(say('nothing came of it'), { wrong: fleet.wrongVerdicts })
    if (victim.happened('declared-dead').length) t.fail(say('nobody held it dead'))
  })
  t.pass()
})

test('a planned leave is known to all within 0.5 s and never taken for a crash', async (t) => {
  const times: number[] = []
  underSeeds(t, 40, (seed, say) => {
    const fleet = runningFleet(five, { seed })
    const leaver = fleet.process('node-2')
    leaver.perform(leaver.membership.leave(fleet.now))
    const ms = fleet.msUntil(() => allSee(fleet, 'node-2', 'leaving'), 5_000) ?? 5_000
    times.push(ms)
    if (ms > 500) t.fail(say(`known after ${ms} ms`), { views: describe(fleet.processes) })
    fleet.run(fleet.random() * 2_000)
    // Every other one dies before it can say farewell: it has left all the same.
    if (seed % 2) leaver.perform(leaver.membership.departed(fleet.now))
    leaver.kill()
    const seen = new Set<string | undefined>()
    fleet.onView = (process) => seen.add(process.status('node-2'))
    if (fleet.msUntil(() => allSee(fleet, 'node-2', 'left'), 10_000) === undefined) {
      t.fail(say('it has left'), { views: describe(fleet.processes) })
    }
    fleet.run(5_000)
    if (seen.has('dead') || seen.has('suspect')) t.fail(say(`it was ${[...seen].join(', ')}`))
  })
  t.pass(slowest(times))
})

test('a process that is replaced at once under its name and address is alive for all again within 1 s', async (t) => {
  const times: number[] = []
  underSeeds(t, 40, (seed, say) => {
    const fleet = runningFleet(five, { seed })
    fleet.process('node-2').kill()
    fleet.run(fleet.random() * 1_000)
    const next = fleet.start('node-2', { seeds: five.map(urlOf) })
    const settled = (): boolean =>
      fleet.agreed(five) &&
      fleet.up.every(({ membership }) => membership.view.get('node-2')?.instance === next.instance)
    const ms = fleet.msUntil(settled, 10_000) ?? 10_000
    times.push(ms)
    if (ms > 1_000) t.fail(say(`alive after ${ms} ms`), { views: describe(fleet.processes) })
    fleet.run(5_000)
    if (!settled()) t.fail(say('it stays so'), { views: describe(fleet.processes) })
    if (next.happened('declared-dead').length) t.fail(say('a new process was never dead'))
  })
  t.pass(slowest(times))
})

test('a process that crashes and comes back again and again ends alive, and drags nobody else down', async (t) => {
  underSeeds(t, 10, (seed, say) => {
    const fleet = runningFleet(five, { seed })
    for (let round = 0; round < 8; round++) {
      fleet.process('node-2').kill()
      fleet.run(fleet.random() * 4_000)
      fleet.start('node-2', { seeds: five.map(urlOf) })
      fleet.run(fleet.random() * 4_000)
    }
    if (fleet.msUntil(() => fleet.agreed(five), 3_000) === undefined)
      t.fail(say('all agree'), { views: describe(fleet.up) })
    if (fleet.wrongVerdicts.length) t.fail(say('healthy ones stay alive'), { wrong: fleet.wrongVerdicts })
  })
  t.pass()
})

test('starved nodes neither declare others dead nor are declared so', async (t) => {
  underSeeds(t, 12, (seed, say) => {
    const fleet = runningFleet(five, { seed })
    const until = fleet.now + 60_000
    // One of five, or all of them, get the CPU for a part of the time only.
    const starved = seed % 2 ? fleet.up : fleet.up.slice(0, 1)
    for (const process of starved)
      fleet.starve(process, { pauseMs: [100, seed % 3 ? 900 : 2_400], runMs: [20, 300], until })
    fleet.run(70_000)
    if (fleet.wrongVerdicts.length) t.fail(say('no verdict'), { wrong: fleet.wrongVerdicts.slice(0, 5) })
    if (!fleet.agreed(five)) t.fail(say('all agree afterwards'), { views: describe(fleet.processes) })
  })
  t.pass()
})
