/** The parts that move and compare entries, made for one node. */
import type { Core } from './core.ts'
import { Differences } from './differences.ts'
import { Evictions } from './evictions.ts'
import { FetchedKeys } from './fetched-keys.ts'
import { type Acceptance, Intake } from './intake.ts'
import { Needs } from './needs.ts'
import type { DataParts, Holdings } from './parts.ts'
import { Pulls } from './pulls.ts'
import { Repair } from './repair.ts'
import { Shelf } from './shelf.ts'
import { Standing } from './standing.ts'
import { Strays } from './strays.ts'
import { Sync } from './sync.ts'

export type PartsFactory = (around: { core: Core; holdings: Holdings }) => DataParts

export const dataParts: PartsFactory = ({ core, holdings }) => {
  const standing = new Standing(core)
  const intake = new Intake(core)
  const differences = new Differences(core)
  const evictions = new Evictions(core, holdings)
  const fetched = new FetchedKeys()
  const needs = new Needs({ core, holdings, differences, evictions, fetched })
  const pulls = new Pulls({
    core,
    intake,
    lacks: (place, stamp, pull) => needs.lacks(place, stamp, pull),
    accepts: (place, copy, pull) => needs.accepts(place, copy, pull),
  })
  const acceptsFetched: Acceptance = (place, copy) => needs.acceptsFetched(place, copy)
  const sync = new Sync({ core, standing, holdings, pulls, intake, fetched, acceptsFetched })
  const repair = new Repair({ core, standing, holdings, sync, pulls, differences })
  sync.onClaimed = (tokens) => repair.claimed(tokens)
  intake.onHigher = (token) => repair.outgrew(token)
  const strays = new Strays({ core, standing, holdings, intake })
  const shelf = new Shelf({ core, standing, holdings, sync, pulls, repair, differences, needs })
  return { sync, repair, strays, evictions, shelf }
}
