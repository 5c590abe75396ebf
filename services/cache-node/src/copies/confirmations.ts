/**
 * Confirmations: which other owners are known to hold what this node holds of the tokens that it coordinates. A bit for
 * each owner by its rank; with a new ring, owners keep what they confirmed.
 */
import { type Ring, tokenCount } from '@ringhold/sdk/ring'

/** The ranks that have a bit. A fleet with more copies than that counts as confirmed beyond them. */
const ranksMax = 32

export class Confirmations {
  readonly #bits = new Uint32Array(tokenCount)
  #ring: Ring
  /** The member that was asked for last, and where it stands in the ring: one is asked for many tokens in a row. */
  #name = ''
  #index = -1
  /** How often a confirmation was taken back so far. */
  revocations = 0

  constructor(ring: Ring) {
    this.#ring = ring
  }

  /** turn carries over what was confirmed under the ring before. */
  turn(ring: Ring): void {
    const before = this.#ring
    if (before === ring) return
    this.#ring = ring
    this.#name = ''
    this.revocations++
    const { table, ownersPerToken } = before
    const indexes = before.members.map(({ name }) => ring.members.findIndex((member) => member.name === name))
    for (let token = 0; token < tokenCount; token++) {
      const bits = this.#bits[token] as number
      if (bits === 0) continue
      this.#bits[token] = 0
      for (let rank = 0; rank < Math.min(ownersPerToken, ranksMax); rank++) {
        if ((bits & (1 << rank)) === 0) continue
        const now = this.#rankAt(token, indexes[table[token * ownersPerToken + rank] as number] as number)
        if (now >= 0) this.#bits[token] = (this.#bits[token] as number) | (1 << now)
      }
    }
  }

  confirm(token: number, owner: string): void {
    const rank = this.#rankOf(token, owner)
    if (rank >= 0) this.#bits[token] = (this.#bits[token] as number) | (1 << rank)
  }

  revoke(token: number, owner: string): void {
    const rank = this.#rankOf(token, owner)
    if (rank < 0) return
    this.revocations++
    this.#bits[token] = (this.#bits[token] as number) & ~(1 << rank)
  }

  /** revokeAll forgets what an owner confirmed of any token. */
  revokeAll(owner: string): void {
    for (let token = 0; token < tokenCount; token++) if (this.#bits[token] !== 0) this.revoke(token, owner)
  }

  /** clear forgets what anybody confirmed of a token. */
  clear(token: number): void {
    this.revocations++
    this.#bits[token] = 0
  }

  /** isDue tells whether that member is an owner of the token beside the coordinator that has not confirmed it. */
  isDue(token: number, member: string): boolean {
    const rank = this.#rankOf(token, member)
    return rank > 0 && ((this.#bits[token] as number) & (1 << rank)) === 0
  }

  isOwner(token: number, member: string): boolean {
    return this.#rankOf(token, member) > 0
  }

  /** lacking is how many owners beside the coordinator have not confirmed. */
  lacking(token: number): number {
    let lacking = Math.min(this.#ring.ownersPerToken, ranksMax) - 1
    for (let rest = (this.#bits[token] as number) & ~1; rest !== 0; rest &= rest - 1) lacking--
    return Math.max(0, lacking)
  }

  /** The rank of a member among the owners of a token; −1: none that has a bit. */
  #rankOf(token: number, name: string): number {
    return this.#rankAt(token, this.#indexOf(name))
  }

  #rankAt(token: number, index: number): number {
    if (index < 0) return -1
    const { table, ownersPerToken } = this.#ring
    for (let rank = 0; rank < Math.min(ownersPerToken, ranksMax); rank++) {
      if (table[token * ownersPerToken + rank] === index) return rank
    }
    return -1
  }

  #indexOf(name: string): number {
    if (name !== this.#name) {
      this.#name = name
      this.#index = this.#ring.members.findIndex((member) => member.name === name)
    }
    return this.#index
  }
}
