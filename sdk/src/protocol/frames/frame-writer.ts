/**
 * A writer appends frames to one growing buffer, which leaves in one write to the socket: no buffer per frame.
 *
 *      begin ─► u8, u16, …, text, raw ─► end        end fills in the length
 *
 * Numbers are stored byte by byte, which the engine turns into plain stores: no DataView, no allocation.
 *
 * With `memory`, what does not fit into the buffer that it keeps is written to a lent one, which handOver() passes on.
 */
import { headBytes, lengthBytes } from './layout.ts'

const capacityUsual = 16_384
/** A buffer that a burst made larger than this is not kept. */
const capacityKept = 1_048_576
const two32 = 4_294_967_296
/** From so many code units on the engine's encoder beats a loop, for all that the call costs (measured on Node 20 and 24). */
const encoderFrom = 40
const encoder = new TextEncoder()

/** WriterMemory lends the larger buffers of a writer. */
export interface WriterMemory {
  /** take lends `bytes` or more. */
  take(bytes: number): Uint8Array
  /** takeOrWait lends `bytes` or more; undefined: there are none now, and whoever writes is told when it is worth going on. */
  takeOrWait(bytes: number): Uint8Array | undefined
  give(bytes: Uint8Array): void
}

/** HandedOver is what was written, in a buffer that is to be given back when it is used up. */
export interface HandedOver {
  readonly bytes: Uint8Array
  readonly buffer: Uint8Array
}

export class FrameWriter {
  readonly #memory: WriterMemory | undefined
  /** The buffer that it keeps, and the one that is written to: the same, or a lent one. */
  #kept: Uint8Array
  #bytes: Uint8Array
  #length = 0
  #start = 0

  /** `capacity` is that of the buffer it keeps. Without `memory` it allocates what it needs. */
  constructor(capacity: number = capacityUsual, memory?: WriterMemory) {
    this.#memory = memory
    this.#kept = new Uint8Array(capacity)
    this.#bytes = this.#kept
  }

  /** length is how many bytes are written. */
  get length(): number {
    return this.#length
  }

  /** bytes is what was written: a view that is good until the next write. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** buffer is what bytes are written to; the next write may replace it by a larger one. */
  get buffer(): Uint8Array {
    return this.#bytes
  }

  /** isLent tells whether what is written lies in lent memory. */
  get isLent(): boolean {
    return this.#bytes !== this.#kept
  }

  /** handOver passes on what was written to lent memory, and goes on with the buffer that it keeps. */
  handOver(): HandedOver {
    const { bytes, buffer } = this
    this.#bytes = this.#kept
    this.#length = 0
    return { bytes, buffer }
  }

  /** take hands over what was written, for good, and starts with a new buffer. Not for lent memory. */
  take(): Uint8Array {
    const { bytes } = this
    this.#keep(new Uint8Array(capacityUsual))
    return bytes
  }

