/**
 * The link to one peer: what this node asks it, over one connection, whose replies may come in any order.
 *
 *      ask ─► writer ──────────────► socket ─► …          all that is asked in one turn of the event loop leaves in one write
 *             not sent               sent
 *             │ nobody listens:      │ the connection breaks, or is silent:
 *             ▼ 'refused'            ▼ 'failed', for it may have been executed
 *
 * It guarantees that every request is settled once; that what was not sent yet outlives a broken connection; that it holds
 * no more bytes than `queueBytesMax`. Deadlines are the core's business: a late reply is one that nobody waits for.
 */
import type { Duplex } from 'node:stream'
import { upgrade } from '@ringhold/sdk/lane'
import type { Limits } from '@ringhold/sdk/protocol'
import type { AskSettled, Envelope, PeerRequest } from '../copies/peer-request.ts'
import { PeerReader } from '../copies/wire/peer-reader.ts'
import { PeerWriter } from '../copies/wire/peer-writer.ts'
import { isRefused } from '../refused.ts'
import { MessageFeed } from './message-feed.ts'
import { fleetHeader, peerProtocol, peerStreamPath, toHeader } from './peer-protocol.ts'
import type { PeerRoom } from './peer-room.ts'
import { sendOff } from './send-off.ts'

/** Settled is how a request ended, and who spoke where it was answered. */
export type Settled = AskSettled & { readonly envelope?: Envelope }

export interface PeerLinkOptions {
  readonly peer: { readonly name: string; readonly url: string }
  readonly fleet: string
  readonly limits: Limits
  readonly room: PeerRoom
  readonly onSettled: (id: number, outcome: Settled) => void
  readonly onProblem: (problem: Error) => void
  /** Until the connection stands. Default: 1,000. */
  readonly connectTimeoutMs?: number
  /** Bytes that wait to be sent at most; what is asked beyond fails. Default: 64 MiB. */
  readonly queueBytesMax?: number
}

interface Asked {
  readonly id: number
  /** In which look it was asked. */
  readonly look: number
}

/** Looks, of one second each, without a byte from a peer that owes replies, and until a reply is given up for good. */
const silentLooksMax = 5
const answerLooksMax = 60
/** No more is put into the socket while it holds so many bytes. */
const socketBytesHigh = 262_144
const askedMax = 131_072
/** After a connection could not be made, how long what is asked ends the same way without another try. */
const retryGapMs = 20
/** Numbers begin anew behind it; 0 is for what concerns the whole connection. */
const numberMax = 0xffff_ffff

export class PeerLink {
  readonly #options: PeerLinkOptions
  readonly #writer: PeerWriter
  readonly #asked = new Map<number, Asked>()
  readonly #abort = new AbortController()
  /** The numbers of what is not sent yet. */
  #unsent: number[] = []
  #numbers = 0
  #socket: Duplex | undefined
  #isConnecting = false
  #isScheduled = false
  #isClosed = false
  /** How the last try to connect ended, and when. */
  #failure: { readonly outcome: AskSettled; readonly at: number } | undefined
  #look = 0
  #silentLooks = 0

  constructor(options: PeerLinkOptions) {
    this.#options = options
    this.#writer = new PeerWriter(options.room.writers)
  }

  /** size is how many requests are under way. */
  get size(): number {
    return this.#asked.size
  }

  get url(): string {
    return this.#options.peer.url
  }

  /** ask sends a request, soon; `onSettled` is called once, never before this returns. */
  ask(id: number, envelope: Envelope, request: PeerRequest): void {
    const number = this.#nextNumber()
    const isWritten = this.#mayTakeMore() && this.#writer.request({ id: number, envelope }, request)
    if (!isWritten) {
      setImmediate(() => this.#options.onSettled(id, { type: 'failed' }))
      return
    }
    this.#asked.set(number, { id, look: this.#look })
    this.#unsent.push(number)
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => this.flush())
  }

