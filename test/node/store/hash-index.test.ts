import type { ByteRange } from '@ringhold/sdk/ring'
import { test } from 'tap'
import { HashIndex, tagOf } from '#node/store/hash-index.js'
import { KeyHash } from '#node/store/key-hash.js'
import { Segments } from '#node/store/segments.js'

const bytesMax = 64 * 2 ** 20
const slotsOfTwoBuckets = 16
const hash = new KeyHash([0x0ddba11, 0x5ca1ab1e])

/** An index of entries that are nothing but numbers: entry n has the key n. */
class Numbers {
  readonly index: HashIndex
  readonly #tokenOf: (number: number) => number
  readonly #key = new Uint8Array(4)
  readonly #word = new DataView(this.#key.buffer)

  constructor(tokenOf: (number: number) => number) {
    this.#tokenOf = tokenOf
    const hasKey = (address: number, _cache: number, { bytes }: ByteRange): boolean =>
      address === new DataView(bytes.buffer).getUint32(0)
    this.index = new HashIndex(new Segments(bytesMax), { hasKey }, bytesMax)
  }

  add(number: number): void {
    this.index.add(this.#tokenOf(number), this.#tag(number), number)
  }

  remove(number: number): void {
    this.index.remove(this.#tokenOf(number), this.#tag(number), number)
  }

  find(number: number): number {
    const tag = this.#tag(number)
    return this.index.find(this.#tokenOf(number), tag, 1, { bytes: this.#key, from: 0, to: this.#key.length })
  }

  #tag(number: number): number {
    this.#word.setUint32(0, number)
    return tagOf(this.#tokenOf(number), hash.of(1, this.#key, 0, 4))
  }
}

const spread = (number: number): number => Math.imul(number, 0x9e3779b1) >>> 18
const colliding = (): number => 4_711

test('every entry is found, while tables grow, shrink and grow again', async (t) => {
  const numbers = new Numbers(spread)
  for (const count of [100_000, 2_000, 150_000]) {
    const present = numbers.index.entries
    for (let number = present + 1; number <= count; number++) numbers.add(number)
    for (let number = present; number > count; number--) numbers.remove(number)
    t.equal(numbers.index.entries, count)
    let lost = 0
    for (let number = 1; number <= count; number++) if (numbers.find(number) !== number) lost++
    t.equal(lost, 0)
    t.equal(numbers.find(count + 1), 0)
    t.ok(numbers.index.load > 0.2, `load ${numbers.index.load}`)
  }
})

test('a flood of keys that collide under the ring hash makes no look-up longer than random keys do', async (t) => {
  const [random, flood] = [new Numbers(spread), new Numbers(colliding)]
  for (let number = 1; number <= 100_000; number++) {
    random.add(number)
    flood.add(number)
  }
  t.ok(flood.index.longestProbe() <= 1.25 * random.index.longestProbe())
  t.equal(flood.index.longestProbe(), slotsOfTwoBuckets)
  let lost = 0
  for (let number = 1; number <= 100_000; number++) if (flood.find(number) !== number) lost++
  t.equal(lost, 0)
})

test('the hash differs by secret, by cache and by every bit of the key', async (t) => {
  const key = Buffer.from('key:000000000000001')
  const hashes = new Set([hash.of(1, key, 0, key.length), hash.of(2, key, 0, key.length)])
  hashes.add(new KeyHash([1, 2]).of(1, key, 0, key.length))
  for (let bit = 0; bit < key.length * 8; bit++) {
    const other = Buffer.from(key)
    other[bit >>> 3] = (other[bit >>> 3] as number) ^ (1 << (bit & 7))
    hashes.add(hash.of(1, other, 0, other.length))
  }
  t.equal(hashes.size, 3 + key.length * 8)
  t.equal(hash.of(1, key, 4, 15), hash.of(1, key.subarray(4), 0, 15), 'wherever the key lies')
})
