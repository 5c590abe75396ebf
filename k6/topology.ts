/**
 * The topology as a node publishes it, and the ring computed from it: the SDK's own ring, the very file.
 *
 * k6 runs no requests while it loads a script, so `setup` fetches the topology once and hands it, as plain JSON, to
 * every virtual user, which computes the ring for itself.
 */
import http from 'k6/http'
import { Ring } from '../sdk/src/ring/index.ts'
import { nodes } from './settings.ts'

/** Topology is what the scripts need of the body of GET /v1/topology. */
export interface Topology {
  readonly ringSeed: number
  readonly copies: number
  /** Checksum of the ring, by the node that answered. */
  readonly ring: string
  readonly members: readonly {
    readonly name: string
    readonly url: string
    readonly status: string
    readonly zone: string
    readonly weight: number
  }[]
}

/** fetchTopology asks the nodes in turn until one answers. */
export function fetchTopology(): Topology {
  for (const url of nodes) {
    const reply = http.get(`${url}/v1/topology`, { tags: { name: 'GET /v1/topology', op: 'topology' } })
    if (reply.status === 200 && typeof reply.body === 'string') return JSON.parse(reply.body) as Topology
  }
  throw new Error(`no node answers at ${nodes.join(', ')}; start a fleet (npm start) or set NODES`)
}

/** ringOf computes the ring of a topology from its alive and suspect members. */
export function ringOf(topology: Topology): Ring {
  return new Ring({ members: onRing(topology), seed: topology.ringSeed, copies: topology.copies })
}

/** onRing lists the members that own tokens. */
export function onRing(topology: Topology): Topology['members'] {
  return topology.members.filter(({ status }) => status === 'alive' || status === 'suspect')
}
