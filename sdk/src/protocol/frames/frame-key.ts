/** FrameKey is the key of a command where it lies in the frame: without a view of it, for whoever needs to know no more of the command. */
import { commandHeadBytes, frameTypes } from './layout.ts'
import type { Names } from './names.ts'

const nothing = new Uint8Array(0)

/** Where a frame lies: its body from `at` to `end`. */
interface Frame {
  readonly bytes: Uint8Array
  readonly at: number
  readonly end: number
}

export class FrameKey {
  cache = ''
  /** What the key lies in, from `from` to `to`; both are 0 where none was found. */
  bytes: Uint8Array = nothing
  from = 0
  to = 0
  /** Whether the command writes. */
  isWrite = false
  /** Of the key, once somebody has computed it; -1 before. */
  token = -1
  /** What a store that looks ahead knows it by; -1: none does. */
  ticket = -1

  /** find takes the key of a frame whose body is here; none where it cannot be made out: readCommand is what judges. */
  find(names: Names, bytes: Uint8Array, type: number, body: number, end: number): void {
    this.from = 0
    this.to = 0
    this.token = -1
    this.ticket = -1
    if (type < frameTypes.get || type > frameTypes.delete || body + commandHeadBytes > end) return
    const cacheChars = bytes[body] as number
    const keyBytes = (bytes[body + 2] as number) | ((bytes[body + 3] as number) << 8)
    const at = body + commandHeadBytes
    const from = at + cacheChars
    if (from + keyBytes > end) return
    this.isWrite = type !== frameTypes.get
    this.cache = names.textOf(bytes, at, cacheChars)
    // The garbage collector has to be told of each array of a read that a lasting object is given.
    if (this.bytes !== bytes) this.bytes = bytes
    this.from = from
    this.to = from + keyBytes
  }

  /** isIn tells whether it is the key of the frame at whose body a reader stands. */
  isIn({ bytes, at, end }: Frame): boolean {
    return this.bytes === bytes && this.from >= at + commandHeadBytes && this.to <= end
  }

  /** isAllOf tells whether there is nothing behind it in that frame besides. */
  isAllOf(frame: Frame): boolean {
    return this.to === frame.end && this.isIn(frame)
  }
}
