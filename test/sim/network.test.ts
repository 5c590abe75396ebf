import { test } from 'tap'
import { type SimFleet, urlOf } from './fleet.ts'
import { describe, five, runningFleet, underSeeds } from './scenario.ts'

function healthyAllAlong(fleet: SimFleet): boolean {
  return (
    fleet.wrongVerdicts.length === 0 &&
    fleet.processes.every((process) => process.happened('declared-dead').length === 0)
  )
}

test('one message in ten lost for five minutes: no healthy node is declared dead', async (t) => {
  underSeeds(t, 5, (seed, say) => {
    const fleet = runningFleet(five, { seed })
    fleet.loss = 0.1
    fleet.run(300_000)
    if (!healthyAllAlong(fleet)) t.fail(say('no verdict'), { wrong: fleet.wrongVerdicts })
    fleet.loss = 0
    if (fleet.msUntil(() => fleet.agreed(five), 5_000) === undefined)
      t.fail(say('all agree'), { views: describe(fleet.up) })
  })
  t.pass()
})

test('a link that is broken one way, or both, between two nodes is nobody’s death', async (t) => {
  underSeeds(t, 30, (seed, say) => {
    const fleet = runningFleet(five, { seed })
    fleet.cut(['node-1'], ['node-2'], seed % 2 ? 'one way' : 'both ways')
    if (seed % 3 === 0) fleet.cut(['node-2', 'node-3'], ['node-4'], 'one way')
    fleet.run(60_000)
    if (!healthyAllAlong(fleet)) t.fail(say('no verdict'), { wrong: fleet.wrongVerdicts })
    if (!fleet.agreed(five)) t.fail(say('all are alive for all'), { views: describe(fleet.up) })
  })
  t.pass()
})

test('slow links are no failure', async (t) => {
  underSeeds(t, 10, (seed, say) => {
    const fleet = runningFleet(five, { seed, latencyMs: [50, 150] })
    fleet.run(60_000)
    if (!healthyAllAlong(fleet) || !fleet.agreed(five)) t.fail(say('no verdict'), { wrong: fleet.wrongVerdicts })
  })
  t.pass()
})

test('a split of 2 and 3 leaves two fleets, which merge by themselves within 15 s of healing', async (t) => {
  const [apart, together]: [number[], number[]] = [[], []]
  underSeeds(t, 30, (seed, say) => {
    const fleet = runningFleet(five, { seed })
    const few = five.slice(0, 2)
    const many = five.slice(2)
    const fewProcesses = fleet.up.filter(({ name }) => few.includes(name as never))
    const manyProcesses = fleet.up.filter(({ name }) => !few.includes(name as never))
    fleet.cut(few, many)
    const splitMs = fleet.msUntil(() => fleet.agreed(few, fewProcesses) && fleet.agreed(many, manyProcesses), 60_000)
    apart.push(splitMs ?? 60_000)
    if (splitMs === undefined) t.fail(say('each side goes on alone'), { views: describe(fleet.up) })
    fleet.run(fleet.random() * 60_000)
    fleet.heal()
    const healMs = fleet.msUntil(() => fleet.agreed(five), 60_000)
    together.push(healMs ?? 60_000)
    if (healMs === undefined || healMs > 15_000)
      t.fail(say(`one fleet after ${healMs} ms`), { views: describe(fleet.up) })
    const unaware = fleet.up.filter((process) => process.happened('declared-dead').length === 0)
    if (unaware.length > 0) t.fail(say('all were dead for someone, and all hear of it'))
    if (fleet.up.some((process) => process.happened('drop-entries').length > 0)) t.fail(say('nobody drops anything'))
  })
  t.pass(
    `two fleets within ${Math.round(Math.max(...apart))} ms, one again within ${Math.round(Math.max(...together))} ms`,
  )
})

test('a split heals without any help of the seeds: the dead are called on', async (t) => {
  underSeeds(t, 20, (seed, say) => {
    const [seeder, ...rest] = five
    const fleet = runningFleet(five, { seed, seeds: [seeder] })
    const leaver = fleet.process(seeder)
    leaver.perform(leaver.membership.departed(fleet.now))
    leaver.kill()
    fleet.run(5_000)
    fleet.cut(rest.slice(0, 2), rest.slice(2))
    fleet.run(60_000)
    if (fleet.agreed(rest)) t.fail(say('it was split'))
    fleet.heal()
    const ms = fleet.msUntil(() => fleet.agreed(rest), 15_000)
    if (ms === undefined) t.fail(say('one fleet'), { views: describe(fleet.up) })
  })
  t.pass()
})

test('a node that is cut off for long finds back, also when all others have moved to new addresses', async (t) => {
  underSeeds(t, 10, (seed, say) => {
    const fleet = runningFleet(five, { seed })
    const rest = five.slice(1)
    fleet.cut(['node-1'], rest)
    fleet.run(30_000)
    for (const name of rest) fleet.process(name).kill()
    // node-1 knows only node-1 to node-3 as seeds; the new ones answer under those names at new addresses.
    const seeds = ['node-2', 'node-3'].map(urlOf)
    for (const name of rest) {
      const url = name === 'node-2' ? urlOf('node-2') : `http://moved-${name}:7101`
      fleet.start(name, { seeds, url })
    }
    fleet.run(20_000)
    fleet.heal()
    if (fleet.msUntil(() => fleet.agreed(five), 15_000) === undefined)
      t.fail(say('one fleet'), { views: describe(fleet.up) })
  })
  t.pass()
})

test('old messages, replayed, never bring a dead member back nor change what is known of a live one', async (t) => {
  underSeeds(t, 15, (seed, say) => {
    const fleet = runningFleet(five, { seed })
    const observer = fleet.process('node-1')
    const old = fleet.record(observer, 12_000)
    fleet.process('node-2').kill()
    fleet.process('node-3').kill()
    fleet.start('node-3', { seeds: five.map(urlOf) })
    const expected = ['node-1', 'node-3', 'node-4', 'node-5']
    if (fleet.msUntil(() => fleet.agreed(expected), 10_000) === undefined) t.fail(say('settled'))
    fleet.run(5_000)
    const before = JSON.stringify([...observer.membership.view].sort())
    for (const message of old) {
      observer.perform(observer.membership.receive(1e9, message, fleet.now))
      if (observer.status('node-2') !== 'dead') t.fail(say('the dead stay dead'))
    }
    fleet.run(20_000)
    if (JSON.stringify([...observer.membership.view].sort()) !== before)
      t.fail(say('nothing changed'), { views: describe(fleet.up) })
    if (old.length < 50) t.fail(say(`only ${old.length} messages to replay`))
  })
  t.pass()
})
