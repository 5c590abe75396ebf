/**
 * KeysAhead goes through the commands that have come but are not read yet, for whoever can prepare for them. What it
 * cannot make out it leaves out: readCommand is what judges.
 */
import type { FrameReader } from './frame-reader.ts'
import { commandHeadBytes, frameTypes } from './layout.ts'
import type { Names } from './names.ts'

export class KeysAhead {
  /** The key that is visited: from `from` to `to` in `bytes`. */
  bytes: Uint8Array = new Uint8Array(0)
  from = 0
  to = 0
  cache = ''
  readonly #reader: FrameReader
  readonly #names: Names
  #left = 0

  constructor(reader: FrameReader, names: Names) {
    this.#reader = reader
    this.#names = names
  }

  /** visit calls `next` for every key of the frame in which the reader stands and the ones after it, `max` frames in all; it returns how many frames those were. */
  visit(max: number, next: () => void): number {
    const reader = this.#reader
    this.bytes = reader.bytes
    if (this.#find(reader.type, reader.at, reader.end)) next()
    this.#left = max - 1
    this.bytes = reader.chunk
    reader.ahead((type, body, end) => {
      if (this.#left === 0) return false
      this.#left--
      if (this.#find(type, body, end)) next()
      return true
    })
    return max - this.#left
  }

  #find(type: number, body: number, end: number): boolean {
    if (type < frameTypes.get || type > frameTypes.delete || body + commandHeadBytes > end) return false
    const { bytes } = this
    const cacheChars = bytes[body] as number
    const keyBytes = (bytes[body + 2] as number) | ((bytes[body + 3] as number) << 8)
    const at = body + commandHeadBytes
    this.from = at + cacheChars
    this.to = this.from + keyBytes
    if (this.to > end) return false
    const cache = this.#names.known(bytes, at, cacheChars)
    if (cache === undefined) return false
    this.cache = cache
    return true
  }
}
