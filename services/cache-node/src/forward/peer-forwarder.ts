/**
 * Forwarding over streams: the command goes to the coordinator's peer listener as a client's would to its client
 * listener, one stream for each peer.
 */
import { type Attempt, cancel, Deadlines, StreamLane, type Unanswered } from '@ringhold/sdk/lane'
import { type ByteCommand, type Limits, type Outcome, RingholdError } from '@ringhold/sdk/protocol'
import type { Forwarder } from '../core/forwarder.ts'

export interface PeerForwarderOptions {
  readonly limits: Limits
  /** How long the owner has to answer. Default: 1,000 ms. */
  readonly deadlineMs?: number
  /** Commands under way to one peer at most; more are refused with RINGHOLD_OVERLOADED. Default: 512. */
  readonly inFlightMax?: number
}

/** Peer is a node that commands are forwarded to. */
interface Peer {
  readonly name: string
  readonly peerUrl: string
}

interface Link {
  readonly lane: StreamLane
  inFlight: number
}

export class PeerForwarder implements Forwarder {
  readonly #limits: Limits
  readonly #deadlineMs: number
  readonly #inFlightMax: number
  readonly #deadlines = new Deadlines()
  readonly #links = new Map<string, Link>()

  constructor({ limits, deadlineMs = 1_000, inFlightMax = 512 }: PeerForwarderOptions) {
    this.#limits = limits
    this.#deadlineMs = deadlineMs
    this.#inFlightMax = inFlightMax
  }

  async forward(command: ByteCommand, to: Peer): Promise<Outcome> {
    const link = this.#linkTo(to.peerUrl)
    if (link.inFlight >= this.#inFlightMax) {
      const detail = `${link.inFlight} commands are under way to ${to.name} already`
      throw new RingholdError('RINGHOLD_OVERLOADED', { detail, node: to.name, retryAfterMs: 1_000 })
    }
    link.inFlight++
    try {
      return await this.#send(command, to.name, link.lane)
    } finally {
      link.inFlight--
    }
  }

  /** keepOnly closes the connections to all other peers. */
  keepOnly(peerUrls: ReadonlySet<string>): void {
    for (const [peerUrl, { lane }] of this.#links) {
      if (peerUrls.has(peerUrl)) continue
      this.#links.delete(peerUrl)
      void lane.close()
    }
  }

  async destroy(): Promise<void> {
    const links = [...this.#links.values()]
    this.#links.clear()
    await Promise.all(links.map(({ lane }) => lane.destroy()))
  }

  #linkTo(peerUrl: string): Link {
    let link = this.#links.get(peerUrl)
    if (link === undefined) {
      link = { lane: this.#newLane(peerUrl), inFlight: 0 }
      this.#links.set(peerUrl, link)
    }
    return link
  }

  #newLane(url: string): StreamLane {
    return new StreamLane({
      url,
      streams: 1,
      // Longer than a command waits: who is slow to connect is told from who refuses.
      connectTimeoutMs: this.#deadlineMs * 2,
      limits: this.#limits,
      // Gossip tells of rings.
      onRing: () => {},
      onDeclined: (waiting, cause) => {
        const error = new RingholdError('RINGHOLD_CONNECTION_LOST', { detail: cause.message, cause })
        for (const attempt of waiting)
          if (!attempt.isCancelled) attempt.fail({ type: 'refused', error, ring: undefined })
      },
    })
  }

  #send(command: ByteCommand, name: string, lane: StreamLane): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const deadline = this.#deadlines.add(performance.now() + this.#deadlineMs, () => {
        cancel(attempt)
        reject(silent(name, `no answer within ${this.#deadlineMs} ms`))
      })
      const attempt: Attempt = {
        command,
        isDirect: true,
        id: 0,
        isCancelled: false,
        carrier: undefined,
        succeed: (outcome) => {
          this.#deadlines.remove(deadline)
          resolve(outcome)
        },
        fail: (failure) => {
          this.#deadlines.remove(deadline)
          reject(errorOf(failure, name))
        },
      }
      lane.submit(attempt)
    })
  }
}

/** What the peer says is said on; that it cannot be understood, or was not there, is said in our own words. */
function errorOf({ type, error }: Unanswered, name: string): RingholdError {
  if (type === 'reply' && error.code !== 'RINGHOLD_BAD_REPLY') return error
  if ((error.cause as NodeJS.ErrnoException | undefined)?.code === 'ETIMEDOUT') {
    return silent(name, error.facts.detail ?? error.code)
  }
  const detail = `${name} could not be reached (${error.facts.detail ?? error.code})`
  return new RingholdError('RINGHOLD_OWNER_UNREACHABLE', { detail, node: name, cause: error })
}

function silent(name: string, what: string): RingholdError {
  return new RingholdError('RINGHOLD_OWNER_TIMEOUT', { detail: `${name}: ${what}`, node: name })
}
