/**
 * A REST hit takes the value of a hit into what it is sent from:
 *
 *      up to 4 KiB     a text with one character for each byte: it leaves in one piece with the head of the reply, and no
 *                      memory outside the heap is made for the garbage collector to give back
 *      up to 16 KiB    memory of its own
 *      above           memory that is lent
 */
import type { HitSink } from '../core/hit-sink.ts'
import type { Room, Tenant } from '../stream/room.ts'

/** Smaller values get memory of their own: they cost the garbage collector less than room costs, and never wait. */
const lentBytesMin = 16_384
/** A text is copied three times on its way: above this size that is little no more. */
const textBytesMax = 4_096
/** Where every small value is before it is a text. */
const passage = Buffer.alloc(textBytesMax)
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
    const value = this.#memoryFor(length)
    this.isPutOff = value === undefined
    this.target = value ?? nowhere
  }

  /** take hands over the value, a text as Latin-1, and forgets it. What the room owns is to be given back to it. */
  take(): Uint8Array | string {
    const value = this.target
    this.target = nowhere
    this.tenant = nobody
    return value === passage ? passage.toString('latin1', 0, this.length) : value
  }

  #memoryFor(length: number): Uint8Array | undefined {
    if (length <= textBytesMax) return passage
    return length < lentBytesMin ? new Uint8Array(length) : this.#room.take(length, this.tenant)
  }
}
