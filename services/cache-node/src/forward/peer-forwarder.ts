/** Forwarding over HTTP: the command goes to the coordinator's peer listener as it would to its client listener. */
import {
  type Command,
  headerNames,
  type Limits,
  type Outcome,
  outcomeOf,
  RingholdError,
  requestOf,
} from '@ringhold/sdk/protocol'
import type { Forwarder } from '../core/forwarder.ts'
import { PeerLinks } from '../peer-links.ts'

export interface PeerForwarderOptions {
  /** The name of this node. */
  readonly self: string
  readonly limits: Limits
  /** How long the owner has to answer. Default: 1,000 ms. */
  readonly deadlineMs?: number
  /** Commands under way to one peer at most; more are refused with RINGHOLD_OVERLOADED. Default: 512. */
  readonly inFlightMax?: number
}

const connectionsMax = 64
/** Room for headers' worth of JSON when the reply is a problem; values are bounded by the limits. */
const problemBytesMax = 65_536

export class PeerForwarder implements Forwarder {
  readonly #self: string
  readonly #deadlineMs: number
  readonly #inFlightMax: number
  readonly #links: PeerLinks
  readonly #inFlight = new Map<string, number>()

  constructor({ self, limits, deadlineMs = 1_000, inFlightMax = 512 }: PeerForwarderOptions) {
    this.#self = self
    this.#deadlineMs = deadlineMs
    this.#inFlightMax = inFlightMax
    const replyBytesMax = Math.max(limits.valueBytesMax, problemBytesMax)
    this.#links = new PeerLinks({ connectionsMax, connectTimeoutMs: deadlineMs, replyBytesMax })
  }

  async forward(command: Command, to: { readonly name: string; readonly peerUrl: string }): Promise<Outcome> {
    const { name, peerUrl } = to
    const inFlight = this.#inFlight.get(peerUrl) ?? 0
    if (inFlight >= this.#inFlightMax) {
      const detail = `${inFlight} commands are under way to ${name} already`
      throw new RingholdError('RINGHOLD_OVERLOADED', { detail, node: name, retryAfterMs: 1_000 })
    }
    this.#inFlight.set(peerUrl, inFlight + 1)
    try {
      return await this.#send(command, name, peerUrl)
    } finally {
      const left = (this.#inFlight.get(peerUrl) as number) - 1
      if (left > 0) this.#inFlight.set(peerUrl, left)
      else this.#inFlight.delete(peerUrl)
    }
  }

  /** keepOnly closes the connections to all other peers. */
  keepOnly(peerUrls: ReadonlySet<string>): void {
    this.#links.keepOnly(peerUrls)
  }

  destroy(): Promise<void> {
    return this.#links.destroy()
  }

  async #send(command: Command, name: string, peerUrl: string): Promise<Outcome> {
    const { method, path, headers, body } = requestOf(command)
    headers[headerNames.forwardedBy] = this.#self
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(), this.#deadlineMs)
    try {
      const { signal } = deadline
      const reply = await this.#links.to(peerUrl).request({ method, path, headers, body: body ?? null, signal })
      const bytes = new Uint8Array(await reply.body.arrayBuffer())
      return outcomeOf(command, { status: reply.statusCode, headers: reply.headers, body: bytes })
    } catch (cause) {
      if (cause instanceof RingholdError && cause.code !== 'RINGHOLD_BAD_REPLY') throw cause
      if (deadline.signal.aborted) {
        const detail = `${name} did not answer within ${this.#deadlineMs} ms`
        throw new RingholdError('RINGHOLD_OWNER_TIMEOUT', { detail, node: name, cause })
      }
      const detail = `${name} could not be reached (${reasonOf(cause)})`
      throw new RingholdError('RINGHOLD_OWNER_UNREACHABLE', { detail, node: name, cause })
    } finally {
      clearTimeout(timer)
    }
  }
}

function reasonOf(cause: unknown): string {
  const { code } = cause as { code?: unknown }
  return typeof code === 'string' ? code : String(cause)
}
