/** Standing is what this node is to each token by its present ring, computed once for each ring. */
import { type Ring, tokenCount } from '@ringhold/sdk/ring'
import type { Core } from './core.ts'

const noOwner = -1

export class Standing {
  readonly #core: Core
  readonly #ranks = new Int16Array(tokenCount).fill(noOwner)
  #ring: Ring | undefined

  constructor(core: Core) {
    this.#core = core
  }

  /** rank is where this node stands among the owners of a token: 0 as its coordinator, −1 when it is none of them. */
  rank(token: number): number {
    if (this.#ring !== this.#core.ring) this.#compute(this.#core.ring)
    return this.#ranks[token] as number
  }

  isOwner(token: number): boolean {
    return this.rank(token) !== noOwner
  }

  #compute(ring: Ring): void {
    this.#ring = ring
    this.#ranks.fill(noOwner)
    const self = ring.members.findIndex(({ name }) => name === this.#core.self)
    if (self < 0) return
    const { table, ownersPerToken } = ring
    for (let at = 0; at < table.length; at++) {
      if (table[at] === self) this.#ranks[Math.floor(at / ownersPerToken)] = at % ownersPerToken
    }
  }
}
