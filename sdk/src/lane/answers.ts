/** Answers reads what a node says and hands each answer to the attempt that waits for it. */
import {
  FrameReader,
  frameOverheadBytesMax,
  frameTypes,
  type Hello,
  isAnswer,
  ReceivedHit,
  RingholdError,
  readHello,
  readRing,
  receiveAnswer,
} from '../protocol/index.ts'
import type { Slots } from './slots.ts'

export interface AnswersOptions {
  readonly slots: Slots
  readonly valueBytesMax: number
  /** Called with the checksum of the node's ring: at first, and when it has changed. */
  readonly onRing: (ring: string) => void
  readonly onGoodbye: () => void
  /** Called with how the node introduces itself. */
  readonly onHello?: ((hello: Hello) => void) | undefined
}

export class Answers {
  readonly #options: AnswersOptions
  readonly #reader: FrameReader
  /** Whoever gets it reads it at once, or keeps a copy. */
  readonly #hit = new ReceivedHit()

  constructor(options: AnswersOptions) {
    this.#options = options
    this.#reader = new FrameReader({
      frameBytesMax: options.valueBytesMax + frameOverheadBytesMax,
      fault: 'RINGHOLD_BAD_REPLY',
    })
  }

  /** receive takes a chunk. Throws a RingholdError after which the connection is of no use. */
  receive(chunk: Uint8Array): void {
    const reader = this.#reader
    reader.feed(chunk)
    while (reader.next()) {
      if (isAnswer(reader.type)) this.#answer(reader)
      else this.#news(reader)
    }
  }

  #answer(reader: FrameReader): void {
    const { id } = reader
    const answer = receiveAnswer(reader, this.#hit)
    const attempt = this.#options.slots.give(id)
    if (attempt === undefined) {
      throw answer instanceof RingholdError ? unread(answer) : reader.bad(`nothing was asked with id ${id}`)
    }
    if (attempt.isCancelled) return
    if (answer instanceof RingholdError) {
      attempt.fail({ type: 'reply', error: answer, ring: answer.facts.ring })
    } else attempt.succeed(answer)
  }

  #news(reader: FrameReader): void {
    if (reader.type === frameTypes.hello) {
      const hello = readHello(reader)
      this.#options.onHello?.(hello)
      this.#options.onRing(hello.ring)
    } else if (reader.type === frameTypes.ring) this.#options.onRing(readRing(reader))
    else if (reader.type === frameTypes.goodbye) this.#options.onGoodbye()
    else if (reader.type !== frameTypes.pong) throw reader.bad('it is not one that a client takes')
  }
}

/** An error of id 0: the node could not read what it got, and ends the connection. */
function unread(cause: RingholdError): RingholdError {
  const detail = `the node could not read what it got: ${cause.facts.detail ?? cause.code}`
  return new RingholdError('RINGHOLD_CONNECTION_LOST', { detail, cause })
}
