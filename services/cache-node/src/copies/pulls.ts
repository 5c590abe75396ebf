/**
 * Pulls: the one way in which entries move. Whoever lacks something says what it wants from whom; it comes in batches,
 * a few of each source at a time, no faster than the throttle allows, each token from one source at a time.
 *
 *      Sync, Repair ── want ─► queue of the source ─► batch ─► batch …        ─► pulled(source, token)
 *                                                                 source dies ─► lost(source, token)
 */
import { Batch, type BatchHost } from './batch.ts'
import type { Core } from './core.ts'
import type { Holdings } from './parts.ts'
import { type Pull, PullQueue, type Want } from './pull-queue.ts'
import { Throttle } from './throttle.ts'
import { TokenSet } from './token-set.ts'

/** How long claims are let go first: commands wait for them, and nobody for a pull. */
const claimsFirstMsMax = 1_000
/** Batches under way from all sources together: what may come in at once is this many pages. */
const batchesMax = 16

/** PullListener hears how wants end. Each of them ends once, but for those that are forgotten. */
export interface PullListener {
  /** Everything of the token came that its source held when the pull started. */
  pulled(pull: Pull & { readonly startedAt: number }, token: number): void
  lost(pull: Pull, token: number): void
}

export interface PullsOptions extends Pick<BatchHost, 'core' | 'intake' | 'lacks' | 'accepts'> {
  readonly holdings: Pick<Holdings, 'isClaiming'>
}

export class Pulls {
  readonly #core: Core
  readonly #holdings: Pick<Holdings, 'isClaiming'>
  readonly #host: BatchHost
  readonly #listeners: PullListener[] = []
  readonly #queues = new Map<string, PullQueue>()
  readonly #batches = new Set<Batch>()
  /** The tokens of all batches. */
  readonly #busy = new TokenSet()
  /** Since when claims go first. */
  #claimsSince: number | undefined

  constructor({ core, holdings, intake, lacks, accepts }: PullsOptions) {
    this.#core = core
    this.#holdings = holdings
    const throttle = new Throttle(core.settings.pullBytesPerSecond)
    this.#host = { core, intake, lacks, accepts, throttle, ended: (batch, how) => this.#ended(batch, how) }
  }

  /** About how many entries are still to come. */
  get entriesLeft(): number {
    let entries = 0
    for (const queue of this.#queues.values()) entries += queue.entries
    for (const batch of this.#batches) entries += batch.entriesLeft
    return entries
  }

  tell(listener: PullListener): void {
    this.#listeners.push(listener)
  }

  /** want asks for a token; it begins with the next call of pump. What is under way already is not asked for again. */
  want(want: Want): void {
    for (const { source, tokens, purpose } of this.#batches) {
      const covers = purpose === 'sync' || want.purpose === 'repair'
      if (source === want.source && covers && tokens.has(want.digest.token)) return
    }
    let queue = this.#queues.get(want.source)
    if (queue === undefined) {
      queue = new PullQueue()
      this.#queues.set(want.source, queue)
    }
    queue.add(want)
  }

  /** forget drops wants of tokens that are not to be kept; nobody hears of them. */
  forget(keep: (token: number) => boolean): void {
    for (const queue of this.#queues.values()) queue.remove(({ digest }) => !keep(digest.token))
    for (const batch of this.#batches) {
      for (const token of batch.tokens) if (!keep(token)) this.#busy.delete(token)
      batch.narrow(keep)
    }
  }

  clear(): void {
    for (const batch of this.#batches) batch.abandon()
    this.#batches.clear()
    this.#queues.clear()
    this.#busy.clear()
  }

  /** pump starts what may start. */
  pump(): void {
    if (this.#areClaimsFirst()) return
    for (const [source, queue] of this.#queues) {
      while (this.#batches.size < batchesMax && this.#batchesOf(source) < this.#core.settings.pullsMax) {
        const wants = queue.take(this.#busy)
        if (wants.length === 0) break
        const batch = new Batch(wants, this.#host)
        this.#batches.add(batch)
        for (const token of batch.tokens) this.#busy.add(token)
        batch.step()
      }
      if (queue.size === 0) this.#queues.delete(source)
    }
  }

  tick(): void {
    this.#loseAway()
    for (const batch of [...this.#batches]) batch.step()
    this.pump()
  }

  #areClaimsFirst(): boolean {
    const { now } = this.#core
    this.#claimsSince = this.#holdings.isClaiming ? (this.#claimsSince ?? now) : undefined
    return this.#claimsSince !== undefined && now - this.#claimsSince < claimsFirstMsMax
  }

  #loseAway(): void {
    for (const [source, queue] of this.#queues) {
      if (!this.#core.isAway(source)) continue
      this.#queues.delete(source)
      for (const want of queue.remove(() => true)) this.#tellLost(want, want.digest.token)
    }
    for (const batch of [...this.#batches]) {
      if (!this.#core.isAway(batch.source)) continue
      batch.abandon()
      this.#ended(batch, 'lost')
    }
  }

  #ended(batch: Batch, how: 'pulled' | 'lost'): void {
    if (!this.#batches.delete(batch)) return
    const tokens = [...batch.tokens]
    for (const token of tokens) this.#busy.delete(token)
    for (const token of tokens) {
      if (how === 'lost') this.#tellLost(batch, token)
      else for (const listener of this.#listeners) listener.pulled(batch, token)
    }
    this.pump()
  }

  #tellLost(pull: Pull, token: number): void {
    for (const listener of this.#listeners) listener.lost(pull, token)
  }

  #batchesOf(source: string): number {
    let count = 0
    for (const batch of this.#batches) if (batch.source === source) count++
    return count
  }
}
