/**
 * An intake finds the frames in the chunks of one connection, and gives the memory of each chunk back when it is used up.
 * A chunk that is lent is read where it lies; only what is left of it, where no more may be read now, is copied.
 */
import type { FrameReader } from '@ringhold/sdk/protocol'
import { freeRead } from '../free.ts'

const nothing = new Uint8Array(0)

export class Intake {
  /** commands is how many were found so far; whoever takes one counts it. */
  commands = 0
  readonly #reader: FrameReader
  readonly #chunks: Uint8Array[] = []
  /** How many of the commands came before the chunk that is being read. */
  #commandsBefore = 0
  /** The chunk that is lent: the last one. */
  #lent: Uint8Array | undefined

  constructor(reader: FrameReader) {
    this.#reader = reader
  }

  /** receive takes a chunk, for good. */
  receive(chunk: Uint8Array): void {
    // Not as a Buffer: its views, one for each key, take several times as long to make.
    this.#add(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length))
  }

  /** lend takes a chunk, no Buffer, that is good until keep(). */
  lend(chunk: Uint8Array): void {
    this.#lent = chunk
    this.#add(chunk)
  }

  /** keep copies what is left of the chunk that is lent. */
  keep(): void {
    const lent = this.#lent
    this.#lent = undefined
    if (this.#chunks.length > 0) this.#chunks.push(new Uint8Array(this.#chunks.pop() as Uint8Array))
    else if (this.#reader.chunk === lent) this.#reader.keepChunk()
  }

  /** next goes to the next frame; false when there is none, or none that there is room for. */
  next(): boolean {
    const reader = this.#reader
    while (!reader.next()) {
      if (reader.isWaiting) return false
      this.#usedUp(reader.chunk)
      const chunk = this.#chunks.shift()
      reader.feed(chunk ?? nothing)
      if (chunk === undefined) return false
    }
    return true
  }

  /** hasMore tells whether something has come that is not taken yet. */
  hasMore(): boolean {
    return this.#chunks.length > 0 || this.#reader.unread > 0
  }

  /** clear lets go of what was not read yet, and of what the reader kept. */
  clear(): void {
    this.#chunks.length = 0
    this.#reader.close()
  }

  #add(chunk: Uint8Array): void {
    if (this.#chunks.length > 0 || this.#reader.chunk.length > 0) this.#chunks.push(chunk)
    else this.#reader.feed(chunk)
  }

  #usedUp(chunk: Uint8Array): void {
    if (chunk !== this.#lent) freeRead(chunk, this.commands - this.#commandsBefore)
    this.#commandsBefore = this.commands
  }
}
