/**
 * A large fleet that runs already. Letting a thousand processes join one by one costs a million records on the wire,
 * and is not what is to be measured: here each one reads the finished view from its seed, page by page, before the
 * network opens.
 */
import type { Effect } from '#node/membership/membership.js'
import { type FleetOptions, SimFleet, type SimProcess, urlOf } from './fleet.ts'

type Member = SimProcess['membership']['self']

const pageSize = 40

export function warmFleet(count: number, options: FleetOptions): SimFleet {
  const fleet = new SimFleet({ wire: false, ...options })
  const names = Array.from({ length: count }, (_, index) => `node-${String(index + 1).padStart(4, '0')}`)
  const processes = names.map((name) => fleet.create(name, { seeds: names.slice(0, 2).map(urlOf) }))
  const records = processes.map(({ membership: { self } }): Member => ({ ...self, status: 'alive' }))
  const later = processes.map((process) => join(process, records))
  for (const [index, process] of processes.entries()) {
    process.perform(later[index] ?? [])
    process.tickLater(fleet.random() * 100)
  }
  return fleet
}

/** Lets a process join by what a seed would say, and returns the effects that are left for the network. */
function join(process: SimProcess, records: readonly Member[]): Effect[] {
  const { membership } = process
  const from = records.find(({ name }) => name !== process.name) as Member
  const rest: Effect[] = []
  const todo = [...membership.start(0)]
  for (let effect = todo.shift(); effect; effect = todo.shift()) {
    if (effect.type !== 'exchange' || effect.message.type !== 'gossip' || !effect.message.page) {
      rest.push(effect)
      continue
    }
    const { after = '' } = effect.message.page
    const rumours = records
      .filter(({ name }) => name > after)
      .slice(0, pageSize)
      .map((member) => ({ member }))
    const last = rumours.at(-1)?.member.name
    const page = last === undefined || last === records.at(-1)?.name ? {} : { after: last }
    const message = { ...effect.message, from, rumours, heartbeats: [], page }
    todo.push(...membership.settled(effect.id, { type: 'reply', message }, 0))
  }
  return rest
}
