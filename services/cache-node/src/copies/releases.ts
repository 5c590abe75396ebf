/** The other side of a claim: giving tokens to the node that the ring gives them to. */
import type { Answers } from '../core/decide.ts'
import type { Claims } from './claims.ts'
import type { Core } from './core.ts'
import type { Sync } from './parts.ts'
import type { PeerReply, PeerRequest, TokenDigest } from './peer-request.ts'
import type { Tenure } from './tenure.ts'
import { TokenSet } from './token-set.ts'

export interface ReleasesOptions {
  readonly core: Core
  readonly tenure: Tenure
  readonly claims: Claims
  readonly sync: Pick<Sync, 'isSettled' | 'released'>
  readonly answers: (now: number) => Answers
}

export class Releases {
  readonly #options: ReleasesOptions

  constructor(options: ReleasesOptions) {
    this.#options = options
  }

  /** claimed answers a claim, at the latest when the writes in flight on its tokens are done. */
  claimed(claim: PeerRequest & { type: 'claim' }, from: string, reply: (reply: PeerReply) => void): void {
    const { core, tenure, claims, sync } = this.#options
    if (claim.ring !== core.ring.checksum) {
      core.effects.push({ type: 'suspect-ring', member: from })
      reply({ type: 'other-ring', ring: core.ring.checksum })
      return
    }
    claims.abort(claim.tokens)
    const held = this.#soleHoldings(claim.tokens)
    sync.released(claim.tokens)
    tenure.release(claim.tokens, () => reply({ type: 'released', held, digests: this.#digests(claim.tokens) }))
  }

  /** The tokens that only this node coordinates, with all that there is of them. */
  #soleHoldings(tokens: TokenSet): TokenSet {
    const { core, tenure, sync, answers } = this.#options
    const held = new TokenSet()
    if (answers(core.now) === 'fenced') return held
    for (const token of tokens) if (tenure.state(token) === 'held' && sync.isSettled(token)) held.add(token)
    return held
  }

  #digests(tokens: TokenSet): TokenDigest[] {
    const digests: TokenDigest[] = []
    for (const token of tokens) {
      const { entries, low, high } = this.#options.core.store.digest(token)
      if (entries > 0) digests.push({ token, entries, low, high })
    }
    return digests
  }
}
