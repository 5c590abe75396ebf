/** What nodes use to pass commands on to each other: the streams of the client, without its router. */
export { type Attempt, type Carrier, cancel, type Unanswered } from './attempt.ts'
export { StreamLane, type StreamLaneOptions } from './stream-lane.ts'
export { keepTicksFast } from './ticks.ts'
export { type Upgraded, type UpgradeOptions, upgrade } from './upgrade.ts'
