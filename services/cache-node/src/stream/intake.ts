/** An intake finds the frames in the chunks of one connection, and gives the memory of each chunk back when it is used up. */
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

  constructor(reader: FrameReader) {
    this.#reader = reader
  }

  /** receive takes a chunk, for good. */
  receive(chunk: Uint8Array): void {
    // Not as a Buffer: its views, one for each key, take several times as long to make.
    this.#chunks.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length))
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

  #usedUp(chunk: Uint8Array): void {
    freeRead(chunk, this.commands - this.#commandsBefore)
    this.#commandsBefore = this.commands
  }
}
