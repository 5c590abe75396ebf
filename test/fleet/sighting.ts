/**
 * When real processes see what became of a member, and what that means on this machine: a machine that is busy with
 * something else is late with everything, so each bound has as much added as the answers meanwhile were late.
 */
import type { NodeStats } from '@ringhold/cache-node'
import { patienceMs, waitUntil } from '#chaos/wait-until.js'
import { type NodeProcess, statusAt } from './node-process.ts'

export interface Sighting {
  /** Milliseconds until the last one saw it. */
  readonly ms: number
  /** The slowest answer meanwhile, in milliseconds: how late a process of this machine may be. */
  readonly latestMs: number
  /** The most that a node multiplied its timeouts by, since it was late itself. */
  readonly stretch: number
}

const everyMs = 20
/** Turns of processes from a member's end to the answer that tells of it: its own, a neighbour's, another's, the asker's. */
const turns = 4

/** sighting waits until each of the nodes sees the member in one of the statuses. */
export async function sighting(
  nodes: readonly NodeProcess[],
  member: string,
  statuses: readonly string[],
  since: number,
): Promise<Sighting> {
  let latestMs = 0
  let stretch = 1
  const ask = async (node: NodeProcess): Promise<boolean> => {
    const asked = performance.now()
    const status = await statusAt(node, member).finally(() => {
      latestMs = Math.max(latestMs, performance.now() - asked)
    })
    if (statuses.includes(status ?? '')) return true
    const { gossip } = (await (await fetch(`${node.url}/v1/stats`)).json()) as NodeStats
    stretch = Math.max(stretch, gossip.stretch)
    return false
  }
  const times = nodes.map(async (node) => {
    await waitUntil(`${node.name} sees ${member} ${statuses.join(' or ')}`, patienceMs, () => ask(node), everyMs)
    return performance.now() - since
  })
  const ms = Math.round(Math.max(...(await Promise.all(times))))
  return { ms, latestMs: Math.round(latestMs), stretch }
}

/** within is a bound on a machine that answers as late as this one did. */
export function within(boundMs: number, { latestMs }: Sighting): number {
  return boundMs + turns * latestMs
}

export function described({ ms, latestMs, stretch }: Sighting): string {
  return `${ms} ms (the slowest answer took ${latestMs} ms, timeouts were stretched by ${stretch})`
}
