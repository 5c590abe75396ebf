/**
 * StandIns: for whom this node may coordinate. Whoever is an owner of a token, and was told by its coordinator that it
 * holds it, may stand in when that one goes: whoever held it before has released it, and this node was told of all
 * writes since. Without that word, another may hold the token still: the coordinator had not claimed it yet, or was
 * gone already when this node became an owner, and another was its replica.
 *
 *      coordinator ── recall, compare ──► owner        that is the word: both name only what their sender holds
 */
import type { Ring } from '@ringhold/sdk/ring'
import type { Core } from './core.ts'
import { TokenSet } from './token-set.ts'

export class StandIns {
  readonly #core: Core
  /** The tokens that this node is an owner of and whose coordinator has given its word. */
  readonly #told = new TokenSet()
  readonly #heardAt = new Map<string, number>()
  #ring: Ring | undefined

  constructor(core: Core) {
    this.#core = core
  }

  /** heard says that a member asked or answered something. */
  heard(member: string): void {
    this.#heardAt.set(member, this.#core.now)
  }

  /** told says that a member holds these tokens. */
  told(tokens: Iterable<number>, member: string): void {
    const { ring, self } = this.#core
    const { table, ownersPerToken } = ring
    const [index, own] = [indexIn(ring, member), indexIn(ring, self)]
    if (index < 0 || own < 0) return
    for (const token of tokens) {
      const at = token * ownersPerToken
      if (table[at] !== index) continue
      for (let rank = 1; rank < ownersPerToken; rank++) if (table[at + rank] === own) this.#told.add(token)
    }
  }

  /** ringChanged keeps what was said by who coordinates its token still, as far as this node is still an owner. */
  ringChanged(): void {
    const { ring, self, view } = this.#core
    for (const name of this.#heardAt.keys()) if (!view.has(name)) this.#heardAt.delete(name)
    const before = this.#ring
    if (ring === before) return
    this.#ring = ring
    for (const token of this.#told) {
      const isSame = ring.coordinator(token) === before?.coordinator(token)
      if (!isSame || !ring.owners(token).includes(self)) this.#told.delete(token)
    }
  }

  /** hasHeard tells whether a member has asked or answered something since then. */
  hasHeard(member: string, since: number): boolean {
    return (this.#heardAt.get(member) ?? Number.NEGATIVE_INFINITY) > since
  }

  /** may tells whether this node may coordinate a token in the stead of its coordinator. */
  may(token: number): boolean {
    return this.#told.has(token)
  }
}

function indexIn({ members }: Ring, member: string): number {
  return members.findIndex(({ name }) => name === member)
}
