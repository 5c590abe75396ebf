/** The other end of gossip: takes the messages of peers, one at a time from each connection, and sends the answers. */
import type { Socket } from 'node:net'
import { FrameReader, FrameWriter, RingholdError, writeError } from '@ringhold/sdk/protocol'
import type { PeerMessage } from '../membership/membership.ts'
import type { Offer } from '../stream/upgrade.ts'
import {
  frameBytesMax,
  gossipPath,
  gossipProtocol,
  type Read,
  readMessage,
  sendFrames,
  writeMessage,
} from './gossip-frames.ts'

/** Receive takes a message; `reply` is to be called once, at once or later, with the answer or why there is none. */
export type Receive = (read: Read, reply: (answer: PeerMessage | RingholdError) => void) => void

export interface GossipServerOptions {
  /** Undefined while the node starts. */
  readonly receive: () => Receive | undefined
  /** Called with what could not be read. */
  readonly onProblem: (problem: RingholdError) => void
}

/** How long a peer may be silent before the system asks whether it is still there. */
const keepAliveMs = 15_000

export class GossipServer {
  readonly #options: GossipServerOptions
  readonly #streams = new Set<GossipStream>()
  readonly #writer = new FrameWriter()

  constructor(options: GossipServerOptions) {
    this.#options = options
  }

  /** size is how many connections of peers are open. */
  get size(): number {
    return this.#streams.size
  }

  /** offer is what the listener for peers upgrades to. */
  get offer(): Offer {
    return {
      protocol: gossipProtocol,
      path: gossipPath,
      refusal: () => {
        if (this.#options.receive() !== undefined) return undefined
        return new RingholdError('RINGHOLD_NOT_READY', { retryAfterMs: 1_000 })
      },
      open: (socket, head) => this.#open(socket, head),
    }
  }

  destroy(): void {
    for (const stream of this.#streams) stream.destroy()
  }

  #open(socket: Socket, head: Buffer): void {
    const { receive, onProblem } = this.#options
    socket.setKeepAlive(true, keepAliveMs)
    const stream = new GossipStream({ socket, writer: this.#writer, receive: receive() as Receive, onProblem }, head)
    this.#streams.add(stream)
    socket.on('close', () => this.#streams.delete(stream))
  }
}

interface GossipStreamOptions {
  readonly socket: Socket
  readonly writer: FrameWriter
  readonly receive: Receive
  readonly onProblem: (problem: RingholdError) => void
}

class GossipStream {
  readonly #options: GossipStreamOptions
  readonly #reader = new FrameReader({ frameBytesMax, fault: 'RINGHOLD_BAD_REQUEST' })
  /** Whether the next message has to wait: for the answer to the one before, or until the peer has read that. */
  #isBusy = false
  #isWorking = false

  /** `head` is what came behind the upgrade request already. */
  constructor(options: GossipStreamOptions, head: Uint8Array) {
    this.#options = options
    const { socket } = options
    socket.on('data', (chunk: Uint8Array) => this.#feed(chunk))
    socket.on('drain', () => this.#goOn())
    socket.on('end', () => socket.end())
    // What is wrong with a socket shows in its close, which always follows.
    socket.on('error', () => {})
    if (head.length > 0) this.#feed(head)
  }

  destroy(): void {
    this.#options.socket.destroy()
  }

  #feed(chunk: Uint8Array): void {
    this.#reader.feed(chunk)
    this.#work()
  }

  #goOn(): void {
    this.#isBusy = false
    if (!this.#isWorking) this.#work()
  }

  /** Takes what has come until something has to wait: then nothing more is read from the socket. */
  #work(): void {
    const { socket } = this.#options
    this.#isWorking = true
    try {
      while (!this.#isBusy && !socket.destroyed && this.#reader.next()) this.#take()
    } catch (error) {
      if (!(error instanceof RingholdError)) throw error
      this.#refuse(error)
    }
    this.#isWorking = false
    if (this.#isBusy) socket.pause()
    else if (socket.isPaused()) socket.resume()
  }

  #take(): void {
    const read = readMessage(this.#reader)
    this.#isBusy = true
    this.#options.receive(read, (answer) => this.#reply(answer))
  }

  #reply(answer: PeerMessage | RingholdError): void {
    const { socket, writer } = this.#options
    if (socket.destroyed || !socket.writable) return
    if (answer instanceof RingholdError) {
      this.#refuse(answer)
      return
    }
    writeMessage(writer, answer)
    if (sendFrames(socket, writer)) this.#goOn()
  }

  /** Nothing that follows is taken. */
  #refuse(error: RingholdError): void {
    const { socket, writer, onProblem } = this.#options
    this.#isBusy = true
    onProblem(error)
    writeError(writer, 0, error)
    sendFrames(socket, writer)
    socket.destroySoon()
  }
}
