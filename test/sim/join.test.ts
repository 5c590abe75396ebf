import { test } from 'tap'
import { SimFleet, type SimProcess, urlOf } from './fleet.ts'
import { describe, five, runningFleet, underSeeds } from './scenario.ts'

function stopOf(process: SimProcess): { code: string; message: string } | undefined {
  for (const { effect } of process.happenings) if (effect.type === 'stop') return effect.error
  return undefined
}

test('five nodes started in any order, at any times, with any seeds that connect them, become one fleet', async (t) => {
  const times: number[] = []
  underSeeds(t, 100, (seed, say) => {
    const fleet = new SimFleet({ seed })
    const order = [...five].sort(() => fleet.random() - 0.5)
    const spreadMs = [0, 50, 2_000][seed % 3] ?? 0
    // A full list for all; or the first two; or only the neighbour before, in a circle.
    const seedsOf = (name: string): string[] => {
      if (seed % 4 === 0) return five.slice(0, 2).map(urlOf)
      if (seed % 4 === 1) return [urlOf(five[(five.indexOf(name as 'node-1') + 4) % 5] ?? '')]
      return five.map(urlOf)
    }
    let lastStart = 0
    for (const name of order) {
      lastStart = Math.max(lastStart, fleet.now)
      fleet.schedule.after(fleet.random() * spreadMs, () => fleet.start(name, { seeds: seedsOf(name) }))
    }
    const ms = fleet.msUntil(() => fleet.processes.length === 5 && fleet.agreed(five), 15_000)
    times.push((ms ?? 15_000) - spreadMs)
    if (ms === undefined) t.fail(say('one fleet'), { views: describe(fleet.processes) })
    fleet.run(5_000)
    if (!fleet.agreed(five) || fleet.wrongVerdicts.length) t.fail(say('it stays one'), { wrong: fleet.wrongVerdicts })
    const joins = fleet.processes.map((process) => process.happened('joined').length)
    if (joins.some((count) => count !== 1)) t.fail(say('each joins once'))
  })
  t.pass(`slowest: ${Math.round(Math.max(...times))} ms after the last start`)
})

test('a sixth node is alive for all within 1 s, by any one seed, even when the other seeds are down', async (t) => {
  const times: number[] = []
  underSeeds(t, 40, (seed, say) => {
    const fleet = runningFleet(five, { seed })
    fleet.start('node-6', { seeds: [urlOf('nobody'), urlOf('node-6'), urlOf(five[seed % 5] ?? 'node-1')] })
    const ms = fleet.msUntil(() => fleet.agreed([...five, 'node-6']), 10_000) ?? 10_000
    times.push(ms)
    if (ms > 1_000) t.fail(say(`alive for all after ${ms} ms`), { views: describe(fleet.up) })
  })
  t.pass(`slowest of ${times.length}: ${Math.round(Math.max(...times))} ms`)
})

test('fleets that started apart merge as soon as one has a seed in the other', async (t) => {
  underSeeds(t, 20, (seed, say) => {
    const fleet = new SimFleet({ seed })
    fleet.start('node-1')
    fleet.start('node-2', { seeds: [urlOf('node-1')] })
    fleet.start('node-4')
    // node-3 finds node-4 first; node-1 can be reached only later.
    fleet.cut(['node-1', 'node-2'], ['node-3', 'node-4'])
    fleet.start('node-3', { seeds: ['node-4', 'node-1'].map(urlOf) })
    fleet.run(20_000)
    fleet.heal()
    const ms = fleet.msUntil(() => fleet.agreed(['node-1', 'node-2', 'node-3', 'node-4']), 15_000)
    if (ms === undefined) t.fail(say('one fleet'), { views: describe(fleet.processes) })
  })
  t.pass()
})

test('nodes that join at once do not found a fleet of their own beside the one that runs', async (t) => {
  underSeeds(t, 100, (seed, say) => {
    const fleet = runningFleet(['node-1'], { seed })
    let joining = five.slice(1).map((name) => fleet.start(name, { seeds: five.map(urlOf) }))
    while (joining.length > 0) {
      const joined = () => joining.filter(({ membership }) => membership.self.status === 'alive')
      if (fleet.msUntil(() => joined().length > 0, 5_000) === undefined) return t.fail(say('all join'))
      if (joined().some((node) => node.status('node-1') !== 'alive')) t.fail(say('they know of it when they join'))
      joining = joining.filter(({ membership }) => membership.self.status === 'joining')
    }
  })
  t.pass()
})

