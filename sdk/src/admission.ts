import { RingholdError } from './protocol/index.ts'
import { type Bell, ring } from './scope.ts'

/** Admission bounds what is under way in a client: calls, and bytes of values on their way to nodes. */
export class Admission {
  /** Rung when nothing is under way any more. */
  readonly idle: Bell = new Set()
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

  /** isLone tells whether exactly one call is under way. */
  get isLone(): boolean {
    return this.#calls === 1
  }

  get bytes(): number {
    return this.#bytes
  }

  /** hasRoomFor tells whether one more call may enter. The bytes of one always have room where there are no others. */
  hasRoomFor(bytes: number): boolean {
    return this.#calls < this.#callsMax && (bytes === 0 || this.#bytes === 0 || this.#bytes + bytes <= this.#bytesMax)
  }

  /** enter takes room for a call. Throws RINGHOLD_QUEUE_FULL where there is none. */
  enter(bytes: number): void {
    if (!this.hasRoomFor(bytes)) {
      const isFull = this.#calls >= this.#callsMax
      throw queueFull(isFull ? `${this.#calls} calls are under way` : `${this.#bytes} bytes are under way`)
    }
    this.#calls++
    this.#bytes += bytes
  }

  /** leave gives back the room of a call that has entered. */
  leave(bytes: number): void {
    this.#bytes -= bytes
    if (--this.#calls === 0 && this.idle.size > 0) ring(this.idle)
  }
}

function queueFull(detail: string): RingholdError {
  return new RingholdError('RINGHOLD_QUEUE_FULL', { detail })
}
