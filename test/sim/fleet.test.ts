import { test } from 'tap'
import { SimFleet, urlOf } from './fleet.ts'

const five = ['node-1', 'node-2', 'node-3', 'node-4', 'node-5']

function fleetOfFive(seed: number, options = {}): SimFleet {
  const fleet = new SimFleet({ seed, ...options })
  const seeds = five.map(urlOf)
  for (const name of five) fleet.start(name, { seeds })
  fleet.msUntil(() => fleet.agreed(five), 5_000)
  fleet.run(3_000)
  return fleet
}

test('first look', async (t) => {
  for (let seed = 1; seed <= 5; seed++) {
    const fleet = new SimFleet({ seed })
    const seeds = five.map(urlOf)
    for (const name of five) fleet.start(name, { seeds })
    t.comment(
      'cold',
      fleet.msUntil(() => fleet.agreed(five), 5_000),
    )
    fleet.run(5_000)
    const before = fleet.up.map((p) => p.bytesSent)
    fleet.run(10_000)
    t.comment(
      'bytes/s',
      fleet.up.map((p, i) => Math.round((p.bytesSent - (before[i] ?? 0)) / 10)),
    )
    fleet.process('node-2').kill()
    t.comment(
      'crash',
      fleet.msUntil(() => fleet.up.every((p) => p.status('node-2') === 'dead'), 20_000),
    )
    fleet.start('node-6', { seeds })
    t.comment(
      'join',
      fleet.msUntil(() => fleet.agreed(['node-1', 'node-3', 'node-4', 'node-5', 'node-6']), 5_000),
    )
    fleet.run(3_000)
    fleet.process('node-3').freeze()
    t.comment(
      'frozen',
      fleet.msUntil(() => fleet.up.every((p) => p.status('node-3') === 'dead'), 20_000),
    )
    fleet.run(3_000)
    fleet.process('node-3').thaw()
    t.comment('answers', fleet.process('node-3').membership.answers(fleet.now))
    t.comment(
      'thaw',
      fleet.msUntil(() => fleet.agreed(['node-1', 'node-3', 'node-4', 'node-5', 'node-6']), 20_000),
      fleet.process('node-3').happened('drop-entries'),
    )
    const p = fleet.process('node-4')
    p.perform(p.membership.leave(fleet.now))
    t.comment(
      'leave',
      fleet.msUntil(() => fleet.up.every((q) => q.status('node-4') === 'leaving'), 5_000),
    )
    p.perform(p.membership.departed(fleet.now))
    t.comment(
      'left',
      fleet.msUntil(() => fleet.up.every((q) => q.status('node-4') === 'left'), 5_000),
    )
    t.comment(fleet.wrongVerdicts)
  }
  t.ok(fleetOfFive(3))
})
