/** A command stream is a conversation over a socket that was upgraded. */
import type { Duplex } from 'node:stream'
import { lendReads } from '../lent-reads.ts'
import { Conversation } from './conversation.ts'
import type { Face } from './face.ts'
import type { Port } from './port.ts'
import type { TurnClock } from './turn-clock.ts'

/** One that is so far behind, by answers to commands that had to wait, is cut off. */
export const outputBytesMax = 67_108_864

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
  #isPaused = false
  #sentBytes = 0
  /** Since when the other side has not read, though there is something for it, and how much it had read then. */
  #stuckSinceMs: number | undefined
  #takenBytes = 0

  /** `head` is what came behind the upgrade request already. */
  constructor({ socket, face, turns, now }: CommandStreamOptions, head: Uint8Array) {
    this.#socket = socket
    this.#now = now
    this.openedMs = now()
    this.#heardMs = this.openedMs
    this.conversation = new Conversation({ face, port: this, turns, now })
    socket.on('data', (chunk: Uint8Array) => {
      this.#heardMs = this.#now()
      this.conversation.receive(chunk)
    })
    lendReads(socket, (chunk) => {
      this.#heardMs = this.#now()
      this.conversation.receiveLent(chunk)
    })
    socket.on('drain', () => this.conversation.drained())
    socket.on('end', () => this.conversation.finish())
    // What is wrong with a socket shows in its close, which always follows.
    socket.on('error', () => {})
    socket.on('close', () => this.conversation.cut())
    this.conversation.greet()
    if (head.length > 0) this.conversation.receive(head)
  }

  /** silentMs is for how long nothing has come from the other side. While this side does not read, nothing can. */
  silentMs(now: number): number {
    return this.#isPaused ? 0 : now - this.#heardMs
  }

  /** unsentBytes is what lies ready for the other side, beyond what the system has taken. */
  get unsentBytes(): number {
    return this.#socket.writableLength
  }

  /** stuckMs is for how long the other side has not read what was sent. */
  stuckMs(now: number): number {
    const { unsentBytes } = this
    // How much is unsent would not tell: as one answer leaves, the next comes, and often they have the same size.
    const takenBytes = this.#sentBytes - unsentBytes
    if (unsentBytes === 0 || takenBytes > this.#takenBytes) this.#stuckSinceMs = undefined
    this.#takenBytes = takenBytes
    if (unsentBytes > 0) this.#stuckSinceMs ??= now
    return this.#stuckSinceMs === undefined ? 0 : now - this.#stuckSinceMs
  }

  send(bytes: Uint8Array, done?: () => void): boolean {
    const isCopied = done === undefined && bytes.length <= copiedBytesMax && this.unsentBytes > 0
    let isUsedUp = isCopied
    this.#sentBytes += bytes.length
    if (done === undefined) this.#socket.write(isCopied ? new Uint8Array(bytes) : bytes)
    else
      this.#socket.write(bytes, () => {
        if (!isUsedUp) done()
      })
    const { unsentBytes } = this
    isUsedUp ||= unsentBytes === 0
    if (unsentBytes > outputBytesMax) this.destroy()
    return isUsedUp
  }

  isFull(bytes: number): boolean {
    return this.unsentBytes > bytes
  }

  pause(): void {
    this.#isPaused = true
    this.#socket.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#heardMs = this.#now()
    this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}
