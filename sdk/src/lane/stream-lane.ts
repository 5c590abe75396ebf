/**
 * The stream lane of a node: keeps its streams open, as long as there are commands for it. What is submitted while it
 * connects waits; when it cannot connect, what waits is refused at once, so that it can go elsewhere. After a failure the
 * next try waits for a random time, longer after each: a node that comes back is not stormed.
 */
import type { Hello, Limits } from '../protocol/index.ts'
import type { Attempt, Lane, Unanswered } from './attempt.ts'
import { brokenOff } from './broken-off.ts'
import { Stream } from './stream.ts'
import { type Opened, upgrade } from './upgrade.ts'

const backoffBaseMs = 25
const backoffMaxMs = 400
const closed = new Error('the connection is closed')
const leaving = new Error('the node takes no more connections')

export interface StreamLaneOptions {
  readonly url: string
  /** Streams to the node. */
  readonly streams: number
  readonly connectTimeoutMs: number
  readonly limits: Limits
  readonly underWay?: (() => number) | undefined
  readonly onRing: (ring: string) => void
  readonly onHello?: ((hello: Hello) => void) | undefined
  /** Called with what waits when somebody answers who does not upgrade. */
  readonly onDeclined: (waiting: readonly Attempt[], error: Error) => void
}

export class StreamLane implements Lane {
  readonly #options: StreamLaneOptions
  readonly #streams: Stream[] = []
  readonly #leaving = new Set<Stream>()
  readonly #abort = new AbortController()
  #waiting: Attempt[] = []
  #connecting = 0
  #failures = 0
  #isClosed = false

  constructor(options: StreamLaneOptions) {
    this.#options = options
  }

  /** isOpen tells whether a stream is open. */
  get isOpen(): boolean {
    return this.#streams.length > 0
  }

  /** connect opens a stream, unless there are as many as there should be, or one is being opened. */
  connect(): void {
    if (this.#streams.length + this.#connecting < this.#options.streams && !this.#isClosed) void this.#connect()
  }

  submit(attempt: Attempt): void {
    const stream = this.#streams.length > 1 ? this.#leastLoaded() : this.#streams[0]
    if (stream !== undefined) stream.submit(attempt)
    else if (this.#isClosed) queueMicrotask(() => attempt.fail(this.#refusal(closed)))
    else this.#waiting.push(attempt)
    this.connect()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#abort.abort()
    await Promise.all([...this.#streams, ...this.#leaving].map((stream) => stream.close()))
  }

  async destroy(): Promise<void> {
    this.#isClosed = true
    this.#abort.abort()
    this.#refuse(closed)
    await Promise.all([...this.#streams, ...this.#leaving].map((stream) => stream.destroy()))
  }

  #leastLoaded(): Stream {
    return this.#streams.reduce((least, stream) => (stream.load < least.load ? stream : least))
  }

  async #connect(): Promise<void> {
    this.#connecting++
    await this.#backOff()
    const { url, connectTimeoutMs } = this.#options
    const upgraded = await upgrade(url, { connectTimeoutMs, signal: this.#abort.signal, reusesChunks: true })
    this.#connecting--
    if (upgraded.type === 'upgraded') this.#open(upgraded)
    else {
      this.#failures++
      if (this.#streams.length > 0) return
      if (upgraded.type === 'failed' || this.#isClosed) this.#refuse(upgraded.error)
      else this.#options.onDeclined(this.#waiting.splice(0), upgraded.error)
    }
  }

  async #backOff(): Promise<void> {
    if (this.#failures === 0) return
    const longestMs = Math.min(backoffMaxMs, backoffBaseMs * 2 ** this.#failures)
    await new Promise<void>((resolve) => {
      setTimeout(resolve, Math.random() * longestMs).unref()
    })
  }

  #open(opened: Opened): void {
    const stream = new Stream(opened, { ...this.#options, onGone: (gone) => this.#lose(gone) })
    if (this.#isClosed) {
      this.#refuse(closed)
      void stream.destroy()
      return
    }
    this.#streams.push(stream)
    stream.begin()
    if (!this.#streams.includes(stream)) {
      this.#failures++
      if (this.#streams.length === 0) this.#refuse(leaving)
      return
    }
    this.#failures = 0
    for (const attempt of this.#waiting.splice(0)) stream.submit(attempt)
  }

  #lose(stream: Stream): void {
    const at = this.#streams.indexOf(stream)
    if (at >= 0) this.#streams.splice(at, 1)
    this.#leaving.add(stream)
    void stream.close().then(() => this.#leaving.delete(stream))
  }

  #refuse(cause: Error): void {
    const failure = this.#refusal(cause)
    for (const attempt of this.#waiting.splice(0)) if (!attempt.isCancelled) attempt.fail(failure)
  }

  #refusal(cause: Error): Unanswered {
    return brokenOff(this.#options.url, { isSent: false, cause })
  }
}
