import type { Status } from '@ringhold/sdk/membership'
import { ringOf, type Topology } from '@ringhold/sdk/protocol'

/** topologyOf makes what a node answers that holds these statuses; its checksum is right. */
export function topologyOf(node: string, statuses: Readonly<Record<string, Status>>): Topology {
  const members = Object.entries(statuses).map(([name, status]) => ({
    name,
    url: `http://${name}.test`,
    status,
    incarnation: 1,
    zone: '',
    weight: 1,
  }))
  const facts = { fleet: 'test', ringSeed: 7, copies: 2, tokens: 16_384, node, members }
  return { ...facts, ring: ringOf(facts).checksum }
}
