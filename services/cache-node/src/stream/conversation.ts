/**
 * A conversation by frames: commands in, answers out, whatever carries the bytes (see command-stream.ts, commands-route.ts).
 *
 *      chunks ─► intake ─► responder ─► writer ─► one write for all that one read brought, or for each portion of it
 *
 * It guarantees: a conversation takes at most `sliceMs` of a turn of the event loop, whatever it sends; it reads on only
 * while the other side takes its answers and not too many commands wait; a frame that cannot be read ends this
 * conversation, with an error frame, and no other. It looks at no clock but the one it is given and knows no sockets.
 */
import {
  type FrameKey,
  FrameReader,
  FrameWriter,
  frameOverheadBytesMax,
  frameTypes,
  type Hello,
  isCommand,
  Names,
  protocolRelease,
  type RingholdError,
  readHello,
  writeError,
  writeHello,
  writeRing,
  writeSignal,
} from '@ringhold/sdk/protocol'
import type { Face } from './face.ts'
import { Intake } from './intake.ts'
import type { Port } from './port.ts'
import { codedError, Responder } from './responder.ts'
import { AnswerRoom, CommandRoom } from './rooms.ts'
import { Slice } from './slice.ts'
import type { TurnClock } from './turn-clock.ts'

export interface ConversationOptions {
  readonly face: Face
  readonly port: Port
  readonly turns: TurnClock
  /** Milliseconds on the monotonic clock. */
  readonly now: () => number
  /** Most commands in the whole conversation. Default: any number. */
  readonly commandsMax?: number
}

/** waitingMax is how many commands of a conversation may wait for another node before no more are read. */
export const waitingMax = 256
/** Answers are sent when they are so many bytes, also before a read is used up, and no more are made while so many are not taken. */
export const outputBytes = 262_144
/** The same as long as answers take too much memory in the whole process. */
const outputBytesTight = 65_536
/** How often the clock is looked at: after so many commands, or bytes of them. */
const commandsBetweenLooks = 32
const bytesBetweenLooks = 65_536
/** After so many looks what is answered is sent, if enough is left: the other side goes on with it while the rest is executed. */
export const portionLooks = 4

export class Conversation {
  readonly #options: ConversationOptions
  readonly #reader: FrameReader
  readonly #names: Names
  readonly #intake: Intake
  readonly #slice: Slice
  readonly #room: CommandRoom
  readonly #answers: AnswerRoom
  readonly #writer: FrameWriter
  readonly #responder: Responder
  #client: Hello | undefined
  #isPaused = false
  #isScheduled = false
  /** The clock when it was last looked at: whatever is executed until the next look was here by then. */
  #lookedAt = 0
  /** Whether the slice of this turn is used up. */
  #isLate = false
  #isWorking = false
  #isFinished = false
  #isOver = false

