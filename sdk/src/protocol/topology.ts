/** The topology: what a client needs to compute the ring for itself. */

import type { Status } from '../membership/index.ts'
import { Ring } from '../ring/index.ts'

export interface TopologyMember {
  readonly name: string
  /** Advertised URL for clients, without a trailing slash. */
  readonly url: string
  readonly status: Status
  readonly incarnation: number
  readonly zone: string
  readonly weight: number
}

/** Topology is the body of GET /v1/topology. Its ETag changes with anything in it. */
export interface Topology {
  readonly fleet: string
  readonly ringSeed: number
  /** Owners per token. */
  readonly copies: number
  readonly tokens: number
  /** Checksum of the ring. */
  readonly ring: string
  /** The node that answers. */
  readonly node: string
  /** Every member that the node remembers, in order of names; the alive and the suspect ones make the ring. */
  readonly members: readonly TopologyMember[]
}

/** isOnRing tells whether a member of this status owns tokens. */
export function isOnRing(status: Status): boolean {
  return status === 'alive' || status === 'suspect'
}

/** ringOf computes the ring of a topology. */
export function ringOf(topology: Pick<Topology, 'members' | 'ringSeed' | 'copies'>): Ring {
  const members = topology.members.filter(({ status }) => isOnRing(status))
  return new Ring({ members, seed: topology.ringSeed, copies: topology.copies })
}
