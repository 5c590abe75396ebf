/** A reply as it comes in, collected within a bound. */
import type { HttpReply } from '../protocol/index.ts'

export class CollectedReply {
  readonly #bytesMax: number
  #status = 0
  #headers: HttpReply['headers'] = {}
  readonly #chunks: Uint8Array[] = []
  #bytes = 0

  /** `bytesMax` is the longest body. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get status(): number {
    return this.#status
  }

  get headers(): HttpReply['headers'] {
    return this.#headers
  }

  /** begin takes the head. */
  begin(status: number, headers: HttpReply['headers']): void {
    this.#status = status
    this.#headers = headers
  }

  /** add takes a piece of the body; false where the body is too long with it. */
  add(chunk: Uint8Array): boolean {
    this.#bytes += chunk.byteLength
    if (this.#bytes > this.#bytesMax) return false
    this.#chunks.push(chunk)
    return true
  }

  /** whole returns the reply when all of it is there. */
  whole(): HttpReply {
    const [first = noBytes] = this.#chunks
    const body = this.#chunks.length > 1 ? Buffer.concat(this.#chunks, this.#bytes) : first
    return { status: this.#status, headers: this.#headers, body }
  }
}

const noBytes = new Uint8Array(0)
