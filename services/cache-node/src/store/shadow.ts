/**
 * Shadow: the store's eviction in miniature, under one setting of shares, on a sample of the keys and without values.
 * It tells how many reads of the sample the store would have answered, had it run under that setting all along.
 *
 * It keeps to the rules of eviction.ts; the model is Waldspurger et al., Cache Modeling and Optimization using
 * Miniature Simulations, 2017.
 */
import { fullUntilShare, maySkipProbation, passesMax, readsToPass, type Shares } from './shares.ts'

const ghostShare = 0.9

interface Item {
  readonly hash: number
  bytes: number
  frequency: number
  log: Queue
  gone: boolean
}

/** Queue is first in, first out, without moving what is left at every take. */
class Queue {
  bytes = 0
  #items: Item[] = []
  #taken = 0

  push(item: Item): void {
    item.log = this
    this.#items.push(item)
    this.bytes += item.bytes
  }

  take(): Item | undefined {
    while (this.#taken < this.#items.length) {
      const item = this.#items[this.#taken++] as Item
      if (this.#taken > 1_024 && this.#taken * 2 > this.#items.length) {
        this.#items = this.#items.slice(this.#taken)
        this.#taken = 0
      }
      if (item.gone) continue
      this.bytes -= item.bytes
      return item
    }
    return undefined
  }

  keep(stays: (item: Item) => boolean): void {
    this.#items = this.#items.slice(this.#taken).filter((item) => !item.gone && stays(item))
    this.#taken = 0
    this.bytes = this.#items.reduce((sum, item) => sum + item.bytes, 0)
  }
}

export class Shadow {
  /** Reads that it answered; the tuner lets it fade. */
  hits = 0
  readonly #probationShare: number
  readonly #maySkip: boolean
  readonly #items = new Map<number, Item>()
  readonly #probation = new Queue()
  readonly #main = new Queue()
  /** Evicted hashes by the number of their eviction, oldest first. */
  readonly #ghosts = new Map<number, number>()
  #evictions = 0
  #isFull = false

  constructor(shares: Shares) {
    this.#probationShare = shares.probation
    this.#maySkip = shares.maySkip
  }

  get entries(): number {
    return this.#items.size
  }

  get bytes(): number {
    return this.#probation.bytes + this.#main.bytes
  }

  /** read counts a read and tells whether the shadow has the key. */
  read(hash: number): boolean {
    const item = this.#items.get(hash)
    if (item === undefined) return false
    if (item.frequency < 3) item.frequency++
    this.hits++
    return true
  }

  write(hash: number, bytes: number, bytesMax: number): void {
    const present = this.#items.get(hash)
    if (present !== undefined) {
      present.log.bytes += bytes - present.bytes
      present.bytes = bytes
    }
    const wasFull = this.#makeRoom(present === undefined ? bytesMax - bytes : bytesMax)
    if (present !== undefined) return
    const evicted = this.#ghosts.get(hash)
    this.#ghosts.delete(hash)
    const isRecent = evicted !== undefined && this.#evictions - evicted <= this.#items.size * ghostShare
    const isWanted = isRecent && this.#maySkip && maySkipProbation(bytes, this.#meanBytes())
    const hasRoom = this.#maySkip ? !wasFull : !this.#isFull
    const fills = hasRoom && this.#main.bytes < bytesMax * (1 - this.#probationShare)
    const toMain = isWanted || this.#probationShare === 0 || fills
    const queue = toMain ? this.#main : this.#probation
    const item: Item = { hash, bytes, frequency: 0, log: queue, gone: false }
    this.#items.set(hash, item)
    queue.push(item)
  }

  remove(hash: number): void {
    const item = this.#items.get(hash)
    if (item === undefined) return
    item.gone = true
    item.log.bytes -= item.bytes
    this.#items.delete(hash)
  }

  /** keep drops what a thinner sample has no more. */
  keep(isSampled: (hash: number) => boolean): void {
    for (const hash of this.#items.keys()) if (!isSampled(hash)) this.#items.delete(hash)
    for (const hash of this.#ghosts.keys()) if (!isSampled(hash)) this.#ghosts.delete(hash)
    this.#probation.keep(({ hash }) => isSampled(hash))
    this.#main.keep(({ hash }) => isSampled(hash))
  }

  #meanBytes(): number {
    return this.bytes / this.#items.size
  }

  #makeRoom(room: number): boolean {
    let wasFull = false
    if (this.bytes < room * fullUntilShare) this.#isFull = false
    while (this.bytes > room && this.#items.size > 0) {
      wasFull = true
      this.#evict()
    }
    if (wasFull) this.#isFull = true
    return wasFull
  }

  #evict(): void {
    const meanBytes = this.#meanBytes()
    for (let passes = 0; ; passes++) {
      const probation = this.#probation.bytes
      const wanted = (probation + this.#main.bytes) * this.#probationShare
      const fromProbation = this.#main.bytes === 0 || (probation > 0 && probation >= wanted)
      const item = (fromProbation ? this.#probation : this.#main).take()
      if (item === undefined) return
      if (passes < passesMax && item.frequency >= readsToPass(item.bytes, meanBytes)) {
        item.frequency = fromProbation || this.#probationShare === 0 ? 0 : item.frequency - 1
        this.#main.push(item)
        continue
      }
      this.#items.delete(item.hash)
      if (fromProbation) this.#remember(item.hash)
      return
    }
  }

  #remember(hash: number): void {
    this.#ghosts.set(hash, this.#evictions++)
    for (const [oldest, evicted] of this.#ghosts) {
      if (this.#evictions - evicted <= this.#items.size * ghostShare) break
      this.#ghosts.delete(oldest)
    }
  }
}
