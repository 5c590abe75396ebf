/** The golden vectors of the ring, checked inside k6: the same file runs here and must give the same bits. */
import { check } from 'k6'
import { hash32, Ring, type RingInput } from '../sdk/src/ring/index.ts'

interface Golden {
  readonly keys: readonly string[]
  readonly rings: readonly (RingInput & {
    readonly title: string
    readonly checksum: string
    readonly vectors: readonly (readonly [hash: number, token: number, owners: readonly string[]])[]
  })[]
}

const golden = JSON.parse(open('../sdk/golden/ring-vectors.json')) as Golden

/** checkGolden checks hash, token and owners of every golden key in every golden ring, and the rings' checksums. */
export function checkGolden(): void {
  for (const { title, checksum, vectors, ...input } of golden.rings) {
    const ring = new Ring(input)
    check(ring, {
      [`golden ring, ${title}: checksum`]: () => ring.checksum === checksum,
      [`golden ring, ${title}: hash, token and owners of each key`]: () =>
        golden.keys.length === vectors.length &&
        golden.keys.every((key, at) => {
          const computed = [hash32(key, input.seed), ring.token(key), ring.owners(ring.token(key))]
          return JSON.stringify(computed) === JSON.stringify(vectors[at])
        }),
    })
  }
}
