/** A connection to a peer for one exchange after another. It connects when it is made, and is of no use once it is closed. */
import type { Duplex } from 'node:stream'
import { upgrade } from '@ringhold/sdk/lane'
import { FrameReader, type FrameWriter, RingholdError } from '@ringhold/sdk/protocol'
import type { Settlement } from '../membership/effect.ts'
import type { PeerMessage } from '../membership/membership.ts'
import { isRefused } from '../refused.ts'
import { frameBytesMax, gossipPath, gossipProtocol, readMessage, sendFrames, writeMessage } from './gossip-frames.ts'

/** Traffic counts the bytes of messages. */
export interface Traffic {
  bytesSent: number
  bytesReceived: number
}

/** Asked is what a peer is asked. */
export interface Asked {
  readonly message: PeerMessage
  /** When nobody waits for the answer any more, on the clock that look() is called with. */
  readonly giveUpAt: number
  /** Called once, never before ask() returns; not where the connection was destroyed. */
  readonly settled: (settlement: Settlement, why?: Error) => void
}

export interface GossipConnectionOptions {
  readonly peerUrl: string
  /** Until it stands, in milliseconds. */
  readonly connectTimeoutMs: number
  /** How long it may be without an exchange. */
  readonly idleMs: number
  readonly writer: FrameWriter
  readonly traffic: Traffic
  /** Called once when it is closed, but not by destroy(). Lost: it stood, and we did not close it. */
  readonly onClosed: (connection: GossipConnection, isLost: boolean) => void
}

export class GossipConnection {
  readonly #options: GossipConnectionOptions
  readonly #reader = new FrameReader({ frameBytesMax, fault: 'RINGHOLD_BAD_REPLY' })
  readonly #abort = new AbortController()
  #socket: Duplex | undefined
  #asked: Asked | undefined
  /** The look that found it without an exchange first. */
  #idleSince: number | undefined
  #isClosed = false

  constructor(options: GossipConnectionOptions) {
    this.#options = options
    void this.#connect()
  }

  get isIdle(): boolean {
    return this.#asked === undefined
  }

  /** ask begins an exchange; it must be idle. */
  ask(asked: Asked): void {
    this.#asked = asked
    this.#idleSince = undefined
    if (this.#socket !== undefined) this.#send(this.#socket)
  }

  /** look is to be called now and then: it closes the connection when its exchange took too long, or it had none for long. */
  look(now: number): void {
    if (this.#asked !== undefined) {
      if (now >= this.#asked.giveUpAt) this.#close({ why: new Error('no answer in time') })
      return
    }
    this.#idleSince ??= now
    if (now - this.#idleSince >= this.#options.idleMs) this.#close({})
  }

  /** destroy closes it without a word to anyone. */
  destroy(): void {
    this.#isClosed = true
    this.#abort.abort()
    this.#socket?.destroy()
  }

  async #connect(): Promise<void> {
    const { peerUrl, connectTimeoutMs } = this.#options
    const upgraded = await upgrade(peerUrl, {
      connectTimeoutMs,
      signal: this.#abort.signal,
      path: gossipPath,
      protocol: gossipProtocol,
    })
    if (upgraded.type !== 'upgraded') this.#close({ why: upgraded.error })
    else if (this.#isClosed) upgraded.socket.destroy()
    else this.#open(upgraded.socket, upgraded.head)
  }

  #open(socket: Duplex, head: Uint8Array): void {
    this.#socket = socket
    socket.on('data', (chunk: Uint8Array) => this.#receive(chunk))
    // What is wrong with a socket shows in its close, which always follows.
    socket.on('error', () => {})
    socket.on('close', () => this.#close({ why: new Error('the connection was closed'), isLost: true }))
    if (head.length > 0) this.#receive(head)
    if (this.#asked !== undefined) this.#send(socket)
  }

  #send(socket: Duplex): void {
    const { writer, traffic } = this.#options
    traffic.bytesSent += writeMessage(writer, (this.#asked as Asked).message)
    sendFrames(socket, writer)
  }

  #receive(chunk: Uint8Array): void {
    try {
      this.#reader.feed(chunk)
      while (!this.#isClosed && this.#reader.next()) this.#take()
    } catch (error) {
      if (!(error instanceof RingholdError)) throw error
      this.#close({ why: error })
    }
  }

  #take(): void {
    const { message, bytes } = readMessage(this.#reader)
    const asked = this.#asked
    if (asked === undefined) throw this.#reader.bad('nothing was asked')
    this.#options.traffic.bytesReceived += bytes
    this.#asked = undefined
    asked.settled({ type: 'reply', message })
  }

  #close({ why, isLost = false }: { readonly why?: Error; readonly isLost?: boolean }): void {
    if (this.#isClosed) return
    this.destroy()
    this.#options.onClosed(this, isLost)
    this.#asked?.settled({ type: why !== undefined && isRefused(why) ? 'refused' : 'failed' }, why)
  }
}
