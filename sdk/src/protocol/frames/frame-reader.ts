/**
 * A reader finds the frames in the chunks of a stream, wherever the chunks are cut.
 *
 *      chunk   │ frame │ frame │ fra            a frame within one chunk is read where it lies, without a copy;
 *      chunk   me │ frame │ frame │             one across chunks is put together in a buffer of its own
 *
 * After next() the reader stands in the body of a frame, and its fields are read in their order. It keeps at most one
 * frame, in two steps: a small buffer until that is full of what came, then one of the right size. So a length that is only
 * announced costs next to nothing. What is wrong throws one error of the given code; the reader is of no use then.
 *
 * With `room`, memory is lent instead of allocated, and a frame is good only until the next one, or release().
 */
import { type ErrorCode, RingholdError } from '../errors.ts'
import { headBytes, lengthBytes } from './layout.ts'

export interface FrameReaderOptions {
  /** Longest frame; a longer one is an error as soon as its length is read. */
  readonly frameBytesMax: number
  /** Code of the errors: whose fault a bad frame is depends on the side. */
  readonly fault: ErrorCode
  /** Lends the memory for large frames across chunks. Default: each gets memory of its own, for as long as somebody needs it. */
  readonly room?: FrameRoom
}

/** FrameRoom lends memory for the frames of one reader, one at a time. */
export interface FrameRoom {
  /** take lends `bytes`; undefined: there are none now, and whoever reads is told when it is worth going on. */
  take(bytes: number): Uint8Array | undefined
  give(bytes: Uint8Array): void
}

/** The first step, where each frame gets memory of its own. */
const firstBytes = 65_536
/** The first step otherwise: it is kept from frame to frame. */
const smallBytesMin = 256
const smallBytesMax = 4_096
const two32 = 4_294_967_296
const two21 = 2_097_152
const none = new Uint8Array(0)

export class FrameReader {
  id = 0
  type = 0
  flags = 0
  /** The bytes in which the frame lies, from `at` (which fields move on) to `end`. */
  bytes: Uint8Array = none
  at = 0
  end = 0
  readonly #options: FrameReaderOptions
  #chunk: Uint8Array = none
  #chunkAt = 0
  /** The memory of the chunk: asking an array for it takes longer than to make a view of it. */
  #chunkBuffer: ArrayBufferLike = none.buffer
  #chunkOffset = 0
  /** A frame that is not whole yet, and how much of it there is. */
  #partial: Uint8Array | undefined
  #partialLength = 0
  /** With room: the first step, which is kept for the next frame, and what is lent. */
  #small: Uint8Array = none
  #lent: Uint8Array | undefined
  #isWaiting = false

  constructor(options: FrameReaderOptions) {
    this.#options = options
  }

  /** feed adds a chunk. The one before must be used up: next() has returned false. */
  feed(chunk: Uint8Array): void {
    // Nothing of what was read stays with a connection that rests.
    if (chunk.length === 0) this.bytes = none
    this.#chunk = chunk
    this.#chunkAt = 0
    this.#chunkBuffer = chunk.buffer
    this.#chunkOffset = chunk.byteOffset
  }

