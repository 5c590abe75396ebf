/** FrameKey is the key of a command where it lies in the frame: without a view of it, for whoever needs to know no more of the command. */
import { commandHeadBytes, frameTypes } from './layout.ts'
import type { Names } from './names.ts'

export class FrameKey {
  cache = ''
  /** What the key lies in, from `from` to `to`. */
  bytes: Uint8Array = new Uint8Array(0)
  from = 0
  to = 0
  readonly #names: Names

  /** `names` are those that were read lately: a key of any other cache is not found. */
  constructor(names: Names) {
    this.#names = names
  }

  /** find takes the key of a frame whose body is here; false where it cannot be made out: readCommand is what judges. */
  find(bytes: Uint8Array, type: number, body: number, end: number): boolean {
    if (type < frameTypes.get || type > frameTypes.delete || body + commandHeadBytes > end) return false
    const cacheChars = bytes[body] as number
    const keyBytes = (bytes[body + 2] as number) | ((bytes[body + 3] as number) << 8)
    const at = body + commandHeadBytes
    const from = at + cacheChars
    if (from + keyBytes > end) return false
    const cache = this.#names.known(bytes, at, cacheChars)
    if (cache === undefined) return false
    this.cache = cache
    this.bytes = bytes
    this.from = from
    this.to = from + keyBytes
    return true
  }
}
