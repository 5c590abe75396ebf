/** One HTTP request and its reply, read to the end within a bound, over a pool of kept-alive sockets. */
import type { Dispatcher, Pool } from 'undici'
import { type HttpReply, RingholdError } from '../protocol/index.ts'
import type { Unanswered } from './attempt.ts'
import { brokenOff } from './broken-off.ts'
import { CollectedReply } from './collected-reply.ts'

export interface ExchangeRequest {
  readonly method: 'GET'
  readonly path: string
  readonly headers: Record<string, string>
}

/** Wire is where an exchange takes place. */
export interface Wire {
  readonly url: string
  readonly pool: Pool
  /** Longest body of a reply. */
  readonly bytesMax: number
}

/** Exchanged is what became of a request. */
export type Exchanged = { readonly type: 'answered'; readonly reply: HttpReply } | Unanswered

export class HttpExchange implements Dispatcher.DispatchHandler {
  readonly #wire: Wire
  readonly #onEnd: (exchanged: Exchanged) => void
  #controller: Dispatcher.DispatchController | undefined
  #isOver = false
  readonly #reply: CollectedReply

  /** Sends the request; `onEnd` is called once, unless the exchange is aborted. */
  constructor(wire: Wire, request: ExchangeRequest, onEnd: (exchanged: Exchanged) => void) {
    this.#wire = wire
    this.#onEnd = onEnd
    this.#reply = new CollectedReply(wire.bytesMax)
    wire.pool.dispatch({ ...request, body: null }, this)
  }

  /** isSent tells whether the request has left the queue of the pool. */
  get isSent(): boolean {
    return this.#controller !== undefined
  }

  /** abort drops the request, and whatever comes of it. */
  abort(): void {
    this.#isOver = true
    this.#controller?.abort(aborted)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#isOver) controller.abort(aborted)
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: HttpReply['headers']): void {
    this.#reply.begin(status, headers)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#reply.add(chunk)) return
    const detail = `the reply has more than ${this.#wire.bytesMax} bytes`
    this.#end({ type: 'reply', error: new RingholdError('RINGHOLD_BAD_REPLY', { detail }), ring: undefined })
    controller.abort(aborted)
  }

  onResponseEnd(): void {
    this.#end({ type: 'answered', reply: this.#reply.whole() })
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    this.#end(brokenOff(this.#wire.url, { isSent: this.isSent, cause }))
  }

  #end(exchanged: Exchanged): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#onEnd(exchanged)
  }
}

const aborted = new Error('the call is over')
