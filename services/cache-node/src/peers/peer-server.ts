/** The peer server takes the streams of peers and keeps track of what they ask, until it is answered. */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type Limits, RingholdError } from '@ringhold/sdk/protocol'
import type { Envelope, PeerReply, PeerRequest } from '../copies/peer-request.ts'
import type { Offer } from '../stream/upgrade.ts'
import { fleetHeader, peerProtocol, peerStreamPath, toHeader } from './peer-protocol.ts'
import type { PeerRoom } from './peer-room.ts'
import { type Asked, PeerStream } from './peer-stream.ts'

export interface PeerServerOptions {
  readonly self: string
  readonly fleet: string
  readonly limits: Limits
  readonly room: PeerRoom
  /** Leads to one answer() with that id, at once or later. */
  readonly receive: (requestId: number, envelope: Envelope, request: PeerRequest) => void
  readonly onProblem: (problem: RingholdError) => void
}

interface Pending {
  readonly stream: PeerStream
  readonly number: number
}

/** pendingMax is how many requests of peers may wait for their answers; those beyond are refused. */
export const pendingMax = 65_536
/** How long a peer may be silent before the system asks whether it is still there. */
const keepAliveMs = 15_000

export class PeerServer {
  readonly #options: PeerServerOptions
  readonly #streams = new Set<PeerStream>()
  readonly #pending = new Map<number, Pending>()
  #requests = 0

  constructor(options: PeerServerOptions) {
    this.#options = options
  }

  /** size is how many streams are open. */
  get size(): number {
    return this.#streams.size
  }

  /** offer is what the listener for peers upgrades to. */
  get offer(): Offer {
    return {
      protocol: peerProtocol,
      path: peerStreamPath,
      refusal: (request) => this.#refusal(request),
      open: (socket, head) => this.#open(socket, head),
    }
  }

  /** answer sends the reply to a request, unless the connection it came from is closed. */
  answer(requestId: number, envelope: Envelope, reply: PeerReply): void {
    const pending = this.#pending.get(requestId)
    if (pending === undefined) return
    this.#pending.delete(requestId)
    if (!pending.stream.isClosed) pending.stream.answer(pending.number, envelope, reply)
  }

  destroy(): void {
    for (const stream of this.#streams) stream.destroy()
  }

  #refusal({ headers }: IncomingMessage): RingholdError | undefined {
    const { self, fleet } = this.#options
    if (headers[fleetHeader] !== fleet) {
      return new RingholdError('RINGHOLD_WRONG_FLEET', {
        detail: `this is fleet ${fleet}, not ${headers[fleetHeader]}`,
      })
    }
    if (headers[toHeader] === self) return undefined
    return new RingholdError('RINGHOLD_BAD_REQUEST', { detail: `this is ${self}, not ${headers[toHeader]}` })
  }

  #open(socket: Socket, head: Buffer): void {
    socket.setKeepAlive(true, keepAliveMs)
    const { limits, room, onProblem } = this.#options
    const receive = (stream: PeerStream, number: number, asked: Asked) => this.#receive({ stream, number }, asked)
    const stream = new PeerStream({ socket, limits, room, receive, onProblem }, head)
    this.#streams.add(stream)
    socket.on('close', () => this.#streams.delete(stream))
  }

  #receive(pending: Pending, { envelope, request }: Asked): void {
    if (this.#pending.size >= pendingMax) {
      const error = new RingholdError('RINGHOLD_OVERLOADED', { retryAfterMs: 1_000 })
      const { self } = this.#options
      pending.stream.answer(pending.number, { from: self, incarnation: 0, clock: 0 }, { type: 'refused', error })
      return
    }
    const requestId = ++this.#requests
    this.#pending.set(requestId, pending)
    this.#options.receive(requestId, envelope, request)
  }
}
