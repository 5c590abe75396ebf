/**
 * Roles: which tokens the node coordinates, and bringing entries into the log of their role after that has changed.
 *
 *      coordinated ──► probation, main     evicted by use
 *      not         ──► replicas            evicted only when nothing else is left
 *
 * A change of roles touches no entry. What is written goes to the right log from then on, what the hand of eviction
 * meets it puts right, and settle goes once through the tables of the tokens concerned, in slices. An entry that all
 * of these miss (its table grew meanwhile) is evicted a little early or late, no more.
 */
import { tokenCount } from '@ringhold/sdk/ring'
import { type HashIndex, tableCount, tableOf, tokenOfTag } from './hash-index.ts'

/** Buckets of the index that one step looks at: at most 512 entries. */
const bucketsPerStep = 64

export class Roles {
  /** Whether anybody wants to know what is evicted. */
  areKnown = false
  /** One bit a token: a bitmap that stays in the processor's caches, since every write asks. */
  readonly #coordinated = new Uint8Array(tokenCount / 8).fill(0xff)
  /** Tokens whose entries may lie in the wrong log, and the tables that have any. */
  readonly #changed = new Uint8Array(tokenCount)
  readonly #pending = new Uint8Array(tableCount)
  #table = tableCount
  #bucket = 0
  #following: number | undefined

  coordinates(token: number): boolean {
    return ((this.#coordinated[token >>> 3] as number) & (1 << (token & 7))) !== 0
  }

  set(tokens: (token: number) => boolean): void {
    this.areKnown = true
    for (let token = 0; token < tokenCount; token++) {
      if (tokens(token) === this.coordinates(token)) continue
      this.#coordinated[token >>> 3] = (this.#coordinated[token >>> 3] as number) ^ (1 << (token & 7))
      this.#changed[token] = 1
      this.#pending[tableOf(token)] = 1
      this.#table = 0
      this.#bucket = 0
    }
  }

  /** next returns some addresses that may be in the wrong log, the same ones until pass is called; undefined when there are no more. */
  next(index: HashIndex): readonly number[] | undefined {
    while (this.#table < tableCount && this.#pending[this.#table] === 0) this.#table++
    if (this.#table === tableCount) return undefined
    const table = this.#table
    const found: number[] = []
    const range = { from: this.#bucket, count: bucketsPerStep }
    this.#following = index.scan(table, range, (tag, address) => {
      if (this.#changed[tokenOfTag(table, tag)] === 1) found.push(address)
    })
    return found
  }

  /** pass says that the addresses which next returned are dealt with. */
  pass(): void {
    this.#bucket = this.#following ?? 0
    if (this.#following !== undefined) return
    const table = this.#table
    const tokensPerTable = tokenCount / tableCount
    this.#changed.fill(0, table * tokensPerTable, (table + 1) * tokensPerTable)
    this.#pending[table] = 0
    this.#table++
  }
}
