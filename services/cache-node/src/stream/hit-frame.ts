/** A hit frame takes hits from the store straight into the output of a conversation: the value is copied once, and nothing is left behind. */
import {
  type FrameWriter,
  frameOverheadBytesMax,
  RingholdError,
  writeError,
  writeHitHead,
} from '@ringhold/sdk/protocol'
import { type HitSink, ttlMsLeft } from '../core/hit-sink.ts'

const nowhere = new Uint8Array(0)
/** A larger value waits until there is room for it. */
const smallBytesMax = 16_384

export class HitFrame implements HitSink {
  target: Uint8Array = nowhere
  at = 0
  length = 0
  contentType = ''
  version = 0
  expiresAt: number | undefined = undefined
  now = 0
  ttlMs: number | undefined = undefined
  /** The command that the next hit answers. */
  id = 0
  /** The longest value that the client reads. */
  valueBytesMax = 0
  /** Whether there was no room for the value: then nothing is written, and the command is to be executed again when there is. */
  isPutOff = false
  readonly #writer: FrameWriter

  constructor(writer: FrameWriter) {
    this.#writer = writer
  }

  onFound(): void {
    this.isPutOff = false
    if (this.length > this.valueBytesMax) {
      this.target = nowhere
      writeError(this.#writer, this.id, tooLarge(this.length, this.valueBytesMax))
      return
    }
    this.isPutOff = this.length > smallBytesMax && !this.#writer.reserveOrWait(this.length + frameOverheadBytesMax)
    if (this.isPutOff) {
      this.target = nowhere
      return
    }
    this.ttlMs = ttlMsLeft(this.expiresAt, this.now)
    this.at = writeHitHead(this.#writer, this.id, this, this.length)
    this.target = this.#writer.buffer
  }
}

/** tooLarge is the error of a value that the client would refuse to read. */
export function tooLarge(valueBytes: number, valueBytesMax: number): RingholdError {
  const detail = `the value has ${valueBytes} bytes, more than the ${valueBytesMax} that this client reads`
  return new RingholdError('RINGHOLD_VALUE_TOO_LARGE', { detail })
}
