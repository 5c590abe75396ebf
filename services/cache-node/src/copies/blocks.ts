/**
 * Blocks: the tokens that one member coordinates and another owns too, put together many at a time, so that what two
 * nodes hold is compared by a few sums. Of some hundred tokens that were written to since the last comparison two or
 * three differ, by a write or an eviction that is on its way: only their blocks are looked into.
 *
 *      tokens    0 ─────────── width ─────────── 2·width ─ …       of these only what both have to do with
 *      sums      │ Σ of their digests │ Σ of their digests │ …
 *
 * Both compute the same blocks, for they follow from ring and width. There are about twice as many as the square root
 * of the tokens: then sums and digests of what differs take the fewest bytes together.
 */
import { type Ring, tokenCount } from '@ringhold/sdk/ring'
import type { ReplicatedStore } from '../store/store.ts'
import type { BlockSum, TokenDigest } from './peer-request.ts'

/** Blocks of a pair at most. */
const blocksMax = 1_024
/** So many changed tokens make it worth to ask for the sum of their block before their digests. */
const changedMin = 2

/** Pair is whose tokens are meant. */
export interface Pair {
  readonly coordinator: string
  readonly owner: string
}

/** Choice says which of the tokens of a pair are to be compared, and which may be so in a block. */
export interface Choice {
  /** In ascending order. */
  readonly changed: readonly number[]
  readonly isWorthIt: (token: number) => boolean
}

type Tokens = readonly number[]

export class Blocks {
  /** Token t is in block ⌊t / width⌋. */
  readonly width: number
  readonly #tokens: ReadonlyMap<number, Tokens>

  /** Of a width, all blocks of a pair. */
  constructor(width: number, tokens: ReadonlyMap<number, Tokens>) {
    this.width = width
    this.#tokens = tokens
  }

  /** all returns all blocks of this width that a pair has. */
  static all(ring: Ring, pair: Pair, width: number): Blocks {
    return new Blocks(width, inBlocks(tokensOfPair(ring, pair), width))
  }

  /** of returns the blocks in which enough has changed, and whose tokens are all worth it. */
  static of(ring: Ring, pair: Pair, { changed, isWorthIt }: Choice): Blocks {
    if (changed.length < changedMin) return new Blocks(tokenCount, new Map())
    const tokens = tokensOfPair(ring, pair)
    const width = widthFor(tokens.length)
    const blocks = new Map<number, Tokens>()
    const ofPair = inBlocks(tokens, width)
    for (const [block, { length }] of inBlocks(changed, width)) {
      const members = ofPair.get(block) ?? []
      if (length >= changedMin && members.every(isWorthIt)) blocks.set(block, members)
    }
    return new Blocks(width, blocks)
  }

  get size(): number {
    return this.#tokens.size
  }

  /** covers tells whether a token of the pair is in one of these blocks. */
  covers(token: number): boolean {
    return this.#tokens.has(Math.floor(token / this.width))
  }

  tokens(block: number): Tokens {
    return this.#tokens.get(block) ?? []
  }

  /** held is what a store holds now of each block, and of each token by the number of its block. */
  held(store: ReplicatedStore): { readonly sums: BlockSum[]; readonly digests: Map<number, readonly TokenDigest[]> } {
    const sums: BlockSum[] = []
    const digests = new Map<number, readonly TokenDigest[]>()
    for (const [block, tokens] of this.#tokens) {
      sums.push(this.sum(store, block))
      digests.set(
        block,
        tokens.map((token) => ({ token, ...store.digest(token) })),
      )
    }
    return { sums, digests }
  }

  sum(store: ReplicatedStore, block: number): BlockSum {
    let low = 0
    let high = 0
    for (const token of this.tokens(block)) {
      const digest = store.digest(token)
      low = (low + digest.low) >>> 0
      high = (high + digest.high) >>> 0
    }
    return { block, low, high }
  }
}

/** In ascending order. */
function tokensOfPair({ table, members, ownersPerToken }: Ring, { coordinator, owner }: Pair): number[] {
  const tokens: number[] = []
  const first = members.findIndex(({ name }) => name === coordinator)
  const other = members.findIndex(({ name }) => name === owner)
  if (first < 0 || other < 0) return tokens
  for (let token = 0, at = 0; token < tokenCount; token++, at += ownersPerToken) {
    if (table[at] !== first) continue
    for (let rank = 1; rank < ownersPerToken; rank++) if (table[at + rank] === other) tokens.push(token)
  }
  return tokens
}

function widthFor(tokens: number): number {
  let blocks = 1
  while (blocks < blocksMax && blocks * blocks < 4 * tokens) blocks *= 2
  return tokenCount / blocks
}

function inBlocks(tokens: Tokens, width: number): Map<number, number[]> {
  const blocks = new Map<number, number[]>()
  for (const token of tokens) {
    const block = Math.floor(token / width)
    const present = blocks.get(block)
    if (present === undefined) blocks.set(block, [token])
    else present.push(token)
  }
  return blocks
}
