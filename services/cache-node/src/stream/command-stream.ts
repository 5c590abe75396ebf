/** A command stream is a conversation over a socket that was upgraded. */
import type { Duplex } from 'node:stream'
import { Conversation, type Face, type Port } from './conversation.ts'
import { directSocket } from './direct-socket.ts'
import type { TurnClock } from './turn-clock.ts'

/** A reader that is so many bytes behind gets no more answers before it has read. */
export const outputBytesHigh = 262_144
/** One that is so far behind, by answers to commands that had to wait, is cut off. */
export const outputBytesMax = 67_108_864

/** What is read goes here first, from whatever socket: a conversation is through with it when it returns. */
const reads = new Uint8Array(65_536)
/** After a large frame another one is likely: of that only so much is to come here, and the rest to where it belongs. */
const firstReads = reads.subarray(0, 4_096)
/** Answers of this size are copied rather than given away with their buffer where they have to wait. */
const copiedBytesMax = 4_096

export interface CommandStreamOptions {
  readonly socket: Duplex
  readonly face: Face
  readonly turns: TurnClock
  readonly now: () => number
}

export class CommandStream implements Port {
  readonly conversation: Conversation
  readonly openedMs: number
  readonly #socket: Duplex
  readonly #now: () => number
  #heardMs: number
  #isCareful = false
  /** Since when the other side has not read, though there is something for it. */
  #stuckSinceMs: number | undefined
  #stuckBytes = 0

  /** `head` is what came behind the upgrade request already. */
  constructor({ socket, face, turns, now }: CommandStreamOptions, head: Uint8Array) {
    this.#now = now
    this.openedMs = now()
    this.#heardMs = this.openedMs
    this.conversation = new Conversation({ face, port: this, turns, now })
    const direct = directSocket(socket, { target: () => this.#target(), filled: (...filled) => this.#filled(...filled) })
    this.#socket = direct?.socket ?? socket
    if (direct === undefined) socket.on('data', (chunk: Uint8Array) => this.#receive(chunk))
    this.#socket.on('drain', () => this.conversation.drained())
    this.#socket.on('end', () => this.conversation.finish())
    // What is wrong with a socket shows in its close, which always follows.
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => this.conversation.cut())
    this.conversation.greet()
    for (const chunk of [head, direct?.head]) if (chunk !== undefined && chunk.length > 0) this.#receive(chunk)
  }

  /** heardMs is when the last bytes came. */
  get heardMs(): number {
    return this.#heardMs
  }

  /** unsentBytes is what lies ready for the other side, beyond what the system has taken. */
  get unsentBytes(): number {
    return this.#socket.writableLength
  }

  /** stuckMs is for how long the other side has not read what was sent. */
  stuckMs(now: number): number {
    const { unsentBytes } = this
    if (unsentBytes === 0 || unsentBytes < this.#stuckBytes) this.#stuckSinceMs = undefined
    this.#stuckBytes = unsentBytes
    if (unsentBytes > 0) this.#stuckSinceMs ??= now
    return this.#stuckSinceMs === undefined ? 0 : now - this.#stuckSinceMs
  }

  send(bytes: Uint8Array, done?: () => void): boolean {
    const isCopied = done === undefined && bytes.length <= copiedBytesMax && this.unsentBytes > 0
    this.#socket.write(isCopied ? new Uint8Array(bytes) : bytes, done)
    const { unsentBytes } = this
    if (unsentBytes > outputBytesMax) this.destroy()
    return isCopied || unsentBytes === 0
  }

  isFull(): boolean {
    return this.unsentBytes > outputBytesHigh
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #receive(chunk: Uint8Array): void {
    this.#heardMs = this.#now()
    this.conversation.receive(chunk)
  }

  /** Where the next bytes are read to. */
  #target(): Uint8Array {
    const { target } = this.conversation
    if (target !== undefined) this.#isCareful = true
    return target ?? (this.#isCareful ? firstReads : reads)
  }

  #filled(count: number, target: Uint8Array): void {
    if (target.buffer === reads.buffer) {
      if (count === firstReads.length) this.#isCareful = false
      this.#receive(target.subarray(0, count))
      return
    }
    this.#heardMs = this.#now()
    this.conversation.filled(count)
  }
}
