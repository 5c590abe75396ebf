/** A set of tokens as a bitmap of 2,048 bytes: what claims, digests and pages speak of. */
import { tokenCount } from '@ringhold/sdk/ring'

const bytes = tokenCount / 8

export class TokenSet {
  readonly #bits: Uint8Array
  #size = 0

  /** Empty without a bitmap. Throws a TypeError for one of another length; it is not copied. */
  constructor(bits?: Uint8Array) {
    this.#bits = bits ?? new Uint8Array(bytes)
    if (bits === undefined) return
    if (bits.length !== bytes) throw new TypeError(`a bitmap of tokens has ${bytes} bytes`)
    for (const byte of bits) this.#size += ones(byte)
  }

  static of(tokens: Iterable<number>): TokenSet {
    const set = new TokenSet()
    for (const token of tokens) set.add(token)
    return set
  }

  /** bits is the bitmap itself: token t is bit t & 7 of byte t >>> 3. */
  get bits(): Uint8Array {
    return this.#bits
  }

  get size(): number {
    return this.#size
  }

  has(token: number): boolean {
    return ((this.#bits[token >>> 3] as number) & (1 << (token & 7))) !== 0
  }

  /** add returns whether the token is new. */
  add(token: number): boolean {
    if (this.has(token)) return false
    this.#bits[token >>> 3] = (this.#bits[token >>> 3] as number) | (1 << (token & 7))
    this.#size++
    return true
  }

  /** delete returns whether the token was there. */
  delete(token: number): boolean {
    if (!this.has(token)) return false
    this.#bits[token >>> 3] = (this.#bits[token >>> 3] as number) & ~(1 << (token & 7))
    this.#size--
    return true
  }

  clear(): void {
    this.#bits.fill(0)
    this.#size = 0
  }

  /** In ascending order, as they are when it begins. */
  [Symbol.iterator](): IterableIterator<number> {
    const bits = this.#bits
    const tokens: number[] = []
    for (let byte = 0; byte < bytes; byte++) {
      let token = byte * 8
      for (let rest = bits[byte] as number; rest !== 0; rest >>>= 1, token++) if ((rest & 1) !== 0) tokens.push(token)
    }
    return tokens.values()
  }
}

function ones(byte: number): number {
  let count = 0
  for (let rest = byte; rest !== 0; rest &= rest - 1) count++
  return count
}
