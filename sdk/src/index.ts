export type { Cache, Entry, Lookup, SetResult } from './cache.ts'
export { Ringhold } from './client.ts'
export type { DeleteOptions, SetEntry, SetOptions } from './commands.ts'
export type { ClientStats, ClientStatus } from './engine.ts'
export type { RingholdEvents } from './events.ts'
export type { NodeStats } from './fleet.ts'
export type { AddressMap, CallOptions, RingholdOptions } from './options.ts'
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
