/** A node that stands still, as a paused machine does, and wakes up believing that no time has passed. */
import { setTimeout as pause } from 'node:timers/promises'
import { getAt, setAt } from '../direct.ts'
import type { Fleet } from '../fleet.ts'
import type { Operation } from '../operation.ts'
import type { Scenario } from '../scenario.ts'
import { waitUntil } from '../wait-until.ts'
import { keysOf, sizeOf, traffic, wait } from './play.ts'

const entries = 2_000
const probesAtOnce = 8
const probeForMs = { short: 2_000, long: 4_000 }
const deadWithinMs = 60_000

export const freeze: Scenario = {
  name: 'freeze',
  title: 'one node is frozen and wakes again, under load',
  async play(stage) {
    const fleet = await stage.fleet({ size: sizeOf(stage, 3) })
    const keys = keysOf(entries)
    const filler = await stage.client(fleet.urls)
    const filled = await stage.fill(filler, keys)
    const zombie = fleet.node(2)
    const own = keys.filter((key) => filler.sdk.ownerOf(key) === zombie.name)
    const { stop } = await traffic(stage, fleet, { keys })
    await wait(stage, 1, 20)
    zombie.signal('SIGSTOP')
    await waitUntil('the others hold the frozen node dead', deadWithinMs, () => isDead(fleet, zombie.name))
    await wait(stage, 0, 25)
    // What reaches it while it sleeps lies in its sockets and is read the moment it wakes.
    const probing = probe(zombie.url, own, stage.isLong ? probeForMs.long : probeForMs.short)
    await pause(500)
    zombie.signal('SIGCONT')
    const answered = await probing
    const backMs = await fleet.settle()
    await wait(stage, 1, 20)
    const loaded = await stop()
    const operations = [...filled, ...answered, ...loaded]
    stage.figure('answeredByTheWoken', answered.filter(({ result }) => result === 'done').length)
    stage.figure('settledMs', Math.round(backMs))
    stage.figure('failed', loaded.filter(({ result }) => result !== 'done').length)
    stage.judgeHistory(operations)
    await stage.judgeEnd(fleet, keys, operations)
    await stage.judgeHoldings(fleet, entries)
  },
}

/** Whether every node but the frozen one, which does not answer, holds it dead. */
async function isDead(fleet: Fleet, name: string): Promise<boolean> {
  const others = await fleet.topologies(({ name: other }) => other !== name)
  return others.every(({ members }) => members.some((member) => member.name === name && member.status === 'dead'))
}

/** Asks the node itself, all the time, for what it coordinated; every answer that it gives is judged with the rest. */
async function probe(url: string, keys: readonly string[], forMs: number): Promise<Operation[]> {
  const end = performance.now() + forMs
  const operations: Operation[] = []
  const work = async (worker: number) => {
    for (let count = 0; performance.now() < end; count++) {
      const key = keys[(worker + count * probesAtOnce) % keys.length] as string
      const isRead = (worker + count) % 2 === 0
      const operation = await (isRead ? getAt(url, key) : setAt(url, key, `${key} probe:${worker}:${count}`))
      if (operation !== undefined) operations.push(operation)
      await pause(5)
    }
  }
  await Promise.all(Array.from({ length: probesAtOnce }, (_, worker) => work(worker)))
  return operations
}
