/**
 * Warm connections to peers, one pool for each peer URL. Gossip and forwarded commands have links of their own, so that
 * a burst of commands never holds up a heartbeat. Names are resolved anew for each new connection, since containers
 * come back with other addresses.
 */
import { type Dispatcher, type errors, Pool } from 'undici'

export interface PeerLinksOptions {
  /** Connections to one peer at most. */
  readonly connectionsMax: number
  readonly connectTimeoutMs: number
  /** Bytes of one reply at most. */
  readonly replyBytesMax: number
  /** Called when a connection that stood is lost, and not because it was idle or closed by us. */
  readonly onLost?: (peerUrl: string) => void
}

/** Shorter than the 72 s after which a node closes idle connections, so that requests do not race with that. */
const idleMs = 60_000

export class PeerLinks {
  readonly #options: PeerLinksOptions
  readonly #pools = new Map<string, Pool>()

  constructor(options: PeerLinksOptions) {
    this.#options = options
  }

  /** to returns the pool of a peer, which connects when it is first used. */
  to(peerUrl: string): Dispatcher {
    const known = this.#pools.get(peerUrl)
    if (known !== undefined) return known
    const { connectionsMax, connectTimeoutMs, replyBytesMax, onLost } = this.#options
    const pool = new Pool(peerUrl, {
      connections: connectionsMax,
      pipelining: 1,
      connect: { timeout: connectTimeoutMs },
      keepAliveTimeout: idleMs,
      keepAliveMaxTimeout: idleMs,
      maxResponseSize: replyBytesMax,
      // Deadlines are ours, per request; those of undici tick in seconds.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
    pool.on('disconnect', (_origin, _targets, error) => {
      if (this.#pools.get(peerUrl) === pool && isLoss(error)) onLost?.(peerUrl)
    })
    this.#pools.set(peerUrl, pool)
    return pool
  }

  /** keepOnly closes the links to all other peers. */
  keepOnly(peerUrls: ReadonlySet<string>): void {
    for (const [peerUrl, pool] of this.#pools) {
      if (peerUrls.has(peerUrl)) continue
      this.#pools.delete(peerUrl)
      // Requests under way finish first; what fails, fails at its caller.
      pool.close().catch(() => {})
    }
  }

  /** destroy cuts all links; requests under way fail. */
  async destroy(): Promise<void> {
    const pools = [...this.#pools.values()]
    this.#pools.clear()
    await Promise.all(pools.map((pool) => pool.destroy()))
  }
}

/** isRefused tells whether nobody listens at the address: the one failure that says something about the peer at once. */
export function isRefused(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return true
  // A name with several addresses fails with all their errors at once.
  return error instanceof AggregateError && error.errors.length > 0 && error.errors.every(isRefused)
}

function isLoss(error: errors.UndiciError): boolean {
  return error.code === 'UND_ERR_SOCKET' || (error as NodeJS.ErrnoException).code === 'ECONNRESET'
}
