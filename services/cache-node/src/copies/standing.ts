/** Standing is what this node is to each token by its present ring, computed once for each ring. */
import { type Ring, tokenCount } from '@ringhold/sdk/ring'
import type { Core } from './core.ts'

const noOwner = -1

export class Standing {
  readonly #core: Core
  readonly #ranks = new Int16Array(tokenCount).fill(noOwner)
  #coordinated: readonly number[] = []
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

  /** coordinated lists the tokens that the ring gives to this node, in ascending order. */
  get coordinated(): readonly number[] {
    if (this.#ring !== this.#core.ring) this.#compute(this.#core.ring)
    return this.#coordinated
  }

  #compute(ring: Ring): void {
    this.#ring = ring
    this.#ranks.fill(noOwner)
    this.#coordinated = []
    const self = ring.members.findIndex(({ name }) => name === this.#core.self)
    if (self < 0) return
    const { table, ownersPerToken } = ring
    const coordinated: number[] = []
    for (let token = 0, at = 0; token < tokenCount; token++) {
      for (let rank = 0; rank < ownersPerToken; rank++, at++) {
        if (table[at] !== self) continue
        this.#ranks[token] = rank
        if (rank === 0) coordinated.push(token)
      }
    }
    this.#coordinated = coordinated
  }
}
