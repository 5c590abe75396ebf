/**
 * The open streams of one listener: what concerns all of them at once. A second's look finds those that are dead
 * without having closed: nothing heard (clients ping when they have nothing to say), no greeting, answers not read.
 */
import type { Duplex } from 'node:stream'
import { CommandStream } from './command-stream.ts'
import type { Face } from './face.ts'
import { TurnClock } from './turn-clock.ts'

/** StreamPatience is how long things may take, in milliseconds. */
export interface StreamPatience {
  /** Until the other side has greeted. */
  readonly greetingMs: number
  /** Without a byte from the other side, which pings four times in this time. */
  readonly silenceMs: number
  /** Without the other side taking any of the answers that lie ready for it. */
  readonly stuckMs: number
  /** Between two looks: limits are late by that at most. */
  readonly lookMs: number
}

export const defaultStreamPatience: StreamPatience = {
  greetingMs: 10_000,
  silenceMs: 60_000,
  stuckMs: 10_000,
  lookMs: 1_000,
}

export interface StreamsOptions {
  readonly face: Face
  readonly patience?: StreamPatience
  /** Milliseconds on the monotonic clock. Default: performance.now. */
  readonly now?: () => number
}

export class Streams {
  readonly #face: Face
  readonly #patience: StreamPatience
  readonly #now: () => number
  readonly #turns = new TurnClock()
  readonly #open = new Set<CommandStream>()
  #looks: NodeJS.Timeout | undefined
  #isClosing = false

  constructor({ face, patience = defaultStreamPatience, now = () => performance.now() }: StreamsOptions) {
    this.#face = face
    this.#patience = patience
    this.#now = now
  }

  /** size is how many are open. */
  get size(): number {
    return this.#open.size
  }

  /** unsentBytes is what lies ready for those who have not read it yet. */
  get unsentBytes(): number {
    let bytes = 0
    for (const stream of this.#open) bytes += stream.unsentBytes
    return bytes
  }

  /** add makes a stream of a socket that was upgraded; `head` is what came behind the request already. */
  add(socket: Duplex, head: Uint8Array): void {
    const stream = new CommandStream({ socket, face: this.#face, turns: this.#turns, now: this.#now }, head)
    this.#open.add(stream)
    this.#looks ??= setInterval(() => this.#look(), this.#patience.lookMs).unref()
    socket.on('close', () => {
      this.#open.delete(stream)
      if (this.#open.size > 0) return
      clearInterval(this.#looks)
      this.#looks = undefined
    })
    if (this.#isClosing) stream.conversation.sayGoodbye()
  }

  /** tellRing passes on that the node has another ring. */
  tellRing(ring: string): void {
    for (const { conversation } of this.#open) conversation.tellRing(ring)
  }

  /** sayGoodbye asks everybody to send nothing more, and to close when they have their answers. */
  sayGoodbye(): void {
    this.#isClosing = true
    for (const { conversation } of this.#open) conversation.sayGoodbye()
  }

  /** destroy closes all that are open. */
  destroy(): void {
    for (const stream of this.#open) stream.destroy()
  }

  #look(): void {
    const now = this.#now()
    const { greetingMs, silenceMs, stuckMs } = this.#patience
    for (const stream of this.#open) {
      const isMute = stream.conversation.client === undefined && now - stream.openedMs > greetingMs
      if (isMute || stream.silentMs(now) > silenceMs || stream.stuckMs(now) > stuckMs) stream.destroy()
    }
  }
}