test('nodes that join at once are a fleet though a seed is silent', async (t) => {
  underSeeds(t, 20, (seed, say) => {
    const fleet = new SimFleet({ seed })
    fleet.start('node-5').loseHost()
    const names = five.slice(0, 4)
    for (const name of names) fleet.start(name, { seeds: five.map(urlOf) })
    const ms = fleet.msUntil(() => fleet.agreed(names), 15_000)
    if (ms === undefined || ms > 3_000) t.fail(say(`one fleet after ${ms} ms`), { views: describe(fleet.up) })
  })
  t.pass()
})

test('a node without seeds, or with itself as its only one, is a fleet of its own at once', async (t) => {
  const fleet = new SimFleet({ seed: 1 })
  const alone = fleet.start('node-1')
  t.equal(alone.membership.answers(0), 'yes')
  const self = fleet.start('node-2', { seeds: [urlOf('node-2')] })
  t.equal(self.membership.answers(0), 'yes')
  const alias = fleet.create('node-3', { seeds: ['http://localhost:7101'] })
  fleet.byUrl.set('http://localhost:7101', alias)
  alias.perform(alias.membership.start(fleet.now))
  alias.tickLater(10)
  t.equal(alias.membership.answers(0), 'joining')
  fleet.run(1_000)
  t.equal(alias.membership.answers(fleet.now), 'yes', 'its own address under another name is no one to join')
  t.equal(alias.membership.view.size, 1)
})

test('a node that no seed answers stops and names them', async (t) => {
  const fleet = new SimFleet({ seed: 1 })
  const refused = fleet.start('node-1', { seeds: ['http://a:1', 'http://b:2'] })
  fleet.start('node-8').loseHost()
  const silent = fleet.start('node-2', { seeds: [urlOf('node-8')] })
  fleet.run(14_900)
  t.equal(stopOf(refused), undefined)
  fleet.run(300)
  t.match(stopOf(refused), { code: 'RINGHOLD_SEEDS_UNREACHABLE', message: /http:\/\/a:1, http:\/\/b:2/ })
  t.match(stopOf(silent), { code: 'RINGHOLD_SEEDS_UNREACHABLE', message: /node-8/ })
  t.same(refused.happened('joined'), [])
})

test('a joining node that a seed of another fleet answers stops at once, and neither fleet has heard of the other', async (t) => {
  for (const other of [{ fleet: 'other' }, { copies: 3 }]) {
    const fleet = runningFleet(['node-1', 'node-2'], { seed: 1 })
    const stranger = fleet.start('node-3', { ...other, seeds: [urlOf('node-1')] })
    fleet.run(500)
    t.match(stopOf(stranger), { code: 'RINGHOLD_WRONG_FLEET', message: /fleet sim/i }, JSON.stringify(other))
    t.equal(stranger.membership.view.size, 1)
    t.equal(fleet.process('node-1').membership.view.size, 2)
  }
})

test('a process of another fleet at the address of a member counts as the end of that member', async (t) => {
  const fleet = runningFleet(five, { seed: 1 })
  fleet.process('node-2').kill()
  fleet.start('node-9', { fleet: 'other', url: urlOf('node-2') })
  const seen = (): boolean => fleet.process('node-1').status('node-2') === 'dead'
  t.ok((fleet.msUntil(seen, 2_500) ?? Number.POSITIVE_INFINITY) <= 2_500)
  t.equal(fleet.process('node-1').membership.view.has('node-9'), false)
})

