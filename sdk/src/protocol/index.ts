export {
  type Accepted,
  type Ack,
  ackOf,
  type ByteCommand,
  type Command,
  type Condition,
  type ConditionFailed,
  type DeleteCommand,
  type Deleted,
  type GetCommand,
  type Hit,
  type Miss,
  type MissReason,
  missReasons,
  type Outcome,
  type OutcomeOf,
  type SetCommand,
  type Version,
  type Written,
} from './command.ts'
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
  headerNames,
  keyPath,
  parseEtags,
} from './http.ts'
export {
  checkCacheName,
  checkContentType,
  checkKey,
  checkKeyBytes,
  checkTtlMs,
  isTtlMs,
  isUtf8,
  isWellFormed,
  utf8BytesPerUnit,
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
