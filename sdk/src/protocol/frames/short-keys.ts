/**
 * ShortKeys lends the bytes of keys that are used up before the next command is read: a copy of a short one into memory that
 * is used again takes a third of the time of making a view, and leaves nothing to collect.
 */
import type { FrameReader } from './frame-reader.ts'

/** Longer keys are views of what was received. */
const bytesMax = 64

export class ShortKeys {
  readonly #lent: (Uint8Array | undefined)[] = new Array(bytesMax + 1).fill(undefined)

  /** read reads a key of `length` bytes; they are good until the next one of that length is read. */
  read(reader: FrameReader, length: number): Uint8Array {
    if (length > bytesMax) return reader.view(length)
    const key = this.#lent[length] ?? new Uint8Array(length)
    this.#lent[length] = key
    reader.into(key)
    return key
  }
}
