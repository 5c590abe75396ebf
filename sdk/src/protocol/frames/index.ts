export {
  type HitHead,
  isAnswer,
  readAnswer,
  receiveAnswer,
  writeError,
  writeHitHead,
  writeOutcome,
} from './answer-frame.ts'
export { isCommand, readCommand, writeCommand } from './command-frame.ts'
export { FrameKey } from './frame-key.ts'
export { FrameReader, type FrameReaderOptions, type FrameRoom } from './frame-reader.ts'
export { FrameWriter, type HandedOver, type WriterMemory } from './frame-writer.ts'
export { framesAheadMax, KeysAhead } from './keys-ahead.ts'
export {
  frameFlags,
  frameOverheadBytesMax,
  framesContentType,
  frameTypes,
  protocolRelease,
  upgradeProtocol,
} from './layout.ts'
export { Names } from './names.ts'
export { type PlainSet, readPlainSet } from './plain-set.ts'
export { ReceivedHit } from './received-hit.ts'
export { type Hello, readHello, readRing, writeHello, writeRing, writeSignal } from './session-frames.ts'
