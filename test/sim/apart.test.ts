import { test } from 'tap'
import type { SimFleet } from './fleet.ts'
import { allSee, describe, five, runningFleet, underSeeds } from './scenario.ts'

const minute = 60_000

/** The names of those that dropped their entries, each as often as it did. */
function dropped(fleet: SimFleet): string[] {
  return fleet.processes.flatMap((process) => process.happened('drop-entries').map(() => process.name)).sort()
}

test('after a split of more than five minutes the smaller side drops its entries, before the fleet is one again', async (t) => {
  underSeeds(t, 4, (seed, say) => {
    const fleet = runningFleet(five, { seed })
    const few = five.slice(0, 2)
    fleet.cut(few, five.slice(2))
    fleet.run(5 * minute + 15_000 + fleet.random() * 10 * minute)
    fleet.heal()
    if (fleet.msUntil(() => fleet.agreed(five), minute) === undefined) t.fail(say('one'), { views: describe(fleet.up) })
    if (dropped(fleet).join() !== few.join()) t.fail(say(`${dropped(fleet)} drop`))
    fleet.run(2 * minute)
    if (dropped(fleet).join() !== few.join()) t.fail(say(`${dropped(fleet)} drop, once`))
  })
  t.pass()
})

test('of two equal sides the one without the smallest name drops its entries', async (t) => {
  underSeeds(t, 4, (seed, say) => {
    const four = five.slice(0, 4)
    const fleet = runningFleet(four, { seed })
    fleet.cut(['node-1', 'node-4'], ['node-2', 'node-3'])
    fleet.run(6 * minute)
    fleet.heal()
    fleet.run(minute)
    if (dropped(fleet).join() !== 'node-2,node-3') t.fail(say(`${dropped(fleet)} drop`))
  })
  t.pass()
})

test('after a shorter split everybody keeps its entries, and knows that it was held dead', async (t) => {
  underSeeds(t, 3, (seed, say) => {
    const fleet = runningFleet(five, { seed })
    fleet.cut(five.slice(0, 2), five.slice(2))
    fleet.run(fleet.random() * 4 * minute + 20_000)
    fleet.heal()
    fleet.run(minute)
    if (dropped(fleet).length > 0) t.fail(say(`${dropped(fleet)} drop`))
    for (const { name, happenings } of fleet.up) {
      const heard = happenings.map(({ effect }) => effect).find((effect) => effect.type === 'declared-dead')
      if (heard === undefined) t.fail(say(`${name} knows`))
      else if (heard.apartMs > 5 * minute) t.fail(say(`${name} was apart for ${heard.apartMs} ms`))
    }
  })
  t.pass()
})

test('members that crashed at another time belong to neither side', async (t) => {
  underSeeds(t, 3, (seed, say) => {
    const seven = [...five, 'node-6', 'node-7']
    const fleet = runningFleet(seven, { seed })
    fleet.process('node-7').kill()
    fleet.process('node-6').kill()
    fleet.run(5 * minute)
    fleet.cut(five.slice(0, 2), five.slice(2))
    fleet.run(6 * minute)
    fleet.heal()
    fleet.run(minute)
    if (dropped(fleet).join() !== 'node-1,node-2') t.fail(say(`${dropped(fleet)} drop`))
  })
  t.pass()
})

test('a node that was frozen for more than five minutes drops its entries before it serves; others never do', async (t) => {
  underSeeds(t, 4, (seed, say) => {
    const fleet = runningFleet(five, { seed })
    const victim = fleet.process('node-2')
    victim.freeze()
    if (fleet.msUntil(() => allSee(fleet, 'node-2', 'dead'), 20_000) === undefined) t.fail(say('held dead'))
    fleet.run(5 * minute + fleet.random() * minute)
    victim.thaw(seed % 2 ? fleet.random() : 1)
    if (fleet.msUntil(() => victim.membership.answers(fleet.now) === 'yes', 5_000) === undefined) t.fail(say('serves'))
    if (dropped(fleet).join() !== 'node-2') t.fail(say(`${dropped(fleet)} drop`))
    fleet.run(minute)
    if (dropped(fleet).join() !== 'node-2') t.fail(say(`${dropped(fleet)} drop, once`))
  })
  t.pass()
})

test('a short freeze costs no entries, also when others have been dead for long', async (t) => {
  underSeeds(t, 3, (seed, say) => {
    const fleet = runningFleet(five, { seed })
    for (const name of five.slice(2)) fleet.process(name).kill()
    fleet.run(10 * minute)
    const victim = fleet.process('node-2')
    victim.freeze()
    fleet.run(30_000)
    victim.thaw()
    fleet.run(minute)
    if (victim.happened('declared-dead').length === 0) t.fail(say('it was held dead'))
    if (dropped(fleet).length > 0) t.fail(say(`${dropped(fleet)} drop`))
  })
  t.pass()
})
