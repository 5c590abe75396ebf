/**
 * Differences: where peers hold something else than this node, as digests tell. While writes go on, digests differ for
 * moments, so nothing moves before a token has differed twice. What is left when everything was listed is known not to
 * go away by listing again (a replica that is full, an entry that its coordinator evicts just now): it is left alone
 * until it changes.
 *
 *      equal ─► new ─► again: pull ─► listed ─► known, while the difference is exactly the same
 *        ^────────────── equal ───────────────────┘                             otherwise again
 */
import type { Core } from './core.ts'
import type { TokenDigest } from './peer-request.ts'

export type Verdict = 'equal' | 'new' | 'again' | 'known'

/** Difference is what is here less what is there. */
interface Difference {
  readonly entries: number
  readonly low: number
  readonly high: number
  noticedAt: number
  /** Until when it is not worth another look. */
  knownUntil: number
  /** Whether the peer was told to let go of part of it, since it was last listed. */
  isToGo: boolean
}

/** After so many comparisons the known is looked at once more: the replica may have room again. */
const comparisonsPerLook = 64

export class Differences {
  readonly #core: Core
  readonly #ofPeers = new Map<string, Map<number, Difference>>()

  constructor(core: Core) {
    this.#core = core
  }

  judge(peer: string, theirs: TokenDigest): Verdict {
    const { token } = theirs
    const mine = this.#core.store.digest(token)
    const entries = mine.entries - theirs.entries
    const low = (mine.low - theirs.low) | 0
    const high = (mine.high - theirs.high) | 0
    const known = this.#ofPeers.get(peer)
    const before = known?.get(token)
    if (entries === 0 && low === 0 && high === 0) {
      known?.delete(token)
      return 'equal'
    }
    const isSame = before?.entries === entries && before.low === low && before.high === high
    if (isSame && before.knownUntil > this.#core.now) return 'known'
    const noticedAt = isSame ? before.noticedAt : this.#core.now
    const isToGo = isSame && before.isToGo
    this.#differencesOf(peer).set(token, { entries, low, high, noticedAt, knownUntil: 0, isToGo })
    return before === undefined ? 'new' : 'again'
  }

  /**
   * listed says that all was looked at that a peer held of a token at a time, and pulled where it is lacking. A difference
   * noticed later may have come about after the list was made.
   */
  listed(peer: string, { token, startedAt }: { readonly token: number; readonly startedAt: number }): void {
    const { now, settings } = this.#core
    const difference = this.#ofPeers.get(peer)?.get(token)
    if (difference === undefined || difference.noticedAt > startedAt) return
    if (!difference.isToGo) difference.knownUntil = now + comparisonsPerLook * settings.compareIntervalMs
    difference.isToGo = false
  }

  /** toldToLetGo says that a peer was told to evict something of a token that it has and this node has not. */
  toldToLetGo(peer: string, token: number): void {
    const difference = this.#ofPeers.get(peer)?.get(token)
    if (difference !== undefined) difference.isToGo = true
  }

  /** equal says that nothing differs of these tokens. */
  equal(peer: string, tokens: readonly number[]): void {
    const known = this.#ofPeers.get(peer)
    if (known === undefined || known.size === 0) return
    for (const token of tokens) known.delete(token)
  }

  forget(peer: string): void {
    this.#ofPeers.delete(peer)
  }

  /** retain forgets all but these peers. */
  retain(peers: readonly string[]): void {
    for (const peer of this.#ofPeers.keys()) if (!peers.includes(peer)) this.#ofPeers.delete(peer)
  }

  /**
   * reconsider says that entries may have gone from here since: what is known to have been pulled may be lacking again, in
   * exactly the same way.
   */
  reconsider(): void {
    for (const differences of this.#ofPeers.values()) {
      for (const difference of differences.values()) {
        difference.knownUntil = 0
        difference.noticedAt = this.#core.now
      }
    }
  }

  #differencesOf(peer: string): Map<number, Difference> {
    let differences = this.#ofPeers.get(peer)
    if (differences === undefined) {
      differences = new Map()
      this.#ofPeers.set(peer, differences)
    }
    return differences
  }
}