  /** flush sends what was asked; it is also done by itself, at the end of the turn. */
  flush(): void {
    this.#isScheduled = false
    const socket = this.#socket
    if (socket === undefined) return void this.#connect()
    if (this.#unsent.length === 0 || socket.writableLength > socketBytesHigh) return
    this.#unsent = []
    sendOff(socket, this.#writer, this.#options.room)
  }

  /** look is to be called every second: it finds a peer that is silent, and replies that will not come. */
  look(): void {
    this.#look++
    if (this.#asked.size === this.#unsent.length) this.#silentLooks = 0
    else if (++this.#silentLooks > silentLooksMax) this.#socket?.destroy()
    const overdue: number[] = []
    for (const [number, { look }] of this.#asked) {
      if (this.#look - look <= answerLooksMax) break
      overdue.push(number)
    }
    if (overdue.length > 0) this.#settleAll(overdue, { type: 'failed' })
  }

  /** destroy breaks the connection; what is under way fails. */
  destroy(): void {
    this.#isClosed = true
    this.#abort.abort()
    this.#socket?.destroy()
    this.#unsent = []
    this.#writer.clear()
    this.#settleAll([...this.#asked.keys()], { type: 'failed' })
  }

  #nextNumber(): number {
    this.#numbers = (this.#numbers % numberMax) + 1
    return this.#numbers
  }

  #mayTakeMore(): boolean {
    const { queueBytesMax = 67_108_864 } = this.#options
    return !this.#isClosed && this.#writer.length < queueBytesMax && this.#asked.size < askedMax
  }

  async #connect(): Promise<void> {
    if (this.#isConnecting || this.#isClosed || this.#unsent.length === 0) return
    if (this.#failure !== undefined && performance.now() - this.#failure.at < retryGapMs) {
      return this.#giveUpUnsent(this.#failure.outcome)
    }
    this.#isConnecting = true
    const { peer, fleet, connectTimeoutMs = 1_000 } = this.#options
    const upgraded = await upgrade(peer.url, {
      connectTimeoutMs,
      signal: this.#abort.signal,
      path: peerStreamPath,
      protocol: peerProtocol,
      headers: { [fleetHeader]: fleet, [toHeader]: peer.name },
    })
    this.#isConnecting = false
    if (upgraded.type === 'upgraded') return this.#open(upgraded.socket, upgraded.head)
    // Somebody else has its address now: it does not listen there.
    const isAbsent = upgraded.type === 'declined' || isRefused(upgraded.error)
    if (!isRefused(upgraded.error)) this.#options.onProblem(upgraded.error)
    const outcome: AskSettled = { type: isAbsent ? 'refused' : 'failed' }
    this.#failure = { outcome, at: performance.now() }
    this.#giveUpUnsent(outcome)
  }

  #giveUpUnsent(outcome: AskSettled): void {
    const unsent = this.#unsent
    this.#unsent = []
    this.#writer.clear()
    this.#settleAll(unsent, outcome)
  }

  #open(socket: Duplex, head: Uint8Array): void {
    if (this.#isClosed) return void socket.destroy()
    this.#socket = socket
    this.#failure = undefined
    this.#silentLooks = 0
    const { limits, room } = this.#options
    const reader = new PeerReader({ limits, fault: 'RINGHOLD_BAD_REPLY', room })
    const feed = new MessageFeed({
      socket,
      reader,
      take: () => this.#takeReply(reader),
      fail: (error) => {
        this.#options.onProblem(error)
        socket.destroy()
      },
    })
    const receive = (chunk: Uint8Array) => {
      this.#silentLooks = 0
      feed.receive(chunk)
    }
    socket.on('data', receive)
    socket.on('drain', () => this.flush())
    socket.on('end', () => socket.destroy())
    // What is wrong with a socket shows in its close, which always follows.
    socket.on('error', () => {})
    socket.on('close', () => {
      feed.finish()
      this.#lose(socket)
    })
    if (head.length > 0) receive(head)
    this.flush()
  }

  #takeReply(reader: PeerReader): void {
    const { id: number } = reader
    const { envelope, reply } = reader.reply()
    if (number === 0 && reply.type === 'refused') throw reply.error
    const asked = this.#asked.get(number)
    if (asked === undefined) return
    this.#asked.delete(number)
    this.#options.onSettled(asked.id, { type: 'reply', envelope, reply })
  }

  #lose(socket: Duplex): void {
    if (this.#socket !== socket) return
    this.#socket = undefined
    const unsent = new Set(this.#unsent)
    const sent = [...this.#asked.keys()].filter((number) => !unsent.has(number))
    this.#settleAll(sent, { type: 'failed' })
    void this.#connect()
  }

  #settleAll(numbers: readonly number[], outcome: AskSettled): void {
    for (const number of numbers) {
      const asked = this.#asked.get(number)
      if (asked === undefined) continue
      this.#asked.delete(number)
      this.#options.onSettled(asked.id, outcome)
    }
  }
}
