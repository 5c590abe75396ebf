/**
 * A stream is one upgraded connection to a node: frames out, frames in, answers in any order.
 *
 *      submit ─► queue ─► one write        at once when the client has nothing else under way: a lone call pays no wait;
 *                                          else with all that comes in this turn of the event loop, or in portions of it
 *
 * What does not fit into the socket stays in the queue, where it can still be cancelled without having been sent. What the
 * system refuses goes back there: the connection has broken, which the system knows before the event loop tells. A stream
 * does not keep the process alive, and pings when it has nothing else to say: so both sides notice when the other one is gone.
 */
import type { Duplex } from 'node:stream'
import {
  FrameWriter,
  type Hello,
  type Limits,
  RingholdError,
  writeCommand,
  writeHello,
  writeSignal,
} from '../protocol/index.ts'
import { Answers } from './answers.ts'
import type { Attempt, Unanswered } from './attempt.ts'
import { brokenOff, misunderstood } from './broken-off.ts'
import { portionMin, portionOf } from './portion.ts'
import { Slots, slotsMax } from './slots.ts'
import type { Opened } from './upgrade.ts'

/** While so much waits in the socket, nothing more is written. */
const outputBytesHigh = 1_048_576
/** So much is put together for one write. */
const writeBytes = 262_144
/** How often a stream pings, and after how many of these times without a byte it is given up. */
export const pingMs = 15_000
const silentPingsMax = 2

export interface StreamOptions {
  readonly url: string
  readonly limits: Limits
  /** How many calls of the client are under way. Default: those of this stream. */
  readonly underWay?: (() => number) | undefined
  /** Called with the checksum of the node's ring: at first, and when it has changed. */
  readonly onRing: (ring: string) => void
  readonly onHello?: ((hello: Hello) => void) | undefined
  /** Called once when the stream takes nothing more: the node leaves, or the connection is closed. */
  readonly onGone: (stream: Stream) => void
}

