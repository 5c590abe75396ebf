/** The ring that follows from the view of this node, computed anew only when something changed that a ring depends on. */
import type { View } from '@ringhold/sdk/membership'
import { isOnRing } from '@ringhold/sdk/protocol'
import { Ring, type RingInput } from '@ringhold/sdk/ring'

export class RingOfView {
  readonly #seed: number
  readonly #copies: number
  readonly #ringOf: (input: RingInput) => Ring
  #ring: Ring
  /** What the ring was computed from, as text: far cheaper to compare than rings are to compute. */
  #basis = ''

  /** `ringOf` computes a ring; whoever runs many nodes in one process passes one that remembers. */
  constructor(
    fleet: { readonly seed: number; readonly copies: number },
    ringOf: (input: RingInput) => Ring = (input) => new Ring(input),
  ) {
    this.#seed = fleet.seed
    this.#copies = fleet.copies
    this.#ringOf = ringOf
    this.#ring = ringOf({ members: [], seed: fleet.seed, copies: fleet.copies })
  }

  get ring(): Ring {
    return this.#ring
  }

  /** update takes the new view and tells whether the ring changed with it. */
  update(view: View): boolean {
    const members = [...view.values()]
      .filter(({ status }) => isOnRing(status))
      .map(({ name, zone, weight }) => ({ name, zone, weight }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
    const basis = JSON.stringify(members)
    if (basis === this.#basis) return false
    const ring = this.#ringOf({ members, seed: this.#seed, copies: this.#copies })
    const isNew = ring.checksum !== this.#ring.checksum
    this.#basis = basis
    this.#ring = ring
    return isNew
  }
}