  constructor(options: ConversationOptions) {
    this.#options = options
    const { face, port } = options
    const { rooms } = face
    const tenant = { roomy: () => this.#workSoon(), evicted: () => port.destroy() }
    this.#room = new CommandRoom(rooms, tenant)
    this.#answers = new AnswerRoom(rooms, tenant)
    const writer = new FrameWriter(undefined, this.#answers)
    const reader = new FrameReader({
      frameBytesMax: face.limits.valueBytesMax + frameOverheadBytesMax,
      fault: 'RINGHOLD_BAD_REQUEST',
      room: this.#room,
    })
    const names = new Names()
    this.#writer = writer
    this.#reader = reader
    this.#intake = new Intake(reader)
    this.#slice = new Slice(options)
    this.#responder = new Responder({ face, reader, names, writer, onAnswer: () => this.#workSoon() })
    this.#names = names
  }

  /** client is how the other side introduced itself; undefined before it has. */
  get client(): Hello | undefined {
    return this.#client
  }

  /** greet sends the first frame. */
  greet(): void {
    const { self, limits, ringChecksum } = this.#options.face
    writeHello(this.#writer, { limits, name: self, ring: ringChecksum() })
    this.#flush()
  }

  /** receive takes a chunk of the other side's bytes, for good: its memory is given back when it is used up. */
  receive(chunk: Uint8Array): void {
    if (this.#isOver) return
    this.#intake.receive(chunk)
    this.#work()
  }

  /** receiveLent takes a chunk that is good until it returns. */
  receiveLent(chunk: Uint8Array): void {
    if (this.#isOver) return
    this.#intake.lend(chunk)
    this.#work()
    this.#intake.keep()
  }

  /** finish says that nothing comes any more; the conversation ends when all is answered. */
  finish(): void {
    this.#isFinished = true
    this.#work()
  }

  /** drained says that the other side has taken what was sent. */
  drained(): void {
    this.#work()
  }

  /** refuse ends the conversation with an error frame. */
  refuse(error: RingholdError): void {
    if (!this.#isOver) this.#fail(error)
  }

  /** tellRing passes on that the node has another ring. */
  tellRing(ring: string): void {
    if (this.#isOver) return
    writeRing(this.#writer, ring)
    this.#workSoon()
  }

  /** sayGoodbye asks the other side to send nothing more, and to close when it has its answers. */
  sayGoodbye(): void {
    if (this.#isOver) return
    writeSignal(this.#writer, 'goodbye')
    this.#workSoon()
  }

  /** cut ends the conversation from outside: what still waits is answered to nobody. */
  cut(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#responder.close()
    this.#intake.clear()
    this.#writer.clear()
    this.#room.leave()
    this.#answers.leave()
  }

  #work(): void {
    if (this.#isWorking || this.#isOver || this.#isLate) return
    this.#isWorking = true
    try {
      this.#isLate = this.#takeCommands()
      this.#flush()
      if (this.#isLate) this.#workSoon()
      this.#finishIfDone()
    } catch (error) {
      this.#fail(error)
    }
    this.#isWorking = false
    this.#setPause()
  }

  /** Executes what there is; true when the slice of this turn is used up before. */
  #takeCommands(): boolean {
    let left = commandsBetweenLooks
    let looks = 0
    let bytes = 0
    const { keys } = this.#options.face.ahead.keysAhead
    let frames = 0
    let taken = 0
    this.#lookedAt = this.#options.now()
    const mayGoOn = () => (left < commandsBetweenLooks && this.#hasRoom()) || this.#mayGoOn()
    while (mayGoOn() && (!this.#responder.isPutOff || this.#takePutOff()) && this.#intake.next()) {
      bytes += this.#reader.end - this.#reader.at
      if (taken === frames) {
        frames = this.#lookAhead()
        taken = 0
      }
      this.#takeFrame(keys[taken++] as FrameKey)
      this.#reader.release()
      if (--left > 0 && bytes < bytesBetweenLooks) continue
      if (this.#slice.isUsed(this.#lookedAt)) return true
      if (++looks >= portionLooks && this.#maySendPortion(bytes)) {
        this.#flush()
        looks = 0
      }
      this.#lookedAt = this.#options.now()
      left = commandsBetweenLooks
      bytes = 0
    }
    return false
  }

  /** Whether what is left of the read is worth a write of its own, and what is sent now does not only wait behind what was sent before. */
  #maySendPortion(bytesSinceLook: number): boolean {
    return this.#reader.unread >= bytesSinceLook && !this.#options.port.isFull(0)
  }

  /** Prepares for the frame that is next and those that follow it closely; returns how many these are. */
  #lookAhead(): number {
    const { ahead } = this.#options.face
    const { keysAhead } = ahead
    keysAhead.visit(this.#reader, this.#names)
    // One alone has no other to wait for the memory with.
    if (keysAhead.frames > 1) ahead.prepare()
    return keysAhead.frames
  }

  /** Whether what #mayGoOn() said still holds: nothing was sent since. */
  #hasRoom(): boolean {
    return this.#writer.length < outputBytesTight && this.#responder.waiting < waitingMax && !this.#isOver
  }

  #mayGoOn(): boolean {
    const bytes = this.#options.face.rooms.isTight ? outputBytesTight : outputBytes
    if (this.#writer.length >= bytes) this.#flush()
    if (!this.#isOver && this.#responder.waiting < waitingMax && !this.#options.port.isFull(bytes)) return true
    // Whoever cannot use room does not stand in line for it.
    this.#room.leave()
    this.#answers.leave()
    return false
  }

  #takeFrame(key: FrameKey): void {
    const reader = this.#reader
    const { type } = reader
    if (this.#client === undefined) {
      if (type !== frameTypes.hello) throw reader.bad('the first frame must be a hello')
      this.#client = readHello(reader)
      this.#responder.valueBytesMax = this.#client.limits.valueBytesMax
      if (this.#client.release < protocolRelease) throw reader.bad(`release ${this.#client.release} is not supported`)
    } else if (isCommand(type)) this.#takeCommand(key)
    else if (type === frameTypes.ping) writeSignal(this.#writer, 'pong')
    else throw reader.bad('it is not one that a node takes')
  }

  #takeCommand(key: FrameKey): void {
    const { commandsMax = Number.POSITIVE_INFINITY } = this.#options
    if (++this.#intake.commands > commandsMax)
      throw this.#reader.bad(`at most ${commandsMax} commands are taken at a time`)
    this.#responder.respond(key, this.#lookedAt)
  }

  /** Tries again what waits for room; false when it still does. */
  #takePutOff(): boolean {
    if (!this.#responder.resume(this.#lookedAt)) return false
    this.#answers.leave()
    return true
  }

  /** A frame that cannot be read: nothing after it can be trusted. */
  #fail(error: unknown): void {
    this.#reader.close()
    writeError(this.#writer, 0, codedError(error, this.#options.face))
    this.#flush()
    this.#options.port.end()
    this.cut()
  }

  #flush(): void {
    if (this.#writer.length === 0 || this.#isOver) return
    const { port } = this.#options
    if (this.#writer.isLent) {
      const { bytes, buffer } = this.#writer.handOver()
      const give = () => this.#answers.give(buffer)
      if (port.send(bytes, give)) give()
    } else if (port.send(this.#writer.bytes)) this.#writer.clear()
    else this.#writer.take()
  }

  /** Answers that come one by one leave together; what did not fit into the slice of this turn is done in the next. */
  #workSoon(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#isLate = false
      this.#work()
    })
  }

  #finishIfDone(): void {
    if (!this.#isFinished || this.#isOver || this.#hasMore() || this.#responder.waiting > 0) return
    this.#reader.finish()
    this.#options.port.end()
    this.cut()
  }

  /** Whether something has come that is not taken yet. Then it is being waited for what that needs, or for the next turn. */
  #hasMore(): boolean {
    return this.#responder.isPutOff || this.#intake.hasMore()
  }

  #setPause(): void {
    const isBehind = !this.#isOver && (this.#hasMore() || !this.#mayGoOn())
    if (isBehind === this.#isPaused) return
    this.#isPaused = isBehind
    if (isBehind) this.#options.port.pause()
    else this.#options.port.resume()
  }
}
