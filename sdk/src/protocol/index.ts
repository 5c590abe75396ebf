export type {
  ByteCommand,
  Command,
  Condition,
  ConditionFailed,
  DeleteCommand,
  Deleted,
  GetCommand,
  Hit,
  Miss,
  MissReason,
  Outcome,
  OutcomeOf,
  SetCommand,
  Version,
  Written,
} from './command.ts'
export { missReasons } from './command.ts'
export {
  type ErrorCode,
  type ErrorEntry,
  type ErrorFacts,
  errorTable,
  isErrorCode,
  type Problem,
  problemOf,
  RingholdError,
} from './errors.ts'
export * from './frames/index.ts'

export {
  defaultContentType,
  errorOf,
  etagOf,
  type HttpReply,
  type HttpRequest,
  headerNames,
  keyPath,
  outcomeOf,
  parseEtags,
  requestOf,
} from './http.ts'
export {
  checkCacheName,
  checkContentType,
  checkKey,
  checkKeyBytes,
  checkTtlMs,
  isUtf8,
  isWellFormed,
  utf8Length,
} from './key.ts'
export {
  batchBytesMax,
  batchCommandsMax,
  conditionVersionsMax,
  defaultLimits,
  type Limits,
  ttlMsMax,
} from './limits.ts'
export { isOnRing, readTopology, ringOf, type Topology, type TopologyMember } from './topology.ts'
