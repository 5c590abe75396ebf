/** Whether nodes agree: pure, over the topologies that they gave. */
import type { Status } from '@ringhold/sdk/membership'
import type { Topology } from '@ringhold/sdk/protocol'
import { byName } from './survey.ts'

export interface Agreement {
  readonly agree: boolean
  /** The checksum that all share; undefined when there are several, or no views. */
  readonly ring: string | undefined
  /** A sentence for each thing that they see differently. */
  readonly differences: readonly string[]
}

/** agreementOf compares rings and what each view says of each member. */
export function agreementOf(views: readonly Topology[]): Agreement {
  const names = [...new Set(views.flatMap((view) => view.members.map(({ name }) => name)))].sort(byName)
  const rings = groupBy(views, (view) => view.ring)
  const differences = rings.size > 1 ? [`the rings differ: ${groupsText(rings, 'at')}`] : []
  for (const name of names) {
    const statuses = groupBy(views, (view) => heldStatus(view, name))
    if (statuses.size > 1) differences.push(`${name} is ${groupsText(statuses, 'to')}`)
  }
  return {
    agree: views.length > 0 && differences.length === 0,
    ring: rings.size === 1 ? views[0]?.ring : undefined,
    differences,
  }
}

/** isSettled tells whether exactly the expected nodes answered, hold each other alive and share one ring. */
export function isSettled(expected: readonly string[], views: readonly Topology[]): boolean {
  const answered = new Set(views.map(({ node }) => node))
  return (
    expected.every((name) => answered.has(name)) &&
    new Set(views.map(({ ring }) => ring)).size === 1 &&
    views.every((view) => expected.every((name) => statusIn(view, name) === 'alive'))
  )
}

/** statusIn is the status that a view gives a member; undefined where it does not know the name. */
export function statusIn(view: Topology, name: string): Status | undefined {
  return view.members.find((member) => member.name === name)?.status
}

/**
 * A node that came later never met those who were gone by then, so dead, left and unknown are all the same: gone. They
 * mean the same to the ring, too.
 */
function heldStatus(view: Topology, name: string): Status | 'gone' {
  const status = statusIn(view, name)
  return status === undefined || status === 'dead' || status === 'left' ? 'gone' : status
}

function groupBy(views: readonly Topology[], keyOf: (view: Topology) => string): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const view of views) groups.set(keyOf(view), [...(groups.get(keyOf(view)) ?? []), view.node])
  return groups
}

function groupsText(groups: ReadonlyMap<string, string[]>, preposition: string): string {
  return [...groups].map(([what, nodes]) => `${what} ${preposition} ${nodes.sort(byName).join(', ')}`).join('; ')
}
