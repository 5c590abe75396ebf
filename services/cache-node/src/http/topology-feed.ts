/** The topology as bytes with an ETag, and those who wait for it to change. */
import { createHash } from 'node:crypto'
import type { Topology } from '@ringhold/sdk/protocol'

/** waitersMax is how many requests may wait for a change at a time; more are answered at once. */
export const waitersMax = 1_024

export interface TopologyText {
  readonly etag: string
  readonly body: Buffer
}

export class TopologyFeed {
  readonly #topology: () => Topology
  readonly #waiters = new Set<() => void>()
  #current: TopologyText | undefined
  #isClosed = false

  /** `topology` is called anew after each change. */
  constructor(topology: () => Topology) {
    this.#topology = topology
  }

  /** How many wait for a change now. */
  get waiting(): number {
    return this.#waiters.size
  }

  current(): TopologyText {
    if (this.#current === undefined) {
      const body = Buffer.from(JSON.stringify(this.#topology()))
      const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
      this.#current = { etag, body }
    }
    return this.#current
  }

  /** changed must be called whenever the topology may have changed; who waits is woken if it really has. */
  changed(): void {
    const before = this.#current?.etag
    this.#current = undefined
    if (this.#waiters.size > 0 && this.current().etag !== before) this.#wake()
  }

  /** nextChange resolves when the topology has changed, the time is up, `signal` aborts, or too many wait already. */
  nextChange(waitMs: number, signal: AbortSignal): Promise<void> {
    if (this.#isClosed || signal.aborted || this.#waiters.size >= waitersMax) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', wake)
        this.#waiters.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, waitMs)
      signal.addEventListener('abort', wake)
      this.#waiters.add(wake)
    })
  }

  /** close wakes all who wait, and lets nobody wait any more. */
  close(): void {
    this.#isClosed = true
    this.#wake()
  }

  #wake(): void {
    for (const wake of [...this.#waiters]) wake()
  }
}
