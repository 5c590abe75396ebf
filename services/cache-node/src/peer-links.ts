/**
 * Warm connections to peers, one pool for each peer URL. Gossip has links of its own, so that a burst of commands never
 * holds up a heartbeat. Names are resolved anew for each new connection, since containers come back with other addresses.
 *
 * Node's own client does it: a better one took 5 MiB of every node (Node 24: 7 MiB) for some requests a second.
 */
import type { ClientRequest, Agent as HttpAgent, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { Agent, request } from '@ringhold/sdk/lane'

export interface PeerLinksOptions {
  /** Connections to one peer at most. */
  readonly connectionsMax: number
  readonly connectTimeoutMs: number
  /** Bytes of one reply at most. */
  readonly replyBytesMax: number
  /** Called when a connection that stood is lost, and not because it was idle or closed by us. */
  readonly onLost?: (peerUrl: string) => void
}

/** Post is what a peer is asked: JSON, until the signal says that nobody waits any more. */
export interface Post {
  readonly path: string
  readonly body: string
  readonly signal: AbortSignal
}

export interface Reply {
  readonly status: number
  readonly body: string
}

/** Shorter than the 72 s after which a node closes idle connections, so that requests do not race with that. */
const idleMs = 60_000

export class PeerLinks {
  readonly #options: PeerLinksOptions
  readonly #agents = new Map<string, HttpAgent>()
  readonly #underWay = new Set<ClientRequest>()
  readonly #known = new WeakSet<Socket>()
  /** Connections that we close. */
  readonly #given = new WeakSet<Socket>()

  constructor(options: PeerLinksOptions) {
    this.#options = options
  }

  /** post asks a peer, over a warm connection or a new one. Rejects where no whole reply comes. */
  post(peerUrl: string, { path, body, signal }: Post): Promise<Reply> {
    const agent = this.#agentOf(peerUrl)
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
      const asked = request(new URL(path, peerUrl), { agent, method: 'POST', headers })
      const giveUp = (why: Error) => {
        reject(why)
        if (asked.socket) this.#given.add(asked.socket)
        asked.destroy()
      }
      const onAbort = () => giveUp(signal.reason as Error)
      signal.addEventListener('abort', onAbort)
      this.#underWay.add(asked)
      asked.on('socket', (socket) => {
        if (this.#known.has(socket)) return
        this.#watch(socket, giveUp, () => this.#lost(peerUrl, agent))
      })
      asked.on('response', (reply) => this.#collect(reply, resolve, giveUp))
      asked.on('error', reject)
      asked.on('close', () => {
        signal.removeEventListener('abort', onAbort)
        this.#underWay.delete(asked)
        reject(new Error('the connection was closed'))
      })
      asked.end(body)
    })
  }

  /** keepOnly closes the links to all other peers; requests under way finish first. */
  keepOnly(peerUrls: ReadonlySet<string>): void {
    for (const peerUrl of this.#agents.keys()) if (!peerUrls.has(peerUrl)) this.#close(peerUrl)
  }

  /** destroy cuts all links; requests under way fail. */
  destroy(): void {
    for (const peerUrl of this.#agents.keys()) this.#close(peerUrl)
    for (const asked of this.#underWay) asked.destroy()
  }

  #close(peerUrl: string): void {
    const agent = this.#agents.get(peerUrl)
    this.#agents.delete(peerUrl)
    if (agent === undefined) return
    agent.maxFreeSockets = 0
    for (const idle of Object.values(agent.freeSockets).flat()) idle?.destroy()
  }

  #agentOf(peerUrl: string): HttpAgent {
    let agent = this.#agents.get(peerUrl)
    if (agent === undefined) {
      agent = new Agent({ keepAlive: true, maxSockets: this.#options.connectionsMax, timeout: idleMs })
      this.#agents.set(peerUrl, agent)
    }
    return agent
  }

  #lost(peerUrl: string, agent: HttpAgent): void {
    if (this.#agents.get(peerUrl) === agent) this.#options.onLost?.(peerUrl)
  }

  /** Gives up a new connection that does not stand in time, and tells when it closes, unless we do that. */
  #watch(socket: Socket, giveUp: (why: Error) => void, onLost: () => void): void {
    this.#known.add(socket)
    const { connectTimeoutMs } = this.#options
    const tooLate = () => giveUp(new Error(`no connection within ${connectTimeoutMs} ms`))
    const timer = setTimeout(tooLate, connectTimeoutMs)
    let isStanding = false
    socket.once('connect', () => {
      isStanding = true
      clearTimeout(timer)
    })
    // The agent closes what is idle for so long.
    socket.on('timeout', () => this.#given.add(socket))
    socket.once('close', () => {
      clearTimeout(timer)
      if (isStanding && !this.#given.has(socket)) onLost()
    })
  }

  #collect(reply: IncomingMessage, resolve: (reply: Reply) => void, giveUp: (why: Error) => void): void {
    const chunks: Buffer[] = []
    let bytes = 0
    reply.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > this.#options.replyBytesMax) giveUp(new Error(`a reply of ${bytes} bytes and more`))
      else chunks.push(chunk)
    })
    // A reply that is cut off ends its request, which says so.
    reply.on('error', () => {})
    reply.on('end', () => resolve({ status: reply.statusCode ?? 0, body: Buffer.concat(chunks).toString() }))
  }
}

/** isRefused tells whether nobody listens at the address: the one failure that says something about the peer at once. */
export function isRefused(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return true
  // A name with several addresses fails with all their errors at once.
  return error instanceof AggregateError && error.errors.length > 0 && error.errors.every(isRefused)
}
