/**
 * The responder of a conversation executes its commands and writes what comes of each of them:
 *
 *      a get of what the node has at hand ─► from the frame to the store and into the output, with nothing in between
 *      a set that nobody else has to hear of ─► from the frame to the store, and answered
 *      any other command ─► execute ─┬─► at once ─► output
 *                                    ├─► later   ─► output          a forwarded command holds up none behind it
 *                                    └─► a large value without room: put off, and what follows waits behind it
 *
 * What is wrong with a command is answered to it alone; what is wrong with a frame is thrown.
 */
import {
  type ByteCommand,
  type FrameKey,
  type FrameReader,
  type FrameWriter,
  frameFlags,
  frameTypes,
  type Names,
  type Outcome,
  RingholdError,
  readCommand,
  readPlainSet,
  writeError,
  writeOutcome,
} from '@ringhold/sdk/protocol'
import { HIT_IN_SINK } from '../copies/copies.ts'
import { ownedCommand } from '../copies/owned-command.ts'
import type { Origin } from '../core/decide.ts'
import type { Executed } from '../core/executor.ts'
import type { Face } from './face.ts'
import { HitFrame, tooLarge } from './hit-frame.ts'

export interface ResponderOptions {
  readonly face: Face
  /** Where commands are read from, and the names of caches in them. */
  readonly reader: FrameReader
  readonly names: Names
  /** Where answers are written to. */
  readonly writer: FrameWriter
  /** Called when an answer was written in a later turn than its command was read. */
  readonly onAnswer: () => void
}

/** PutOff is a command that is to be executed again. */
interface PutOff {
  readonly id: number
  readonly command: ByteCommand
  readonly origin: Origin
}

export class Responder {
  /** How many commands wait for another node. */
  waiting = 0
  readonly #face: Face
  readonly #reader: FrameReader
  readonly #names: Names
  readonly #writer: FrameWriter
  readonly #onAnswer: () => void
  readonly #hit: HitFrame
  /** A get whose value waits for room. */
  #putOff: PutOff | undefined
  #isOver = false

  constructor({ face, reader, names, writer, onAnswer }: ResponderOptions) {
    this.#face = face
    this.#reader = reader
    this.#names = names
    this.#writer = writer
    this.#onAnswer = onAnswer
    this.#hit = new HitFrame(writer)
  }

  /** The longest value that the client reads. */
  set valueBytesMax(bytes: number) {
    this.#hit.valueBytesMax = bytes
  }

  /** Whether a command is put off. */
  get isPutOff(): boolean {
    return this.#putOff !== undefined
  }

  /** respond takes the command in which the reader stands and which was here by `heardAt`; `key` is what was found of its key. Throws where it cannot be read. */
  respond(key: FrameKey, heardAt: number): void {
    const { id, type, flags } = this.#reader
    // What is behind the key makes it a bad frame, and what that means readCommand says.
    if (type === frameTypes.get && key.isAllOf(this.#reader) && this.#getStraight(key, heardAt)) return
    if (type === frameTypes.set && this.#setStraight(key)) return
    const command = readCommand(this.#reader, this.#names)
    this.#execute({ id, command, origin: this.#originOf(flags) }, heardAt)
  }

  /** resume tries again what is put off; false when it still has to wait. */
  resume(heardAt: number): boolean {
    const putOff = this.#putOff
    if (putOff === undefined) return true
    this.#putOff = undefined
    this.#execute(putOff, heardAt)
    return this.#putOff === undefined
  }

  /** close says that nobody takes answers any more. */
  close(): void {
    this.#isOver = true
  }

  /** Answers a get for which a command would only be made to be taken apart; false, and nothing has happened, where execute is needed. */
  #getStraight(key: FrameKey, heardAt: number): boolean {
    const { id, flags } = this.#reader
    this.#hit.id = id
    try {
      const found = this.#face.get(key, this.#hit, heardAt)
      if (found === undefined) return false
      if (found !== HIT_IN_SINK) writeOutcome(this.#writer, id, found)
      else if (this.#hit.isPutOff) {
        const command = { type: 'get', cache: key.cache, key: key.bytes.subarray(key.from, key.to) } as const
        this.#putOff = { id, command: ownedCommand(command), origin: this.#originOf(flags) }
      }
    } catch (error) {
      this.#refuse(id, error)
    }
    return true
  }

  /** Executes a set for which a command would only be made to be taken apart; false, and nothing has happened, where execute is needed. */
  #setStraight(key: FrameKey): boolean {
    const reader = this.#reader
    const { id, at } = reader
    const set = readPlainSet(reader, key)
    if (set === undefined) return false
    try {
      const outcome = this.#face.set(key, set)
      if (outcome === undefined) reader.at = at
      else writeOutcome(this.#writer, id, outcome)
      return outcome !== undefined
    } catch (error) {
      this.#refuse(id, error)
      return true
    }
  }

  #execute({ id, command, origin }: PutOff, heardAt: number): void {
    try {
      this.#hit.id = id
      const executed = this.#face.execute(command, origin, this.#hit, heardAt)
      if (executed === undefined) {
        if (this.#hit.isPutOff) this.#putOff = { id, command: ownedCommand(command), origin }
      } else if (executed instanceof Promise) this.#wait(id, executed)
      else this.#answer(id, executed.outcome)
    } catch (error) {
      this.#refuse(id, error)
    }
  }

  #wait(id: number, promise: Promise<Executed>): void {
    this.waiting++
    promise
      .then(
        ({ outcome }) => this.#answer(id, outcome),
        (error: unknown) => this.#refuse(id, error),
      )
      .finally(() => {
        this.waiting--
        this.#onAnswer()
      })
  }

  #answer(id: number, outcome: Outcome): void {
    if (this.#isOver) return
    const { valueBytesMax } = this.#hit
    if (outcome.type === 'hit' && outcome.value.length > valueBytesMax) {
      this.#refuse(id, tooLarge(outcome.value.length, valueBytesMax))
    } else writeOutcome(this.#writer, id, outcome)
  }

  #refuse(id: number, error: unknown): void {
    if (!this.#isOver) writeError(this.#writer, id, codedError(error, this.#face))
  }

  #originOf(flags: number): Origin {
    return this.#face.originOf((flags & frameFlags.direct) !== 0)
  }
}

/** codedError is an error as it may be told; what has no code is our own fault. */
export function codedError(error: unknown, { onFault }: Face): RingholdError {
  if (error instanceof RingholdError) return error
  onFault(error)
  return new RingholdError('RINGHOLD_INTERNAL')
}
