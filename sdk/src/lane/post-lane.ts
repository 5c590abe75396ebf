/**
 * The POST lane of a node: the frames of a stream as the bodies of requests, where connections cannot be upgraded.
 *
 *      submit ─► queue ─► POST /v1/commands      what comes while all connections are busy goes with the next request
 *
 * A request that was cancelled by all who waited for it is dropped, and so makes room for the next.
 */
import { type Dispatcher, Pool } from 'undici'
import {
  batchCommandsMax,
  errorOf,
  FrameWriter,
  framesContentType,
  type Hello,
  type HttpReply,
  type Limits,
  RingholdError,
  writeCommand,
  writeHello,
} from '../protocol/index.ts'
import { Answers, type AnswersOptions } from './answers.ts'
import type { Attempt, Carrier, Lane, Unanswered } from './attempt.ts'
import { brokenOff, misunderstood } from './broken-off.ts'
import { CollectedReply } from './collected-reply.ts'
import { Slots, slotsMax } from './slots.ts'

export interface PostLaneOptions {
  readonly url: string
  readonly connectionsMax: number
  readonly connectTimeoutMs: number
  readonly limits: Limits
  readonly onRing: (ring: string) => void
  readonly onHello?: ((hello: Hello) => void) | undefined
}

/** A body is closed when it is so long: the largest command still fits into what a node takes. */
const bodyBytesHigh = 1_048_576
/** Longest body of a reply that is no frames. */
const problemBytesMax = 65_536

export class PostLane implements Lane {
  readonly #options: PostLaneOptions
  readonly #pool: Pool
  #queue: Attempt[] = []
  #sweepAt = slotsMax
  #active = 0
  #isScheduled = false

  constructor(options: PostLaneOptions) {
    this.#options = options
    const { url, connectionsMax, connectTimeoutMs } = options
    // Deadlines are those of the commands, which are exact where these timers are coarse.
    const timeouts = { connect: { timeout: connectTimeoutMs }, headersTimeout: 0, bodyTimeout: 0 }
    this.#pool = new Pool(url, { ...timeouts, connections: connectionsMax })
  }

  submit(attempt: Attempt): void {
    if (this.#queue.length >= this.#sweepAt) this.#sweep()
    this.#queue.push(attempt)
    this.#flushSoon()
  }

  async close(): Promise<void> {
    await this.#pool.close()
  }

  async destroy(): Promise<void> {
    await this.#pool.destroy()
  }

  /** At the end of this turn: what is submitted in it goes together, and what is cancelled in it does not go. */
  #flushSoon(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      this.#flush()
    })
  }

  /** Those under way are bounded by the executor; those that were cancelled are not. */
  #sweep(): void {
    this.#queue = this.#queue.filter(({ isCancelled }) => !isCancelled)
    this.#sweepAt = Math.max(slotsMax, 2 * this.#queue.length)
  }

  #flush(): void {
    while (this.#queue.length > 0 && this.#active < this.#options.connectionsMax) this.#post()
  }

  #post(): void {
    const { limits } = this.#options
    const writer = new FrameWriter()
    const slots = new Slots()
    writeHello(writer, { limits, name: '', ring: '' })
    let taken = 0
    for (const attempt of this.#queue) {
      if (slots.size === batchCommandsMax || writer.length > bodyBytesHigh) break
      taken++
      if (attempt.isCancelled) continue
      const id = slots.take(attempt)
      writeCommand(writer, attempt.command, { id, isDirect: attempt.isDirect })
    }
    this.#queue = this.#queue.slice(taken)
    if (slots.size > 0) this.#send(writer.take(), slots)
  }

  #send(body: Uint8Array, slots: Slots): void {
    this.#active++
    const { limits } = this.#options
    const post = new Post({ ...this.#options, slots, valueBytesMax: limits.valueBytesMax, onEnd: () => this.#ended() })
    this.#pool.dispatch({ method: 'POST', path: '/v1/commands', headers, body }, post)
  }

  #ended(): void {
    this.#active--
    this.#flushSoon()
  }
}

const headers = { 'content-type': framesContentType }

interface PostOptions extends Omit<AnswersOptions, 'onGoodbye'> {
  readonly url: string
  /** Called once when the request is over. */
  readonly onEnd: () => void
}

/** Post is one request with its commands. Answers are handed out as they come. */
class Post implements Dispatcher.DispatchHandler, Carrier {
  readonly #options: PostOptions
  readonly #answers: Answers
  #controller: Dispatcher.DispatchController | undefined
  /** A reply that is no frames. */
  readonly #problem = new CollectedReply(problemBytesMax)
  #isOver = false

  constructor(options: PostOptions) {
    this.#options = options
    this.#answers = new Answers({ ...options, onGoodbye: () => {} })
    for (const attempt of options.slots.all()) attempt.carrier = this
  }

  /** When nobody waits any more, the request makes room for the next. */
  left(): void {
    if (this.#options.slots.isAwaited) return
    this.#controller?.abort(aborted)
    this.#end(undefined)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#isOver) controller.abort(aborted)
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: HttpReply['headers']): void {
    this.#problem.begin(status, headers)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#isOver) return
    try {
      if (this.#isOfFrames()) this.#answers.receive(chunk)
      else if (!this.#problem.add(chunk)) throw this.#unknown()
    } catch (error) {
      if (!(error instanceof RingholdError)) throw error
      this.#end(misunderstood(this.#options.url, error))
      controller.abort(aborted)
    }
  }

  onResponseEnd(): void {
    if (this.#isOfFrames()) {
      this.#end(brokenOff(this.#options.url, { isSent: true, cause: new Error('answers are missing') }))
    } else {
      const error = errorOf(this.#problem.whole())
      this.#end({ type: 'reply', error, ring: error.facts.ring })
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    this.#end(brokenOff(this.#options.url, { isSent: this.#controller !== undefined, cause }))
  }

  #isOfFrames(): boolean {
    const { status, headers } = this.#problem
    return status === 200 && headers['content-type'] === framesContentType
  }

  #unknown(): RingholdError {
    const detail = `a node answered ${this.#problem.status} without a known code`
    return new RingholdError('RINGHOLD_BAD_REPLY', { detail })
  }

  #end(failure: Unanswered | undefined): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const attempt of this.#options.slots.clear()) {
      if (!attempt.isCancelled && failure !== undefined) attempt.fail(failure)
    }
    this.#options.onEnd()
  }
}

const aborted = new Error('nobody waits for the answers any more')