export class Stream {
  readonly #options: StreamOptions
  readonly #socket: Duplex
  readonly #head: Uint8Array
  readonly #writer = new FrameWriter()
  readonly #slots = new Slots()
  readonly #answers: Answers
  readonly #pings: NodeJS.Timeout
  readonly #flushNow = () => {
    this.#isScheduled = false
    this.#flush()
  }
  #queue: Attempt[] = []
  #sweepAt = slotsMax
  #isScheduled = false
  #isGone = false
  #isClosing = false
  #silentPings = 0
  readonly #closed: Promise<void>

  constructor({ socket, head, listen }: Opened, options: StreamOptions) {
    this.#socket = socket
    this.#head = head
    this.#options = options
    this.#answers = new Answers({
      slots: this.#slots,
      valueBytesMax: options.limits.valueBytesMax,
      onRing: options.onRing,
      onHello: options.onHello,
      onGoodbye: () => this.#leave(),
    })
    this.#pings = setInterval(() => this.#ping(), pingMs).unref()
    listen((chunk) => this.#receive(chunk))
    socket.on('drain', () => this.#flush())
    socket.on('end', () => socket.destroy())
    socket.on('error', (cause) => this.#break(cause))
    this.#closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#break()
        resolve()
      })
    })
    writeHello(this.#writer, { limits: options.limits, name: '', ring: '' })
    this.#write()
  }

  /** begin reads what came together with the upgrade. That may be a goodbye: whoever keeps the stream must know it before. */
  begin(): void {
    if (this.#head.length > 0) this.#receive(this.#head)
  }

  /** load is how many attempts are under way. */
  get load(): number {
    return this.#slots.size + this.#queue.length
  }

  submit(attempt: Attempt): void {
    if (this.#isLone()) {
      // Past the queue: to empty an array takes the engine as long as to write the frame.
      this.#put(attempt)
      if (!this.#write()) this.#queue.push(this.#takenBack(attempt))
      return
    }
    if (this.#queue.length >= this.#sweepAt) this.#sweep()
    const queued = this.#queue.push(attempt)
    if (queued % portionMin === 0 && this.#isPortion(queued)) this.#flush()
    else if (!this.#isScheduled) {
      this.#isScheduled = true
      setImmediate(this.#flushNow)
    }
  }

  /** close resolves when all is answered and the connection is closed. */
  close(): Promise<void> {
    this.#leave()
    return this.#closed
  }

  /** destroy breaks the connection: what is under way fails. */
  destroy(): Promise<void> {
    this.#socket.destroy()
    return this.#closed
  }

  /** Whether what is submitted has no other to leave with. */
  #isLone(): boolean {
    return (
      this.load === 0 && !this.#isScheduled && this.#underWay() <= 1 && this.#socket.writableLength < outputBytesHigh
    )
  }

  #isPortion(commands: number): boolean {
    // What finds others in the socket would only wait there.
    return commands >= portionOf(this.#underWay()) && this.#socket.writableLength === 0
  }

  #underWay(): number {
    return this.#options.underWay?.() ?? this.load
  }

  #flush(): void {
    const queue = this.#queue
    let sent = 0
    let next = 0
    const slots = this.#slots
    while (next < queue.length && slots.hasRoom && this.#socket.writableLength < outputBytesHigh) {
      while (next < queue.length && slots.hasRoom && this.#writer.length < writeBytes)
        this.#put(queue[next++] as Attempt)
      if (!this.#write()) break
      sent = next
    }
    for (let at = sent; at < next; at++) this.#takenBack(queue[at] as Attempt)
    if (sent === queue.length) queue.length = 0
    else if (sent > 0) this.#queue = queue.slice(sent)
    if (!slots.hasRoom && !slots.isAwaited) this.#break(new Error(`${slotsMax} answers are outstanding`))
  }

  /** Those under way are bounded by the executor; those that were cancelled are not. */
  #sweep(): void {
    this.#queue = this.#queue.filter(({ isCancelled }) => !isCancelled)
    this.#sweepAt = Math.max(slotsMax, 2 * this.#queue.length)
  }

  #put(attempt: Attempt): void {
    if (attempt.isCancelled) return
    const id = this.#slots.take(attempt)
    writeCommand(this.#writer, attempt.command, { id, isDirect: attempt.isDirect })
  }

  /** An attempt that was put and not sent. */
  #takenBack(attempt: Attempt): Attempt {
    this.#slots.give(attempt.id)
    attempt.id = 0
    return attempt
  }

  /** Sends what was put; false where the system refuses it, of which it has taken nothing then. */
  #write(): boolean {
    if (this.#writer.length === 0) return true
    // The other side has ended it, of which the event loop tells later.
    if (this.#socket.destroyed) {
      this.#writer.clear()
      return false
    }
    this.#socket.write(this.#writer.bytes)
    // What the system has taken at once may be overwritten; what waits in the socket may not.
    if (this.#socket.writableLength === 0) this.#writer.clear()
    else this.#writer.take()
    return this.#socket.errored === null
  }

  #receive(chunk: Uint8Array): void {
    this.#silentPings = 0
    try {
      this.#answers.receive(chunk)
    } catch (error) {
      if (!(error instanceof RingholdError)) throw error
      this.#break(error)
    }
    // What had no room until something was answered.
    if (this.#queue.length > 0 && !this.#isScheduled) this.#flush()
    if (this.#isClosing) this.#endWhenDone()
  }

  #ping(): void {
    if (this.#silentPings++ >= silentPingsMax) {
      this.#break(new Error('the node is silent'))
      return
    }
    writeSignal(this.#writer, 'ping')
    this.#write()
  }

  /** Takes nothing more, and closes when all is answered. */
  #leave(): void {
    this.#isClosing = true
    this.#goneOnce()
    this.#endWhenDone()
  }

  #endWhenDone(): void {
    if (this.load === 0 && !this.#socket.writableEnded) this.#socket.end()
  }

  #goneOnce(): void {
    if (this.#isGone) return
    this.#isGone = true
    clearInterval(this.#pings)
    this.#options.onGone(this)
  }

  #break(cause?: Error): void {
    this.#socket.destroy()
    this.#goneOnce()
    const sent = this.#slots.clear()
    const queued = this.#queue
    this.#queue = []
    for (const attempt of sent) if (!attempt.isCancelled) attempt.fail(this.#failureOf(true, cause))
    for (const attempt of queued) if (!attempt.isCancelled) attempt.fail(this.#failureOf(false, cause))
  }

  #failureOf(isSent: boolean, cause: Error | undefined): Unanswered {
    const { url } = this.#options
    return isSent && cause instanceof RingholdError ? misunderstood(url, cause) : brokenOff(url, { isSent, cause })
  }
}
