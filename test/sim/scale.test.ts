import { test } from 'tap'
import { messageBytesMax } from '#node/membership/membership.js'
import { defaultSettings } from '#node/membership/settings.js'
import type { SimFleet, SimProcess } from './fleet.ts'
import { warmFleet } from './warm.ts'

const roundsMax = 15
const seed = Number(process.env.SIM_SEED ?? 1)

/** Mean bytes that a node sends in a second, measured over some seconds of rest. */
function bytesPerSecond(fleet: SimFleet, seconds: number): number {
  const before = sum(fleet.up, ({ bytesSent }) => bytesSent)
  fleet.run(seconds * 1_000)
  return (sum(fleet.up, ({ bytesSent }) => bytesSent) - before) / seconds / fleet.up.length
}

/** How many rounds of gossip pass until all hold the victim dead. */
function roundsUntilAllKnow(fleet: SimFleet, victim: SimProcess): number {
  const unaware = new Set(fleet.up)
  fleet.onView = (process) => {
    if (process.status(victim.name) === 'dead') unaware.delete(process)
  }
  const ms = fleet.msUntil(() => unaware.size === 0, 30_000) ?? Number.POSITIVE_INFINITY
  fleet.onView = () => {}
  return ms / defaultSettings.gossipIntervalMs
}

function sum(processes: readonly SimProcess[], figure: (process: SimProcess) => number): number {
  return processes.reduce((total, process) => total + figure(process), 0)
}

test(`membership at scale (SIM_SEED=${seed})`, async (t) => {
  const rates = new Map<number, number>()
  for (const members of [100, 1_000]) {
    const fleet = warmFleet(members, { seed })
    fleet.onView = () => {}
    fleet.run(2_500)
    const rate = bytesPerSecond(fleet, 3)
    rates.set(members, rate)
    t.comment(`${members} members: ${Math.round(rate)} bytes sent per node and second`)

    const [crashed, unplugged] = [fleet.processes[members >> 1], fleet.processes[members >> 2]] as [
      SimProcess,
      SimProcess,
    ]
    crashed.kill()
    const rounds = roundsUntilAllKnow(fleet, crashed)
    t.ok(rounds <= roundsMax, `${members} members: a crash is known to all after ${rounds.toFixed(1)} rounds`)
    unplugged.loseHost()
    const silentRounds = roundsUntilAllKnow(fleet, unplugged)
    t.ok(silentRounds <= roundsMax, `${members} members: so is a silent one, after ${silentRounds.toFixed(1)} rounds`)

    const largest = Math.max(...fleet.processes.map(({ bytesMax }) => bytesMax))
    t.ok(largest <= messageBytesMax, `${members} members: the largest message has ${largest} bytes`)
    const wrong = fleet.processes.filter((process) => process.happened('declared-dead').length > 0)
    t.same(wrong, [], `${members} members: nobody else was declared dead`)
  }
  const growth = (rates.get(1_000) ?? 0) / (rates.get(100) ?? 0)
  t.ok(growth <= 3, `bytes per node and second at 1,000 are ${growth.toFixed(2)} × those at 100`)
})
