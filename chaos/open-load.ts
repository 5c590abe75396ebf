/**
 * Load in an open loop: operations are due at fixed times, whether or not earlier ones have come back. A closed loop
 * would stop asking just when the fleet is slow, and report the silence as good service (coordinated omission).
 */
import type { Client, Operation } from './operation.ts'

export interface OpenLoadOptions {
  readonly clients: readonly Client[]
  readonly keys: readonly string[]
  readonly perSecond: number
  /** Share of reads. Default: 0.8. */
  readonly reads?: number
  /** Names the writer in its values, which must be unique. Default: 'load'. */
  readonly writer?: string
}

const tickMs = 5
/** Operations under way at most; what is due beyond is left out and counted: then the run says nothing. */
const underWayMax = 20_000

export class OpenLoad {
  /** How many operations could not be begun. */
  leftOut = 0
  readonly #options: OpenLoadOptions
  readonly #underWay = new Set<Promise<Operation>>()
  #timer: NodeJS.Timeout | undefined
  #begunMs = 0
  #count = 0

  constructor(options: OpenLoadOptions) {
    this.#options = options
  }

  start(): void {
    this.#begunMs = performance.now()
    this.#timer = setInterval(() => this.#tick(), tickMs)
  }

  /** stop begins nothing more and resolves when everything has come back. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#underWay)
  }

  #tick(): void {
    const { perSecond } = this.#options
    const due = Math.floor(((performance.now() - this.#begunMs) * perSecond) / 1000)
    while (this.#count < due) {
      this.#count++
      if (this.#underWay.size >= underWayMax) this.leftOut++
      else this.#begin(this.#begunMs + (this.#count * 1000) / perSecond)
    }
  }

  #begin(dueMs: number): void {
    const { clients, keys, reads = 0.8, writer = 'load' } = this.#options
    const client = clients[this.#count % clients.length] as Client
    const key = keys[Math.floor(Math.random() * keys.length)] as string
    const isRead = Math.random() < reads
    const run = isRead ? client.get(key, dueMs) : client.set(key, `${key} ${writer}:${this.#count}`, dueMs)
    this.#underWay.add(run)
    void run.finally(() => this.#underWay.delete(run))
  }
}
