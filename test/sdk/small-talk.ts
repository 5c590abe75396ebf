/** The conversation of a small node by frames, and the commands in it that wait for their answers. */
import {
  type Command,
  FrameReader,
  FrameWriter,
  frameFlags,
  isCommand,
  keyPath,
  type Limits,
  Names,
  type Outcome,
  RingholdError,
  readCommand,
  writeError,
  writeHello,
  writeOutcome,
  writeRing,
} from '#sdk/protocol/index.js'

const methods = { get: 'GET', set: 'PUT', delete: 'DELETE' } as const

/** TalkedTo is what a talk needs of its node. */
export interface TalkedTo {
  readonly name: string
  readonly limits: Limits
  topology(): { readonly ring: string }
  take(exchange: Exchange): void
}

/** Line is where the frames of a talk go. */
export interface Line {
  readonly write: (bytes: Uint8Array) => void
  readonly breakOff: () => void
}

/** Exchange is a command that waits for its answer. */
export class Exchange {
  readonly command: Command
  readonly isDirect: boolean
  readonly #id: number
  readonly #talk: SmallTalk

  constructor(talk: SmallTalk, id: number, { command, isDirect }: { command: Command; isDirect: boolean }) {
    this.#talk = talk
    this.#id = id
    this.command = command
    this.isDirect = isDirect
  }

  get method(): string {
    return methods[this.command.type]
  }

  get url(): string {
    return keyPath(this.command.cache, this.command.key)
  }

  answer(answer: Outcome | RingholdError): void {
    this.#talk.write(this.bytesOf(answer))
    this.#talk.answered()
  }

  /** bytesOf is what answering would send. */
  bytesOf(answer: Outcome | RingholdError): Uint8Array {
    const writer = new FrameWriter()
    if (answer instanceof RingholdError) writeError(writer, this.#id, answer)
    else writeOutcome(writer, this.#id, answer)
    return writer.take()
  }

  /** write sends any bytes. */
  write(bytes: Uint8Array): void {
    this.#talk.write(bytes)
  }

  /** breakOff resets the connection. */
  breakOff(): void {
    this.#talk.breakOff()
  }
}

/** SmallTalk is one conversation of a small node by frames. */
export class SmallTalk {
  waiting = 0
  onAnswer: () => void = () => {}
  readonly #node: TalkedTo
  readonly #line: Line
  readonly #reader = new FrameReader({ frameBytesMax: 1e8, fault: 'RINGHOLD_BAD_REQUEST' })
  #ring: string

  constructor(node: TalkedTo, line: Line) {
    this.#node = node
    this.#line = line
    this.#ring = node.topology().ring
    const writer = new FrameWriter()
    writeHello(writer, { limits: node.limits, name: node.name, ring: this.#ring })
    line.write(writer.take())
  }

  receive(chunk: Uint8Array): void {
    this.#reader.feed(chunk)
    const exchanges: Exchange[] = []
    while (this.#reader.next()) {
      const { type, id, flags } = this.#reader
      if (!isCommand(type)) continue
      const { key, ...rest } = readCommand(this.#reader, new Names())
      const command = { ...rest, key: Buffer.from(key).toString() } as Command
      exchanges.push(new Exchange(this, id, { command, isDirect: (flags & frameFlags.direct) !== 0 }))
    }
    this.waiting += exchanges.length
    for (const exchange of exchanges) this.#node.take(exchange)
  }

  write(bytes: Uint8Array): void {
    const { ring } = this.#node.topology()
    if (ring !== this.#ring) {
      this.#ring = ring
      const writer = new FrameWriter()
      writeRing(writer, ring)
      this.#line.write(writer.take())
    }
    this.#line.write(bytes)
  }

  answered(): void {
    this.waiting--
    this.onAnswer()
  }

  breakOff(): void {
    this.#line.breakOff()
  }
}
