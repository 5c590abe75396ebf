export { Cache, type DeleteOptions, type Entry, type SetEntry, type SetOptions, type SetResult } from './cache.ts'
export { Ringhold } from './client.ts'
export type { CallOptions, ClientStats, ClientStatus } from './engine.ts'
export type { RingholdEvents } from './events.ts'
export type { NodeStats } from './fleet.ts'
export type { AddressMap, RingholdOptions } from './options.ts'
export { RingholdPartialError } from './partial-error.ts'
export {
  type ErrorCode,
  type ErrorFacts,
  errorTable,
  isErrorCode,
  RingholdError,
  type Topology,
  type TopologyMember,
  type Version,
} from './protocol/index.ts'
