/** A peer stream is a connection over which a peer asks this node: requests come, replies go, in any order. */
import type { Socket } from 'node:net'
import { type Limits, RingholdError } from '@ringhold/sdk/protocol'
import type { Envelope, PeerReply, PeerRequest } from '../copies/peer-request.ts'
import { PeerReader } from '../copies/wire/peer-reader.ts'
import { PeerWriter } from '../copies/wire/peer-writer.ts'
import { MessageFeed } from './message-feed.ts'
import type { PeerRoom } from './peer-room.ts'
import { sendOff } from './send-off.ts'

export interface PeerStreamOptions {
  readonly socket: Socket
  readonly limits: Limits
  readonly room: PeerRoom
  /** Takes a request in; answer() is to be called with its number, at once or later. */
  readonly receive: (stream: PeerStream, number: number, asked: Asked) => void
  readonly onProblem: (problem: RingholdError) => void
}

export interface Asked {
  readonly envelope: Envelope
  readonly request: PeerRequest
}

/** A peer that is so many bytes behind with reading is not read from before it has caught up. */
const outputBytesHigh = 1_048_576

const nobody: Envelope = { from: '', incarnation: 0, clock: 0 }

export class PeerStream {
  readonly #options: PeerStreamOptions
  readonly #reader: PeerReader
  readonly #writer: PeerWriter
  readonly #feed: MessageFeed
  #isScheduled = false

  /** `head` is what came behind the upgrade request already. */
  constructor(options: PeerStreamOptions, head: Uint8Array) {
    const { socket, limits, room } = options
    this.#options = options
    this.#writer = new PeerWriter(room.writers)
    this.#reader = new PeerReader({ limits, fault: 'RINGHOLD_BAD_REQUEST', room })
    this.#feed = new MessageFeed({
      socket,
      reader: this.#reader,
      take: () => this.#take(),
      fail: (error) => this.#fail(error),
    })
    socket.on('data', (chunk: Uint8Array) => this.#feed.receive(chunk))
    socket.on('drain', () => this.#feed.release())
    socket.on('end', () => socket.end())
    // What is wrong with a socket shows in its close, which always follows.
    socket.on('error', () => {})
    socket.on('close', () => this.#end())
    if (head.length > 0) this.#feed.receive(head)
  }

  get isClosed(): boolean {
    return this.#options.socket.destroyed
  }

  /** answer sends the reply to the request of this number. After the connection has closed it does nothing. */
  answer(number: number, envelope: Envelope, reply: PeerReply): void {
    if (this.isClosed) return
    const head = { id: number, envelope }
    if (!this.#writer.reply(head, reply)) {
      const error = new RingholdError('RINGHOLD_INTERNAL', { detail: `the reply ${reply.type} is too long` })
      this.#writer.reply(head, { type: 'refused', error })
      this.#options.onProblem(error)
    }
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => this.#flush())
  }

  destroy(): void {
    this.#options.socket.destroy()
  }

  #end(): void {
    this.#feed.finish()
    this.#writer.clear()
  }

  #take(): void {
    this.#options.receive(this, this.#reader.id, this.#reader.request())
  }

  /** Nothing that follows can be trusted. */
  #fail(error: RingholdError): void {
    const { socket, onProblem } = this.#options
    onProblem(error)
    this.#writer.reply({ id: 0, envelope: nobody }, { type: 'refused', error })
    this.#flush()
    socket.destroySoon()
  }

  #flush(): void {
    this.#isScheduled = false
    const { socket, room } = this.#options
    if (this.#writer.length === 0 || socket.destroyed || !socket.writable) return
    sendOff(socket, this.#writer, room)
    if (socket.writableLength > outputBytesHigh) this.#feed.hold()
  }
}
