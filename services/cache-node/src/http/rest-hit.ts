/** A REST hit takes the value of a hit into the memory that it is sent from: lent where it is large. */
import type { ServerResponse } from 'node:http'
import type { HitSink } from '../core/hit-sink.ts'
import type { Room } from '../stream/room.ts'

/** Smaller values get memory of their own: they cost the garbage collector less than room costs. */
const lentBytesMin = 16_384
const nowhere = new Uint8Array(0)

export class RestHit implements HitSink {
  target: Uint8Array = nowhere
  at = 0
  length = 0
  contentType = ''
  version = 0
  expiresAt: number | undefined = undefined
  now = 0
  /** The reply that the next hit is for. */
  response: ServerResponse | undefined
  readonly #room: Room

  constructor(room: Room) {
    this.#room = room
  }

  onFound(): void {
    const { length } = this
    this.target = length < lentBytesMin ? new Uint8Array(length) : this.#borrow(length)
  }

  /** take hands over the value, and forgets it. Lent memory goes back when the reply is sent, or its connection is gone. */
  take(): Uint8Array {
    const value = this.target
    this.target = nowhere
    if (this.#room.owns(value)) this.response?.once('close', () => this.#room.give(value))
    return value
  }

  #borrow(bytes: number): Uint8Array {
    const { response } = this
    const tenant = { roomy: () => {}, evicted: () => void response?.destroy() }
    return this.#room.takeNow(bytes, tenant) ?? new Uint8Array(bytes)
  }
}