  /** next goes to the next frame; false when it needs another chunk for that, or room. */
  next(): boolean {
    if (this.#lent !== undefined && this.#partial === undefined) this.release()
    if (this.#partial !== undefined) return this.#nextAcrossChunks()
    const left = this.#chunk.length - this.#chunkAt
    if (left < lengthBytes) return this.#begin(lengthBytes)
    const bytes = lengthBytes + this.#lengthAt(this.#chunk, this.#chunkAt)
    if (left < bytes) return this.#begin(bytes)
    this.#open(this.#chunk, this.#chunkAt, bytes)
    this.#chunkAt += bytes
    return true
  }

  /** ahead visits the whole frames that follow in the chunk, up to where `visit` returns false. The reader stays where it is. */
  ahead(visit: (type: number, body: number, end: number) => boolean): void {
    if (this.#partial !== undefined) return
    const { length } = this.#chunk
    for (let at = this.#chunkAt; at + headBytes <= length; ) {
      const end = at + lengthBytes + u32At(this.#chunk, at)
      if (end < at + headBytes || end > length || !visit(this.#chunk[at + 8] as number, at + headBytes, end)) return
      at = end
    }
  }

  /** chunk is what was fed last. */
  get chunk(): Uint8Array {
    return this.#chunk
  }

  /** keepChunk copies what is left of the chunk, whose memory is to be used again. */
  keepChunk(): void {
    this.feed(this.#chunk.slice(this.#chunkAt))
  }

  /** unread is how many bytes of the chunk are not used up. */
  get unread(): number {
    return this.#chunk.length - this.#chunkAt
  }

  /** isWaiting tells whether it is room that next() needs. */
  get isWaiting(): boolean {
    return this.#isWaiting
  }

  /** release gives back the memory of the frame in which the reader stands. */
  release(): void {
    if (this.#lent === undefined || this.#partial !== undefined) return
    this.#options.room?.give(this.#lent)
    this.#lent = undefined
  }

  /** keep lets what is left of the frame be good for as long as its chunk: memory that is used again is left for that. */
  keep(): void {
    if (this.#lent === undefined && this.bytes !== this.#small) return
    this.bytes = this.bytes.slice(this.at, this.end)
    this.end -= this.at
    this.at = 0
    this.release()
  }

  /** close gives back all memory that is lent. The reader is of no use then. */
  close(): void {
    this.#partial = undefined
    this.#chunk = none
    this.#chunkAt = 0
    this.release()
  }

  /** finish tells that the stream is over. Throws when it ended within a frame. */
  finish(): void {
    if (this.#partial !== undefined || this.unread > 0) throw this.bad('it ends within a frame')
  }

  u8(): number {
    this.#need(1)
    return this.bytes[this.at++] as number
  }

  u16(): number {
    this.#need(2)
    const { bytes, at } = this
    this.at = at + 2
    return (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
  }

  u32(): number {
    this.#need(4)
    this.at += 4
    return u32At(this.bytes, this.at - 4)
  }

  /** u53 reads a whole number, or NaN where it was none. */
  u53(): number {
    this.#need(8)
    const low = u32At(this.bytes, this.at)
    const high = u32At(this.bytes, this.at + 4)
    this.at += 8
    return high < two21 ? high * two32 + low : Number.NaN
  }

  /** view reads `length` bytes, without a copy. */
  view(length: number): Uint8Array {
    this.#need(length)
    const { at } = this
    this.at = at + length
    // Half the time of subarray(), which asks for the species of the array.
    if (this.bytes === this.#chunk) return new Uint8Array(this.#chunkBuffer, this.#chunkOffset + at, length)
    return this.bytes.subarray(at, this.at)
  }

  /** rest reads all that is left of the frame, without a copy. */
  rest(): Uint8Array {
    return this.view(this.end - this.at)
  }

  /** latin1 reads `length` bytes as characters. */
  latin1(length: number): string {
    this.#need(length)
    let text = ''
    for (const end = this.at + length; this.at < end; this.at++)
      text += String.fromCharCode(this.bytes[this.at] as number)
    return text
  }

  /** done checks that the whole frame was read. */
  done(): void {
    if (this.at !== this.end) throw this.bad(`it has ${this.end - this.at} bytes too many`)
  }

  /** bad makes the error of a frame that cannot be read. */
  bad(detail: string): RingholdError {
    return new RingholdError(this.#options.fault, { detail: `a frame of type ${this.type} cannot be read: ${detail}` })
  }

  #need(bytes: number): void {
    if (this.at + bytes > this.end) throw this.bad('it is too short')
  }

  #open(bytes: Uint8Array, start: number, length: number): void {
    // The garbage collector has to be told of each array of a read that a lasting object is given.
    if (this.bytes !== bytes) this.bytes = bytes
    this.id = u32At(bytes, start + 4)
    this.type = bytes[start + 8] as number
    this.flags = bytes[start + 9] as number
    this.at = start + headBytes
    this.end = start + length
  }

  #lengthAt(bytes: Uint8Array, at: number): number {
    const length = u32At(bytes, at)
    if (length < headBytes - lengthBytes || length > this.#options.frameBytesMax) {
      const detail = `a frame of ${length} bytes: at least ${headBytes - lengthBytes} and at most ${this.#options.frameBytesMax} are allowed`
      throw new RingholdError(this.#options.fault, { detail })
    }
    return length
  }

  /** Begins to put a frame together of what is left of the chunk. */
  #begin(bytes: number): boolean {
    if (this.unread === 0) return false
    this.#partial = this.#small
    this.#partialLength = 0
    return this.#has(bytes) && this.#nextAcrossChunks()
  }

  #nextAcrossChunks(): boolean {
    if (!this.#has(lengthBytes)) return false
    const bytes = lengthBytes + this.#lengthAt(this.#partial as Uint8Array, 0)
    if (!this.#has(bytes)) return false
    const whole = this.#partial as Uint8Array
    this.#partial = undefined
    this.#open(whole, 0, bytes)
    return true
  }

  /** Whether the first `bytes` of the frame are there; takes what there is of them. */
  #has(bytes: number): boolean {
    if (this.#partialLength >= bytes) return true
    const have = Math.min(bytes, this.#partialLength + this.unread)
    if (have > (this.#partial as Uint8Array).length && !this.#grow(have, bytes)) return false
    this.#take(this.#partial as Uint8Array, have - this.#partialLength)
    return have === bytes
  }

  /** Makes room for what there is of a frame: the first step, or all of it at once. */
  #grow(have: number, bytes: number): boolean {
    const { room } = this.#options
    let larger: Uint8Array | undefined
    if (room === undefined) larger = new Uint8Array(have > firstBytes ? bytes : Math.min(bytes, firstBytes))
    else if (have <= smallBytesMax) {
      larger = new Uint8Array(Math.min(smallBytesMax, Math.max(smallBytesMin, bytes)))
      this.#small = larger
    } else {
      larger = room.take(bytes)
      this.#lent = larger
    }
    this.#isWaiting = larger === undefined
    if (larger === undefined) return false
    larger.set((this.#partial as Uint8Array).subarray(0, this.#partialLength))
    this.#partial = larger
    return true
  }

  #take(into: Uint8Array, wanted: number): void {
    const count = Math.min(wanted, this.unread)
    into.set(this.#chunk.subarray(this.#chunkAt, this.#chunkAt + count), this.#partialLength)
    this.#chunkAt += count
    this.#partialLength += count
  }
}

function u32At(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  )
}
