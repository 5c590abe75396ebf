/** The client of a fleet. */
import { Cache } from './cache.ts'
import { type ClientStats, type ClientStatus, Engine } from './engine.ts'
import type { RingholdEvents } from './events.ts'
import { checkTimeoutMs, type RingholdOptions, settingsOf } from './options.ts'
import { checkKey, type Topology } from './protocol/index.ts'
import type { Ring } from './ring/index.ts'

/** closeTimeoutMs is how long close() waits for calls under way unless it is told otherwise. */
export const closeTimeoutMs = 5000

/**
 * Ringhold is a client of a fleet, and at the same time its key space `cache` (default: 'default').
 *
 *      await using cache = await Ringhold.connect({ nodes: ['http://127.0.0.1:7001'] })
 *
 * It learns the ring from any one seed, sends each key straight to its owner and follows changes. One client serves a
 * whole process. An idle client does not keep the process alive; a call under way does.
 */
export class Ringhold extends Cache {
  readonly #engine: Engine

  /** Makes a client that connects with its first call. Throws RINGHOLD_BAD_OPTION at once for a wrong option. */
  constructor(options: RingholdOptions) {
    const settings = settingsOf(options)
    const engine = new Engine(settings)
    super(engine, settings.cache)
    this.#engine = engine
  }

  /**
   * connect makes a client and reads the topology from whichever seed answers first. Rejects with RINGHOLD_BAD_OPTION,
   * and with RINGHOLD_NO_NODES within `connectTimeoutMs` where none answers (with `failOpen` it resolves all the same).
   */
  static async connect(options: RingholdOptions): Promise<Ringhold> {
    const client = new Ringhold(options)
    try {
      await client.connect()
      return client
    } catch (error) {
      await client.destroy()
      throw error
    }
  }

  /** connect reads the first topology, as the first call would. For clients made with `new`. */
  async connect(): Promise<this> {
    await this.#engine.connect()
    return this
  }

  /** cache returns another key space over the same connections. Throws RINGHOLD_BAD_CACHE for a name that is not usable. */
  cache(name: string): Cache {
    return new Cache(this.#engine, name)
  }

  get status(): ClientStatus {
    return this.#engine.status
  }

  /** topology is the newest that was read; undefined before the first. */
  get topology(): Topology | undefined {
    return this.#engine.fleet.routes?.topology
  }

  /** ring is the ring of the topology; undefined before the first. */
  get ring(): Ring | undefined {
    return this.#engine.fleet.routes?.ring
  }

  /** ownerOf returns the name of the node that a key is sent to; undefined before the first topology. Throws RINGHOLD_BAD_KEY. */
  ownerOf(key: string): string | undefined {
    checkKey(key)
    return this.#engine.fleet.ownerOf(key)
  }

  /** nodeUrl returns where the client reaches a node, after the addressMap; undefined for a name that is not on the ring. */
  nodeUrl(name: string): string | undefined {
    return this.#engine.fleet.urls.get(name)
  }

  /** stats returns the counters of the client. */
  stats(): ClientStats {
    return this.#engine.stats()
  }

  on<E extends keyof RingholdEvents>(event: E, listener: (...args: RingholdEvents[E]) => void): this {
    this.#engine.events.on(event, listener)
    return this
  }

  once<E extends keyof RingholdEvents>(event: E, listener: (...args: RingholdEvents[E]) => void): this {
    this.#engine.events.once(event, listener)
    return this
  }

  off<E extends keyof RingholdEvents>(event: E, listener: (...args: RingholdEvents[E]) => void): this {
    this.#engine.events.off(event, listener)
    return this
  }

  /** close refuses new calls, lets those under way end (for `timeoutMs` at most, default 5,000) and closes all connections. */
  async close({ timeoutMs = closeTimeoutMs }: { readonly timeoutMs?: number } = {}): Promise<void> {
    checkTimeoutMs(timeoutMs)
    return this.#engine.close(timeoutMs)
  }

  /** destroy closes at once: calls under way reject with RINGHOLD_CLOSED. */
  destroy(): Promise<void> {
    return this.#engine.destroy()
  }

  /** Closes the client at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