  /** clear forgets what was written. */
  clear(): void {
    this.#length = 0
    if (this.isLent) this.#memory?.give(this.handOver().buffer)
    else if (this.#bytes.length > capacityKept) this.#keep(new Uint8Array(capacityUsual))
  }

  /** begin starts a frame and makes room for a body of `bytes`. */
  begin(type: number, id: number, flags: number, bytes = 0): void {
    this.reserve(headBytes + bytes)
    const at = this.#length
    const buffer = this.#bytes
    this.#start = at
    buffer[at + 4] = id
    buffer[at + 5] = id >>> 8
    buffer[at + 6] = id >>> 16
    buffer[at + 7] = id >>> 24
    buffer[at + 8] = type
    buffer[at + 9] = flags
    this.#length = at + headBytes
  }

  /** end closes the frame that was begun. */
  end(): void {
    const at = this.#start
    const buffer = this.#bytes
    const length = this.#length - at - lengthBytes
    buffer[at] = length
    buffer[at + 1] = length >>> 8
    buffer[at + 2] = length >>> 16
    buffer[at + 3] = length >>> 24
  }

  /** reserve makes room for `bytes` more. The fields below need room that was reserved. */
  reserve(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#bytes.length) return
    if (this.#memory === undefined) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
      larger.set(this.bytes)
      this.#kept = larger
      this.#bytes = larger
    } else this.#moveTo(this.#memory.take(needed))
  }

  /** reserveOrWait is reserve for what can wait: false, and nothing has changed, where the memory has no room now. */
  reserveOrWait(bytes: number): boolean {
    const needed = this.#length + bytes
    if (needed <= this.#bytes.length || this.#memory === undefined) {
      this.reserve(bytes)
      return true
    }
    const larger = this.#memory.takeOrWait(needed)
    if (larger !== undefined) this.#moveTo(larger)
    return larger !== undefined
  }

  u8(value: number): void {
    this.#bytes[this.#length++] = value
  }

  u16(value: number): void {
    this.#bytes[this.#length++] = value
    this.#bytes[this.#length++] = value >>> 8
  }

  u32(value: number): void {
    this.u16(value)
    this.u16(value >>> 16)
  }

  /** u53 writes a whole number up to 2^53 − 1; anything else becomes the number that reads as NaN. */
  u53(value: number): void {
    const isWhole = Number.isSafeInteger(value) && value >= 0
    this.u32(isWhole ? value : 0xffff_ffff)
    this.u32(isWhole ? Math.floor(value / two32) : 0xffff_ffff)
  }

  /** latin1 writes one byte for each character. */
  latin1(text: string): void {
    const buffer = this.#bytes
    let at = this.#length
    for (let index = 0; index < text.length; index++) buffer[at++] = text.charCodeAt(index)
    this.#length = at
  }

  /** utf8 writes a text of well-formed UTF-16; reserve three bytes for each of its code units. Returns how many it wrote. */
  utf8(text: string): number {
    const buffer = this.#bytes
    const start = this.#length
    let at = start
    for (let index = 0; index < text.length; index++) {
      let code = text.charCodeAt(index)
      if (code < 0x80) {
        buffer[at++] = code
        continue
      }
      if (code < 0x800) {
        buffer[at++] = 0xc0 | (code >>> 6)
      } else {
        if (code >= 0xd800 && code < 0xdc00) {
          code = 0x10000 + ((code - 0xd800) << 10) + (text.charCodeAt(++index) - 0xdc00)
          buffer[at++] = 0xf0 | (code >>> 18)
          buffer[at++] = 0x80 | ((code >>> 12) & 0x3f)
        } else buffer[at++] = 0xe0 | (code >>> 12)
        buffer[at++] = 0x80 | ((code >>> 6) & 0x3f)
      }
      buffer[at++] = 0x80 | (code & 0x3f)
    }
    this.#length = at
    return at - start
  }

  /** text is utf8 for what may be longer. */
  text(text: string): void {
    if (text.length < encoderFrom) this.utf8(text)
    else this.#length += encoder.encodeInto(text, this.#bytes.subarray(this.#length)).written
  }

  raw(bytes: Uint8Array): void {
    // An array whose buffer was transferred away has no bytes, and set() would throw in the middle of a frame.
    if (bytes.length === 0) return
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** skip leaves out `bytes` that were reserved, for somebody else to fill in; it returns where they begin in the buffer. */
  skip(bytes: number): number {
    const at = this.#length
    this.#length += bytes
    return at
  }

  #moveTo(larger: Uint8Array): void {
    larger.set(this.bytes)
    if (this.isLent) this.#memory?.give(this.#bytes)
    this.#bytes = larger
  }

  #keep(buffer: Uint8Array): void {
    this.#kept = buffer
    this.#bytes = buffer
    this.#length = 0
  }

  /** patchU16 replaces a number that was written at a place before its value was known. */
  patchU16(at: number, value: number): void {
    this.#bytes[at] = value
    this.#bytes[at + 1] = value >>> 8
  }
}
