/**
 * Warm connections to peers for gossip, which are not those for copies: a burst of those never holds up a heartbeat. An
 * exchange takes a connection to its peer that has none under way, or makes one; how many are under way the core bounds.
 * Names are resolved anew for each new connection, since containers come back with other addresses.
 */
import { FrameWriter } from '@ringhold/sdk/protocol'
import { type Asked, GossipConnection, type Traffic } from './gossip-connection.ts'

export interface GossipLinksOptions {
  readonly traffic: Traffic
  /** Until a connection stands, in milliseconds. */
  readonly connectTimeoutMs: number
  /** How long one without exchanges stays, in milliseconds. Default: 60,000. */
  readonly idleMs?: number
  /** Called when a connection that stood is lost, and not because we closed it. */
  readonly onLost: (peerUrl: string) => void
}

export class GossipLinks {
  readonly #options: GossipLinksOptions
  readonly #writer = new FrameWriter()
  readonly #connections = new Map<string, Set<GossipConnection>>()
  /** Connections to who is no peer any more: closed when their exchange is over. */
  readonly #retired = new Set<GossipConnection>()
  #isDestroyed = false

  constructor(options: GossipLinksOptions) {
    this.#options = options
  }

  /** ask begins an exchange with the peer at this URL. Once all is destroyed, nobody hears of it again. */
  ask(peerUrl: string, asked: Asked): void {
    if (this.#isDestroyed) return
    const connection = this.#idleTo(peerUrl) ?? this.#connect(peerUrl)
    connection.ask(asked)
  }

  /** look is to be called several times a second: it gives up what takes too long. */
  look(now: number): void {
    for (const connections of [...this.#connections.values()]) for (const each of [...connections]) each.look(now)
    for (const each of [...this.#retired]) {
      if (!each.isIdle) each.look(now)
      else this.#end(each)
    }
  }

  /** keepOnly closes the links to all other peers; exchanges under way finish first. */
  keepOnly(peerUrls: ReadonlySet<string>): void {
    for (const [peerUrl, connections] of this.#connections) {
      if (peerUrls.has(peerUrl)) continue
      this.#connections.delete(peerUrl)
      for (const each of connections) this.#retired.add(each)
    }
  }

  /** destroy cuts all links. */
  destroy(): void {
    this.#isDestroyed = true
    for (const connections of this.#connections.values()) for (const each of connections) each.destroy()
    for (const each of this.#retired) each.destroy()
    this.#connections.clear()
    this.#retired.clear()
  }

  #end(connection: GossipConnection): void {
    this.#retired.delete(connection)
    connection.destroy()
  }

  #idleTo(peerUrl: string): GossipConnection | undefined {
    for (const each of this.#connections.get(peerUrl) ?? []) if (each.isIdle) return each
    return undefined
  }

  #connect(peerUrl: string): GossipConnection {
    const { traffic, connectTimeoutMs, idleMs = 60_000, onLost } = this.#options
    const connections = this.#connections.get(peerUrl) ?? new Set()
    this.#connections.set(peerUrl, connections)
    const connection = new GossipConnection({
      peerUrl,
      connectTimeoutMs,
      idleMs,
      writer: this.#writer,
      traffic,
      onClosed: (closed, isLost) => {
        if (this.#retired.delete(closed)) return
        connections.delete(closed)
        if (connections.size === 0) this.#connections.delete(peerUrl)
        if (isLost) onLost(peerUrl)
      },
    })
    connections.add(connection)
    return connection
  }
}
