/**
 * Recalls: a node that coordinates tokens provisionally calls back the one in whose stead it does, until that one has
 * claimed them; and the one that is called claims anew, also when it held them all the time and was merely out of reach.
 *
 * So does a node that holds what the ring gives to another, if that one does not claim it: two fleets that came up apart
 * and then met both held every token, and no death made anybody claim.
 */
import { type Ring, tokenCount } from '@ringhold/sdk/ring'
import type { Claims } from './claims.ts'
import type { Core } from './core.ts'
import type { Tenure } from './tenure.ts'
import { TokenSet } from './token-set.ts'

export class Recalls {
  readonly #core: Core
  readonly #tenure: Tenure
  readonly #claims: Claims
  #dueAt = 0
  /** Under which ring, and after how many changes of tenure, there was nothing to call back. */
  #calm: { readonly ring: Ring; readonly changes: number } | undefined

  constructor({ core, tenure, claims }: { core: Core; tenure: Tenure; claims: Claims }) {
    this.#core = core
    this.#tenure = tenure
    this.#claims = claims
  }

  /**
   * recalled takes note that another node coordinates tokens in the stead of this one. Of what came here a moment ago that
   * may have been said before it was released, and claiming it once more has its commands wait once more; if it is so,
   * it is said again.
   */
  recalled(tokens: TokenSet, by: string): void {
    const { ring, now, settings } = this.#core
    const [asOwner, asStranger] = [new TokenSet(), new TokenSet()]
    for (const token of tokens) {
      const isNew =
        this.#tenure.state(token) === 'held' && now - this.#tenure.heldSince(token) < settings.recallIntervalMs
      if (!isNew && this.#tenure.isMine(token)) (ring.owners(token).includes(by) ? asOwner : asStranger).add(token)
    }
    this.#claims.claimAnew(asOwner, 'owners')
    this.#claims.claimAnew(asStranger, 'everybody')
  }

  tick(): void {
    const { now, settings } = this.#core
    if (now < this.#dueAt) return
    this.#dueAt = now + settings.recallIntervalMs
    const { ring, self } = this.#core
    const { changes } = this.#tenure
    if (this.#calm?.ring === ring && this.#calm.changes === changes) return
    const tokensOf = new Map<string, TokenSet>()
    for (let token = 0; token < tokenCount; token++) {
      if (!this.#tenure.holds(token)) continue
      const coordinator = ring.coordinator(token)
      if (coordinator === undefined || coordinator === self) continue
      const tokens = tokensOf.get(coordinator) ?? new TokenSet()
      tokens.add(token)
      tokensOf.set(coordinator, tokens)
    }
    this.#calm = tokensOf.size === 0 ? { ring, changes } : undefined
    for (const [coordinator, tokens] of tokensOf) this.#core.ask(coordinator, { type: 'recall', tokens }, () => {})
  }
}
