/** The rooms of a node: one for commands that come in pieces, one for answers that have not left. Apart, so that neither waits for the other. */
import type { FrameRoom, WriterMemory } from '@ringhold/sdk/protocol'
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

  /** `memoryBytes` is the memory for entries. */
  constructor(memoryBytes: number) {
    const bytes = Math.min(bytesMax, memoryBytes * share)
    this.commands = new Room({ bytes: Math.max(bytes, commandBytesMin), patienceMs })
    this.answers = new Room({ bytes: Math.max(bytes, answerBytesMin), patienceMs })
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

  constructor(room: Room, { roomy, evicted }: Tenant) {
    this.#room = room
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
  readonly #room: Room
  readonly #tenant: Tenant

  constructor(room: Room, { roomy, evicted }: Tenant) {
    this.#room = room
    this.#tenant = { roomy, evicted }
  }

  /** hasRoom tells whether the next take finds so much; if not, the tenant is told when it may. */
  hasRoom(bytes: number): boolean {
    return this.#room.has(bytes, this.#tenant)
  }

  /** Answers that come by themselves, from other nodes, cannot wait: where there is no room they get memory of their own. */
  take(bytes: number): Uint8Array {
    const wanted = Math.max(bytes, answerStepBytes)
    const taken = this.#room.takeNow(wanted, this.#tenant)
    return taken ?? new Uint8Array(wanted)
  }

  give(bytes: Uint8Array): void {
    if (this.#room.owns(bytes)) this.#room.give(bytes)
  }

  leave(): void {
    this.#room.leave(this.#tenant)
  }
}
