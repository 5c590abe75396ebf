/**
 * A message feed takes the messages of one connection in, in slices: what comes in one read may be worth tens of
 * milliseconds of work, and clients and other peers have their turns in between.
 *
 *      socket ─► chunk ─► PeerReader ─► take, take, take … 5 ms ─ pause ─ the next turn ─► take …
 *
 * It is processor time that counts: where the machine is busy, a turn takes long by the clock whatever is done in it, and
 * who then did a fraction of its work in each would never be done.
 *
 * What moves entries reads as many bytes as it moves. Their memory goes back at once where a message is done with when it
 * is taken: left to the collector, it would come for them many times a second, and look through all of the heap each time.
 */
import type { Duplex } from 'node:stream'
import { RingholdError } from '@ringhold/sdk/protocol'
import type { PeerReader } from '../copies/wire/peer-reader.ts'
import { free } from '../free.ts'
import { sliceMs } from '../stream/conversation.ts'

/** Whether the bytes of a message are needed when it has been taken. */
export type Taken = 'done' | 'kept'

export interface MessageFeedOptions {
  readonly socket: Duplex
  readonly reader: PeerReader
  /** Takes the message in which the reader stands. */
  readonly take: () => Taken
  /** Called once, with what could not be read or was thrown by take; nothing is taken any more. */
  readonly fail: (error: RingholdError) => void
}

export class MessageFeed {
  readonly #options: MessageFeedOptions
  readonly #chunks: Uint8Array[] = []
  /** The chunk that is being read, and whether something of it is kept. */
  #chunk: Uint8Array | undefined
  #isKept = false
  #isPutOff = false
  #isHeld = false
  #isOver = false

  constructor(options: MessageFeedOptions) {
    this.#options = options
  }

  /** receive takes a chunk, for good. */
  receive(chunk: Uint8Array): void {
    // Not as a Buffer: its views take several times as long to make.
    this.#chunks.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length))
    if (!this.#isPutOff) this.#work(sliceMs)
  }

  /** finish takes all that is left, at once: nothing more comes. */
  finish(): void {
    this.#work(Number.POSITIVE_INFINITY)
    this.#isOver = true
  }

  /** hold stops reading from the socket, until release(). */
  hold(): void {
    this.#isHeld = true
    this.#options.socket.pause()
  }

  release(): void {
    this.#isHeld = false
    if (!this.#isPutOff) this.#options.socket.resume()
  }

  #work(forMs: number): void {
    const endsAt = performance.now() + forMs
    const begun = process.cpuUsage()
    try {
      while (!this.#isOver && this.#next()) {
        this.#take()
        if (performance.now() > endsAt && cpuMs(begun) > forMs) {
          this.#putOff()
          return
        }
      }
    } catch (error) {
      if (!(error instanceof RingholdError)) throw error
      this.#isOver = true
      this.#options.fail(error)
    }
  }

  /** Goes to the next message; false when all that came is used up. */
  #next(): boolean {
    const { reader } = this.#options
    for (;;) {
      if (this.#chunk !== undefined) {
        if (reader.next()) return true
        if (!this.#isKept) free(this.#chunk)
      }
      this.#chunk = this.#chunks.shift()
      this.#isKept = false
      if (this.#chunk === undefined) return false
      reader.feed(this.#chunk)
    }
  }

  #take(): void {
    const { reader, take } = this.#options
    const { bytes } = reader
    const taken = take()
    if (bytes === this.#chunk) this.#isKept ||= taken === 'kept'
    else if (taken === 'done') free(bytes)
  }

  #putOff(): void {
    if (this.#isPutOff) return
    this.#isPutOff = true
    this.#options.socket.pause()
    setImmediate(() => {
      this.#isPutOff = false
      this.#work(sliceMs)
      if (!this.#isPutOff && !this.#isHeld) this.#options.socket.resume()
    })
  }
}

function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1_000
}
