/**
 * KeysAhead goes through the commands that have come but are not read yet, for whoever can prepare for them. What it
 * cannot make out it leaves out: readCommand is what judges.
 */
import { FrameKey } from './frame-key.ts'
import type { FrameReader } from './frame-reader.ts'
import type { Names } from './names.ts'

/** framesAheadMax is how many frames are looked at. */
export const framesAheadMax = 32

export class KeysAhead {
  /** How many frames were visited last. */
  frames = 0
  /** The keys of these frames, in their order; those that have none, or one that cannot be made out, have an empty one. */
  readonly keys: readonly FrameKey[] = Array.from({ length: framesAheadMax }, () => new FrameKey())

  /** visit finds the keys of the frame in which the reader stands and the ones after it, as far as they are whole in its chunk. */
  visit(reader: FrameReader, names: Names): void {
    const [first] = this.keys as readonly [FrameKey]
    first.find(names, reader.bytes, reader.type, reader.at, reader.end)
    const { chunk } = reader
    let frames = 1
    reader.ahead((type, body, end) => {
      if (frames === framesAheadMax) return false
      const key = this.keys[frames++] as FrameKey
      key.find(names, chunk, type, body, end)
      return true
    })
    this.frames = frames
  }
}
