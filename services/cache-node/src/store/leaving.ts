/**
 * Leaving: entries whose tokens were dropped. Dropping a token touches none of them, it raises the token's generation:
 *
 *      token 4711   generation 6 ─► 7        entry | token 4711 · generation 6 | … ─► not current: as if it were not there
 *
 * Whoever finds an entry by its key, its token or its age asks whether it is current. From then on nobody gets to see
 * it and its token counts from zero; its memory follows in slices, or earlier, where a write needs it. The same key can
 * be written anew meanwhile.
 *
 * A generation has 8 bits. Before one could come round to entries that are still there, their token is cleared at once.
 */
import { tokenCount } from '@ringhold/sdk/ring'
import type { Entries } from './entry.ts'
import { type HashIndex, tableCount, tokenOfTag, tokensPerTable } from './hash-index.ts'

/** Buckets of the index that one step looks at: at most 512 entries. */
const bucketsPerStep = 64
const generationsMax = 255

export class Leaving {
  /** The generation of each token: what its entries must have to be current. */
  readonly generations = new Uint8Array(tokenCount)
  /** How many entries and tombstones are still to be released. */
  count = 0
  readonly #counts = new Uint32Array(tokenCount)
  /** How often a token was raised since nothing of it was left. */
  readonly #raised = new Uint8Array(tokenCount)
  #table = 0
  #bucket = 0

  /** raise makes all `entries` of a token leave. False: what left before must be released first. */
  raise(token: number, entries: number): boolean {
    if (this.#raised[token] === generationsMax) return false
    this.generations[token] = (this.generations[token] as number) + 1
    this.#raised[token] = (this.#raised[token] as number) + 1
    this.#counts[token] = (this.#counts[token] as number) + entries
    this.count += entries
    return true
  }

  /** released takes one off the count, of a token. */
  released(token: number): void {
    const left = (this.#counts[token] as number) - 1
    this.#counts[token] = left
    this.count--
    if (left === 0) this.#raised[token] = 0
  }

  clear(): void {
    this.#counts.fill(0)
    this.#raised.fill(0)
    this.count = 0
  }

  /** next returns some addresses of entries that are to be released; it goes round and round the index while there are any. */
  next(index: HashIndex, fields: Entries): readonly number[] {
    const found: number[] = []
    for (let skipped = 0; skipped < tableCount && !this.#hasAny(this.#table); skipped++) this.#goOn()
    const table = this.#table
    const range = { from: this.#bucket, count: bucketsPerStep }
    const bucket = index.scan(table, range, (tag, address) => {
      if ((this.#counts[tokenOfTag(table, tag)] as number) > 0 && !fields.isCurrent(address)) found.push(address)
    })
    if (bucket === undefined) this.#goOn()
    else this.#bucket = bucket
    return found
  }

  /** of returns the addresses of all entries of one token that are to be released. */
  of(token: number, index: HashIndex, fields: Entries): readonly number[] {
    const table = Math.floor(token / tokensPerTable)
    const found: number[] = []
    index.each(table, (tag, address) => {
      if (tokenOfTag(table, tag) === token && !fields.isCurrent(address)) found.push(address)
    })
    return found
  }

  #hasAny(table: number): boolean {
    for (let token = table * tokensPerTable; token < (table + 1) * tokensPerTable; token++) {
      if ((this.#counts[token] as number) > 0) return true
    }
    return false
  }

  #goOn(): void {
    this.#table = (this.#table + 1) % tableCount
    this.#bucket = 0
  }
}