test('of two processes of one name exactly one stops, and the fleet keeps the other', async (t) => {
  underSeeds(t, 100, (seed, say) => {
    const fleet = new SimFleet({ seed })
    const others = five.slice(1)
    for (const name of others) fleet.start(name, { seeds: others.map(urlOf) })
    fleet.run(2_000)
    const seeds = (): string[] => [urlOf(others[Math.floor(fleet.random() * 4)] ?? 'node-2')]
    const first = fleet.start('node-1', { seeds: seeds() })
    // At once, a little later, or long after; two that start at once may also be cut off from each other's seeds.
    fleet.run([0, 5, 400, 10_000][seed % 4] ?? 0)
    const second = fleet.start('node-1', { seeds: seeds(), url: 'http://elsewhere:7101' })
    const stopped = (): SimProcess[] => [first, second].filter((process) => stopOf(process))
    if (fleet.msUntil(() => stopped().length > 0, 15_000) === undefined) {
      t.fail(say('one stops'), { views: describe(fleet.processes) })
    }
    fleet.run(10_000)
    if (stopped().length !== 1) t.fail(say('only one stops'))
    if (stopOf(stopped()[0] ?? first)?.code !== 'RINGHOLD_NAME_TAKEN') t.fail(say('with the right code'))
    if (seed % 4 >= 2 && stopped()[0] !== second) t.fail(say('the one that ran already stays'))
    if (!fleet.agreed(five)) t.fail(say('the other is alive for all'), { views: describe(fleet.processes) })
  })
  t.pass()
})

test('two processes of one name that meet after a split: exactly one stops', async (t) => {
  underSeeds(t, 20, (seed, say) => {
    const fleet = runningFleet(five, { seed })
    fleet.cut(['node-1', 'node-2'], five.slice(2))
    fleet.run(15_000)
    const second = fleet.start('node-1', { seeds: [urlOf('node-3')], url: 'http://elsewhere:7101' })
    const first = fleet.processes[0] as SimProcess
    fleet.cuts.add(`${first.url}>${second.url}`).add(`${second.url}>${first.url}`)
    const neighbour = urlOf('node-2')
    fleet.cuts.add(`${neighbour}>${second.url}`).add(`${second.url}>${neighbour}`)
    fleet.run(15_000)
    if (second.membership.answers(fleet.now) !== 'yes')
      t.fail(say('the second one joined'), { views: describe(fleet.up) })
    fleet.heal()
    fleet.run(30_000)
    const stops = [first, second].filter((process) => stopOf(process))
    if (stops.length !== 1) t.fail(say(`${stops.length} stopped`), { views: describe(fleet.processes) })
    if (!fleet.agreed(five)) t.fail(say('the other is alive for all'), { views: describe(fleet.up) })
  })
  t.pass()
})

test('a container that comes back under another address takes its name over from its own past', async (t) => {
  underSeeds(t, 30, (seed, say) => {
    const fleet = runningFleet(five, { seed })
    const old = fleet.process('node-2')
    if (seed % 2) old.kill()
    else old.loseHost()
    fleet.run(seed % 3 ? 100 : 8_000)
    const moved = fleet.start('node-2', { seeds: five.slice(2).map(urlOf), url: 'http://moved:7101' })
    const isKnown = (process: SimProcess): boolean => process.membership.view.get('node-2')?.urls.peer === moved.url
    const ms = fleet.msUntil(() => fleet.agreed(five) && fleet.up.every(isKnown), 5_000)
    if (ms === undefined) t.fail(say('alive for all'), { views: describe(fleet.processes) })
    fleet.run(15_000)
    if (!fleet.agreed(five) || !fleet.up.every(isKnown))
      t.fail(say('it stays so'), { views: describe(fleet.processes) })
  })
  t.pass()
})

test('what a node forgets after the time of remembering does not come back from others', async (t) => {
  const fleet = runningFleet(five, { seed: 1, settings: { rememberMs: 60_000 } })
  fleet.process('node-2').kill()
  fleet.run(30_000)
  t.equal(fleet.process('node-1').status('node-2'), 'dead')
  fleet.start('node-6', { seeds: [urlOf('node-1')] })
  fleet.run(1_000)
  t.equal(fleet.process('node-6').status('node-2'), 'dead', 'a newcomer learns of the dead')
  fleet.run(60_000)
  for (const process of fleet.up) t.equal(process.status('node-2'), undefined, `${process.name} has forgotten`)
  fleet.run(120_000)
  for (const process of fleet.up) t.equal(process.status('node-2'), undefined, `${process.name} has forgotten for good`)
})
