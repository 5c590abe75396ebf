/** A REST hit takes the value of a hit into the memory that it is sent from: lent where it is large. */
import type { HitSink } from '../core/hit-sink.ts'
import type { Room, Tenant } from '../stream/room.ts'

/** Smaller values get memory of their own: they cost the garbage collector less than room costs, and never wait. */
const lentBytesMin = 16_384
const nowhere = new Uint8Array(0)
const nobody: Tenant = { roomy: () => {}, evicted: () => {} }

export class RestHit implements HitSink {
  target: Uint8Array = nowhere
  at = 0
  length = 0
  contentType = ''
  version = 0
  expiresAt: number | undefined = undefined
  now = 0
  /** Whom the next hit is for. */
  tenant: Tenant = nobody
  /** Whether there was no room for the value: then the command is to be executed again when the tenant is told so. */
  isPutOff = false
  readonly #room: Room

  constructor(room: Room) {
    this.#room = room
  }

  onFound(): void {
    const { length } = this
    const value = length < lentBytesMin ? new Uint8Array(length) : this.#room.take(length, this.tenant)
    this.isPutOff = value === undefined
    this.target = value ?? nowhere
  }

  /** take hands over the value, and forgets it. What the room owns is to be given back to it. */
  take(): Uint8Array {
    const value = this.target
    this.target = nowhere
    this.tenant = nobody
    return value
  }
}
