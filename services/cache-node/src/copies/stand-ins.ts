/**
 * StandIns: for whom this node may coordinate. Whoever is an owner of a token, and heard of its coordinator since it
 * became one, may stand in when that one goes: it was told of all writes. Who became an owner only later may not. When
 * the coordinator went, another was its replica, who may stand in already; and here is nothing of the token yet.
 */
import { type Ring, tokenCount } from '@ringhold/sdk/ring'
import type { Core } from './core.ts'

export class StandIns {
  readonly #core: Core
  /** Since when this node is an owner of each token, on its monotonic clock; NaN: it is none. */
  readonly #ownerSince = new Float64Array(tokenCount).fill(Number.NaN)
  readonly #heardAt = new Map<string, number>()
  #ring: Ring | undefined

  constructor(core: Core) {
    this.#core = core
  }

  /** heard says that a member asked or answered something. */
  heard(member: string): void {
    this.#heardAt.set(member, this.#core.now)
  }

  ringChanged(): void {
    const { ring, self, now, view } = this.#core
    for (const name of this.#heardAt.keys()) if (!view.has(name)) this.#heardAt.delete(name)
    if (ring === this.#ring) return
    this.#ring = ring
    const { table, ownersPerToken } = ring
    const index = ring.members.findIndex(({ name }) => name === self)
    for (let token = 0; token < tokenCount; token++) {
      let isOwner = false
      for (let rank = 0; rank < ownersPerToken; rank++) isOwner ||= table[token * ownersPerToken + rank] === index
      if (!isOwner) this.#ownerSince[token] = Number.NaN
      else if (Number.isNaN(this.#ownerSince[token])) this.#ownerSince[token] = now
    }
  }

  /** hasHeard tells whether a member has asked or answered something since then. */
  hasHeard(member: string, since: number): boolean {
    return (this.#heardAt.get(member) ?? Number.NEGATIVE_INFINITY) > since
  }

  /** may tells whether this node may coordinate a token in the stead of that member. */
  may(token: number, coordinator: string): boolean {
    return this.hasHeard(coordinator, this.#ownerSince[token] as number)
  }
}
