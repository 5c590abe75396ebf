/**
 * KeysAhead goes through the commands that have come but are not read yet, for whoever can prepare for them. What it
 * cannot make out it leaves out: readCommand is what judges.
 */
import { FrameKey } from './frame-key.ts'
import type { FrameReader } from './frame-reader.ts'
import type { Names } from './names.ts'

export class KeysAhead {
  readonly #reader: FrameReader
  readonly #key: FrameKey
  #left = 0

  constructor(reader: FrameReader, names: Names) {
    this.#reader = reader
    this.#key = new FrameKey(names)
  }

  /**
   * visit calls `next` for every key of the frame in which the reader stands and the ones after it, `max` frames in all; it
   * returns how many frames those were. The key is good until `next` returns.
   */
  visit(max: number, next: (key: FrameKey) => void): number {
    const reader = this.#reader
    const key = this.#key
    if (key.find(reader.bytes, reader.type, reader.at, reader.end)) next(key)
    this.#left = max - 1
    const { chunk } = reader
    reader.ahead((type, body, end) => {
      if (this.#left === 0) return false
      this.#left--
      if (key.find(chunk, type, body, end)) next(key)
      return true
    })
    return max - this.#left
  }
}
