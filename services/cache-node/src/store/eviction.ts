/**
 * Eviction makes room, one entry at a time, by S3-FIFO with shares that adapt: the oldest of probation goes unless it
 * was read there; then it passes on to main, where the oldest comes round again for every time that it was read.
 *
 * Only what the node coordinates is in these two. Replicas lie in a log of their own, which gives up its oldest when
 * there is nothing else: a node does not see who reads its replicas.
 *
 * A read costs two bits in the entry, no list is touched. What the hands pass over is appended anew, so the memory
 * that eviction frees is always whole segments at the tails: evicting is compacting.
 *
 * Source: Yang et al., FIFO queues are all you need for cache eviction, 2023.
 */
import type { Engine } from './engine.ts'
import { main, probation, replicas } from './entry.ts'
import type { Log } from './log.ts'
import { passesMax, readsToPass, type Shares } from './shares.ts'

/** Bytes that one eviction may append anew, so that a write never waits for more. */
const passedBytesMax = 16 * 1024 * 1024
/** Entries that one eviction may bring to the log of replicas, where a change of roles wants them. */
const replicasMax = 1_024

export class Eviction {
  readonly #engine: Engine
  #shares: Shares | undefined
  /** Probation is still larger than the present shares want: what is too much passes to main unread. */
  #isShifting = false

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /** evictOne lets one entry go; false when there is none. */
  evictOne(shares: Shares, now: number): boolean {
    const { holdings, roles } = this.#engine
    const { fields, logs } = holdings
    const [inProbation, inMain] = [logs[probation] as Log, logs[main] as Log]
    const probationBytes = (inProbation.bytes + inMain.bytes) * shares.probation
    if (shares !== this.#shares) this.#isShifting = true
    this.#shares = shares
    const meanBytes = (inProbation.bytes + inMain.bytes) / (inProbation.entries + inMain.entries)
    let passedBytes = 0
    let replicasPassed = 0
    for (let passes = 0; ; passes++) {
      const isOver = inProbation.entries > 0 && inProbation.bytes >= probationBytes
      if (!isOver) this.#isShifting = false
      const fromProbation = isOver || inMain.entries === 0
      const address = (fromProbation ? inProbation : inMain).oldest()
      if (address === 0) return this.#evictReplica()
      if (!fields.isCurrent(address) || (fields.expires(address) && fields.deadline(address) <= now)) {
        this.#engine.drop(address, 'expired')
        return true
      }
      const frequency = fields.frequency(address)
      const size = fields.size(address)
      if (!roles.coordinates(fields.token(address)) && replicasPassed < replicasMax && passedBytes < passedBytesMax) {
        holdings.relog(address, replicas)
        replicasPassed++
        passedBytes += size
        continue
      }
      const mayPass = passes - replicasPassed < passesMax && passedBytes + size <= passedBytesMax
      if (!mayPass || (frequency < readsToPass(size, meanBytes) && !this.#isShifting)) {
        this.#engine.drop(address, fromProbation ? 'evicted' : 'retired')
        return true
      }
      fields.setFrequency(address, fromProbation || shares.probation === 0 ? 0 : Math.max(0, frequency - 1))
      holdings.relog(address, main)
      passedBytes += size
    }
  }

  /** The hands of probation and main have nothing under them. */
  #evictReplica(): boolean {
    const address = (this.#engine.holdings.logs[replicas] as Log).oldest()
    if (address !== 0) this.#engine.drop(address, 'evicted')
    return address !== 0
  }
}
