/** Rings of the simulation, computed once for all nodes and clients: the same input makes the same ring. */
import { Ring, type RingInput } from '@ringhold/sdk/ring'

const ringsMax = 2_000
const rings = new Map<string, Ring>()

export function ringOf(input: RingInput): Ring {
  const basis = `${input.copies} ${input.seed} ${input.members.map(({ name }) => name).join(' ')}`
  let ring = rings.get(basis)
  if (ring === undefined) {
    if (rings.size === ringsMax) rings.clear()
    ring = new Ring(input)
    rings.set(basis, ring)
  }
  return ring
}
