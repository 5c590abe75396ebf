/**
 * The memory of a node for what passes through it: room for commands that come in pieces and room for answers that have
 * not left, apart, so that neither waits for the other.
 *
 *      a large command, a large value    wait until there is room for them
 *      small answers, and answers that   never wait: where there is no room they get memory of their own, and as long as
 *      come from other nodes             there is much of that, connections are read from only while they take their answers
 */
import type { FrameRoom, WriterMemory } from '@ringhold/sdk/protocol'
import { free } from '../free.ts'
import { Room, type Tenant } from './room.ts'

/** Share of the memory for entries that each room may be, and its limits: two of the largest frames fit, or answers. */
const share = 1 / 64
const commandBytesMin = 2_359_296
const answerBytesMin = 2_883_584
const bytesMax = 67_108_864
/** How long a sender that pauses in the middle, or a reader that does not read, may hold room that others wait for. */
const patienceMs = 3_000
/** What a writer gets at least: all that is put together for one write, and a little. */
const answerStepBytes = 294_912

export class Rooms {
  readonly commands: Room
  readonly answers: Room
  /** Bytes of answers in memory of their own, and when these are too many. */
  ownBytes = 0
  readonly #ownBytesMax: number

  /** `memoryBytes` is the memory for entries. */
  constructor(memoryBytes: number) {
    const bytes = Math.min(bytesMax, memoryBytes * share)
    this.commands = new Room({ bytes: Math.max(bytes, commandBytesMin), patienceMs })
    this.answers = new Room({ bytes: Math.max(bytes, answerBytesMin), patienceMs })
    this.#ownBytesMax = this.answers.bytes
  }

  /** isTight tells whether answers take more memory than there should be for them. */
  get isTight(): boolean {
    return this.ownBytes > this.#ownBytesMax
  }

  /** look is to be called now and then: it evicts who holds up others. */
  look(nowMs: number): void {
    this.commands.look(nowMs)
    this.answers.look(nowMs)
  }
}

/** CommandRoom is what a reader of commands borrows from. */
export class CommandRoom implements FrameRoom {
  readonly #room: Room
  readonly #tenant: Tenant

  constructor({ commands }: Rooms, { roomy, evicted }: Tenant) {
    this.#room = commands
    this.#tenant = { roomy, evicted }
  }

  take(bytes: number): Uint8Array | undefined {
    return this.#room.take(bytes, this.#tenant)
  }

  give(bytes: Uint8Array): void {
    this.#room.give(bytes)
  }

  leave(): void {
    this.#room.leave(this.#tenant)
  }
}

/** AnswerRoom is what a writer of answers borrows from. */
export class AnswerRoom implements WriterMemory {
  readonly #rooms: Rooms
  readonly #tenant: Tenant

  constructor(rooms: Rooms, { roomy, evicted }: Tenant) {
    this.#rooms = rooms
    this.#tenant = { roomy, evicted }
  }

  take(bytes: number): Uint8Array {
    const rooms = this.#rooms
    const lent = rooms.answers.takeNow(Math.max(bytes, answerStepBytes), this.#tenant)
    if (lent !== undefined) return lent
    const own = new Uint8Array(2 ** Math.ceil(Math.log2(bytes)))
    rooms.ownBytes += own.length
    return own
  }

  takeOrWait(bytes: number): Uint8Array | undefined {
    return this.#rooms.answers.take(Math.max(bytes, answerStepBytes), this.#tenant)
  }

  give(bytes: Uint8Array): void {
    const rooms = this.#rooms
    if (rooms.answers.owns(bytes)) rooms.answers.give(bytes)
    else {
      rooms.ownBytes -= bytes.length
      free(bytes)
    }
  }

  /** leave takes its owner off the queue. */
  leave(): void {
    this.#rooms.answers.leave(this.#tenant)
  }
}
