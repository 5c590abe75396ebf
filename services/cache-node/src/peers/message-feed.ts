/**
 * A message feed takes the messages of one connection in, in slices: what comes in one read may be worth tens of
 * milliseconds of work, and clients and other peers have their turns in between.
 *
 *      socket ─► chunk ─► PeerReader ─► take, take, take … 5 ms ─ pause ─ the next turn ─► take …
 *
 * It is processor time that counts: where the machine is busy, a turn takes long by the clock whatever is done in it, and
 * who then did a fraction of its work in each would never be done.
 *
 * What moves entries reads as many bytes as it moves. Their memory goes back at once where nothing of a chunk is needed when
 * it has been read: left to the collector, it would come for them many times a second, and look through all of the heap
 * each time.
 */
import type { Duplex } from 'node:stream'
import { RingholdError } from '@ringhold/sdk/protocol'
import type { PeerReader } from '../copies/wire/peer-reader.ts'
import { freeRead } from '../free.ts'
import { sliceMs } from '../stream/slice.ts'

export interface MessageFeedOptions {
  readonly socket: Duplex
  readonly reader: PeerReader
  /** Takes the message in which the reader stands. */
  readonly take: () => void
  /** Called once, with what could not be read or was thrown by take; nothing is taken any more. */
  readonly fail: (error: RingholdError) => void
}

export class MessageFeed {
  readonly #options: MessageFeedOptions
  readonly #chunks: Uint8Array[] = []
  /** The chunk that is being read. */
  #chunk: Uint8Array | undefined
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

  /** finish takes all that is left, at once, and closes the reader: nothing more comes. */
  finish(): void {
    this.#work(Number.POSITIVE_INFINITY)
    this.#isOver = true
    this.#options.reader.close()
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
    const { take } = this.#options
    const endsAt = performance.now() + forMs
    const begun = process.cpuUsage()
    try {
      while (!this.#isOver && this.#next()) {
        take()
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
        if (!reader.isKept) freeRead(this.#chunk, reader.copiesRead)
      }
      this.#chunk = this.#chunks.shift()
      if (this.#chunk === undefined) return false
      reader.feed(this.#chunk)
    }
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
