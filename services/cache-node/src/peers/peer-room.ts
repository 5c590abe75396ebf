/**
 * The memory for what passes between nodes: copies of large values that wait for replicas, what is put together for a peer,
 * and messages that come in pieces.
 *
 *      take ─► a piece of one block of fixed size ─► give           the block is full: memory of its own, back at once
 *
 * Nobody waits for it, unlike for the rooms of clients (stream/rooms.ts): two nodes that wait for each other's room would
 * stand still, and how much is under way between them is bounded elsewhere. Left to the garbage collector it took five
 * times as much as was under way.
 *
 * Whatever is lent must be given back, also where connections break.
 */
import type { FrameRoom, WriterMemory } from '@ringhold/sdk/protocol'
import type { ValueMemory } from '../copies/value-memory.ts'
import { free } from '../free.ts'
import { Room, type Tenant } from '../stream/room.ts'

/** Smaller things cost the garbage collector less than room does. */
const roomyBytesMin = 32_768
const stepBytes = 262_144
/** Share of the memory for entries that it is, and its limits. */
const share = 1 / 32
const bytesMin = 8 * 2 ** 20
const bytesMax = 64 * 2 ** 20

/** It never holds up anybody, so it is never evicted. */
const tenant: Tenant = { roomy: () => {}, evicted: () => {} }

export class PeerRoom implements FrameRoom, ValueMemory {
  /** What writers borrow from. */
  readonly writers: WriterMemory = {
    take: (bytes) => this.take(stepped(bytes)),
    takeOrWait: (bytes) => this.take(stepped(bytes)),
    give: (bytes) => this.give(bytes),
  }
  readonly #room: Room
  /** Memory of its own that is lent. */
  readonly #own = new Set<ArrayBufferLike>()
  #ownBytes = 0

  /** `memoryBytes` is the memory for entries. */
  constructor(memoryBytes: number) {
    const bytes = Math.min(bytesMax, Math.max(bytesMin, memoryBytes * share))
    this.#room = new Room({ bytes, patienceMs: Number.POSITIVE_INFINITY })
  }

  /** bytes is the size of the block. */
  get bytes(): number {
    return this.#room.bytes
  }

  /** lentBytes is how much is lent, in all. */
  get lentBytes(): number {
    return this.#room.lentBytes + this.#ownBytes
  }

  /** take lends `bytes`, with whatever they were used for before. */
  take(bytes: number): Uint8Array {
    const piece = this.#room.takeNow(bytes, tenant)
    if (piece !== undefined) return piece
    const own = new Uint8Array(bytes)
    this.#own.add(own.buffer)
    this.#ownBytes += bytes
    return own
  }

  /** give takes back what was lent. */
  give(bytes: Uint8Array): void {
    if (this.#room.owns(bytes)) this.#room.give(bytes)
    else if (this.#own.delete(bytes.buffer)) {
      this.#ownBytes -= bytes.buffer.byteLength
      free(bytes)
    } else throw new TypeError('these bytes are not lent')
  }

  /** copy makes a copy of a value. */
  copy(value: Uint8Array): Uint8Array {
    if (value.length < roomyBytesMin) return new Uint8Array(value)
    const copy = this.take(value.length)
    copy.set(value)
    return copy
  }

  /** release takes a copy back. Nobody may look at it any more. */
  release(copy: Uint8Array): void {
    if (copy.length >= roomyBytesMin) this.give(copy)
  }
}

/** What a writer gets: twice as much as before, as long as that is little, for it moves all that it has each time. */
function stepped(bytes: number): number {
  const usual = Math.max(roomyBytesMin, 2 ** Math.ceil(Math.log2(bytes)))
  return usual <= stepBytes ? usual : Math.ceil(bytes / stepBytes) * stepBytes
}
