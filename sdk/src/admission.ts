import { RingholdError } from './protocol/index.ts'

/** Admission bounds what is under way in a client: calls, and bytes of values on their way to nodes. */
export class Admission {
  readonly #callsMax: number
  readonly #bytesMax: number
  #calls = 0
  #bytes = 0

  constructor(callsMax: number, bytesMax: number) {
    this.#callsMax = callsMax
    this.#bytesMax = bytesMax
  }

  get calls(): number {
    return this.#calls
  }

  get bytes(): number {
    return this.#bytes
  }

  /** enter takes room for a call. Throws RINGHOLD_QUEUE_FULL where there is none; a lone call always has room for its bytes. */
  enter(bytes: number): void {
    if (this.#calls >= this.#callsMax) throw queueFull(`${this.#calls} calls are under way`)
    if (this.#bytes > 0 && this.#bytes + bytes > this.#bytesMax) throw queueFull(`${this.#bytes} bytes are under way`)
    this.#calls++
    this.#bytes += bytes
  }

  /** leave gives back the room of a call that has entered. */
  leave(bytes: number): void {
    this.#calls--
    this.#bytes -= bytes
  }
}

function queueFull(detail: string): RingholdError {
  return new RingholdError('RINGHOLD_QUEUE_FULL', { detail })
}
