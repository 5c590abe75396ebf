/**
 * Recalls: a node that coordinates tokens provisionally calls back the one in whose stead it does, until that one has
 * claimed them; and the one that is called claims anew, also when it held them all the time and was merely out of reach.
 */
import type { Claims } from './claims.ts'
import type { Core } from './core.ts'
import type { Tenure } from './tenure.ts'
import { TokenSet } from './token-set.ts'

export class Recalls {
  readonly #core: Core
  readonly #tenure: Tenure
  readonly #claims: Claims
  #dueAt = 0

  constructor({ core, tenure, claims }: { core: Core; tenure: Tenure; claims: Claims }) {
    this.#core = core
    this.#tenure = tenure
    this.#claims = claims
  }

  /** recalled takes note that another node coordinates tokens in the stead of this one. */
  recalled(tokens: TokenSet): void {
    const mine = new TokenSet()
    for (const token of tokens) if (this.#tenure.isMine(token)) mine.add(token)
    this.#claims.claimAnew(mine, 'owners')
  }

  tick(): void {
    const { now, settings } = this.#core
    if (now < this.#dueAt || this.#tenure.count('provisional') === 0) return
    this.#dueAt = now + settings.recallIntervalMs
    const tokensOf = new Map<string, TokenSet>()
    for (const token of this.#tenure.tokens('provisional')) {
      const coordinator = this.#core.ring.coordinator(token)
      if (coordinator === undefined || coordinator === this.#core.self) continue
      const tokens = tokensOf.get(coordinator) ?? new TokenSet()
      tokens.add(token)
      tokensOf.set(coordinator, tokens)
    }
    for (const [coordinator, tokens] of tokensOf) this.#core.ask(coordinator, { type: 'recall', tokens }, () => {})
  }
}
