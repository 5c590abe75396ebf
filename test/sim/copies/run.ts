/**
 * One run: start ─► chaos ─► heal ─► calm ─► traffic without faults ─► calm ─► final checks.
 */
import type { Plan } from './plan.ts'
import { lost, unrest } from './rest.ts'
import { World } from './world.ts'

export interface Result {
  readonly plan: Plan
  /** What went wrong, in sentences; empty: nothing. */
  readonly breaches: readonly string[]
  /** Equal for two runs of one plan. */
  readonly hash: string
  readonly messages: number
  readonly virtualMs: number
  readonly counts: ReadonlyMap<string, number>
  readonly endings: ReadonlyMap<string, number>
  readonly lines: readonly string[]
}

const startMsMax = 20_000
const calmMsMax = 60_000
const finalTrafficMs = 1_500
const callMsMax = 3_000
const lastingMsMax = 20_000
const stepMs = 200
/** Messages that a node may cause in a second at rest: gossip with three others about twice a second, and comparisons. */
const messagesPerSecondMax = 80

export function run(plan: Plan, options: { keepsLines?: boolean } = {}): Result {
  const world = new World(plan, options)
  try {
    phases(world)
  } catch (error) {
    world.oracle.breach(`thrown: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  }
  const { oracle, hash, network, now, counts, traffic, lines } = world
  for (const node of world.running) world.count('refutations', node.membership.sightings.refutations)
  world.count('provisional coordination', world.coordination.provisional)
  return {
    plan,
    breaches: oracle.breaches,
    hash,
    messages: network.messages,
    virtualMs: now,
    counts,
    endings: traffic.endings,
    lines,
  }
}

function phases(world: World): void {
  const { plan, schedule, chaos, traffic, oracle } = world
  const isBroken = () => oracle.breaches.length > 0
  const wait = (ms: number) => !schedule.runUntil(world.now + ms, isBroken)
  for (const name of world.seedNames) world.start(name)
  if (!settle(world, 'at the start', startMsMax)) return
  oracle.isStrict = true
  world.isChaos = true
  traffic.start()
  chaos.begin()
  if (!wait(plan.chaosMs)) return
  world.isChaos = false
  chaos.end()
  world.say('healed')
  if (!wait(1_000)) return
  traffic.stop()
  if (!wait(callMsMax) || !settle(world, 'after the chaos', calmMsMax)) return
  oracle.isStrict = true
  for (const history of oracle.histories) history.hideAll()
  traffic.start()
  if (!wait(finalTrafficMs)) return
  traffic.stop()
  if (!wait(callMsMax) || !settle(world, 'in the end', calmMsMax)) return
  traffic.readAll()
  if (!wait(callMsMax)) return
  calm(world)
}

/** settle waits until the fleet is at rest. */
function settle(world: World, when: string, msMax: number): boolean {
  const { schedule, oracle } = world
  const giveUpAt = world.now + msMax
  for (;;) {
    if (schedule.runUntil(world.now + stepMs, () => oracle.breaches.length > 0)) return false
    const wrong = unrest(world)
    if (wrong === undefined) break
    if (world.now < giveUpAt) continue
    oracle.breach(`no rest ${when}: ${wrong}`)
    return false
  }
  const wrong = lost(world)
  if (wrong === undefined) return true
  oracle.breach(`${when}: ${wrong}`)
  return false
}

/** calm checks that a fleet at rest is quiet, and still at rest a while later. */
function calm(world: World): void {
  const { network, schedule, oracle, running } = world
  const seconds = 3
  const before = network.messages
  schedule.runUntil(world.now + seconds * 1_000)
  const rate = (network.messages - before) / seconds / running.length
  if (rate > messagesPerSecondMax) oracle.breach(`${Math.round(rate)} messages per node and second at rest`)
  // Copies that expire do so at slightly different times in different places, so a comparison may find them differing.
  settle(world, 'that lasts', lastingMsMax)
}
