/** The topology: what a client needs to compute the ring for itself. */

import { type Status, statuses } from '../membership/index.ts'
import { maxMembers, maxWeight, Ring } from '../ring/index.ts'
import { RingholdError } from './errors.ts'

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

/** readTopology reads the body of GET /v1/topology. Throws RINGHOLD_BAD_REPLY for anything that is not a topology. */
export function readTopology(body: Uint8Array): Topology {
  let parsed: unknown
  try {
    parsed = JSON.parse(new TextDecoder().decode(body))
  } catch (cause) {
    throw new RingholdError('RINGHOLD_BAD_REPLY', { detail: 'the topology is not JSON', cause })
  }
  if (!isTopology(parsed)) throw new RingholdError('RINGHOLD_BAD_REPLY', { detail: 'the reply is not a topology' })
  return parsed
}

function isTopology(value: unknown): value is Topology {
  if (typeof value !== 'object' || value === null) return false
  const { fleet, ringSeed, copies, ring, node, members } = value as Partial<Record<keyof Topology, unknown>>
  return (
    [fleet, ring, node].every((text) => typeof text === 'string') &&
    Number.isInteger(ringSeed) &&
    isWholeFrom(1, copies) &&
    Array.isArray(members) &&
    members.length <= maxMembers &&
    members.every(isTopologyMember) &&
    new Set(members.map(({ name }: TopologyMember) => name)).size === members.length
  )
}

function isTopologyMember(value: unknown): value is TopologyMember {
  if (typeof value !== 'object' || value === null) return false
  const { name, url, status, zone, weight } = value as Partial<Record<keyof TopologyMember, unknown>>
  return (
    [name, url, zone].every((text) => typeof text === 'string') &&
    statuses.includes(status as Status) &&
    isWholeFrom(1, weight) &&
    (weight as number) <= maxWeight
  )
}

function isWholeFrom(least: number, value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= least
}
