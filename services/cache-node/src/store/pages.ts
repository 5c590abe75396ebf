/**
 * Pages go through the tables of the index in order, and in a table through the hashes in order, in steps as wide as
 * a page is expected to be:
 *
 *      cursor = table · 2²⁸ + hash: everything below was returned
 *
 *      table 17    ├──── returned ────┤ this page ├ ─ ─ ─ ─ ─ ─ ┤      hash 0 … 2²⁸ − 1
 *
 * A key's table and hash never change while the process lives, whatever is written, moved or evicted, so the cursor
 * stays good and needs nothing kept for it.
 */
import type { Engine } from './engine.ts'
import { type HashIndex, hashCount, hashOfTag, tableCount, tokenOfTag, tokensPerTable } from './hash-index.ts'
import type { PageRequest } from './store.ts'

/** Kind is what a page consists of: how to make an item of an address, and the bytes that it counts for. */
export interface Kind<Item> {
  readonly itemAt: (address: number) => Item
  readonly bytesAt: (address: number) => number
}

/** pageOf is ReplicatedStore.page and list. */
export function pageOf<Item>(
  { holdings, now }: Engine,
  { tokens, cursor = 0, changesMax, bytesMax, aliveAt = now }: PageRequest,
  { itemAt, bytesAt }: Kind<Item>,
): { readonly items: Item[]; readonly cursor: number | undefined } {
  const { index, fields } = holdings
  const items: Item[] = []
  let bytes = 0
  let from: number | undefined = cursor
  while (from !== undefined && items.length < changesMax && bytes < bytesMax) {
    const step = stepFrom(index, { tokens, cursor: from, changesMax: changesMax - items.length })
    let last: number | undefined
    for (const { hash, address } of step.found) {
      if (!fields.isCurrent(address)) continue
      // Entries of one hash stay together: the cursor cannot point between them.
      const isFull = items.length >= changesMax || bytes + bytesAt(address) > bytesMax
      if (isFull && items.length > 0 && hash !== last) return { items, cursor: step.cursorBefore(hash) }
      last = hash
      if (fields.expires(address) && fields.deadline(address) <= aliveAt) continue
      items.push(itemAt(address))
      bytes += bytesAt(address)
    }
    from = step.end
  }
  return { items, cursor: from }
}

/** Found is an entry of a page by its address. */
interface Found {
  readonly hash: number
  readonly address: number
}

interface Selection {
  readonly tokens: (token: number) => boolean
  readonly cursor: number
  readonly changesMax: number
}

/** Step is what lies between two cursors, in the order of hashes. */
interface Step {
  readonly found: readonly Found[]
  /** The cursor right before an entry of the step. */
  readonly cursorBefore: (hash: number) => number
  /** The cursor at the end of the step; undefined: there is nothing more. */
  readonly end: number | undefined
}

/** stepFrom looks at one table at most. */
function stepFrom(index: HashIndex, { tokens, cursor, changesMax }: Selection): Step {
  const table = Math.floor(cursor / hashCount)
  const from = cursor % hashCount
  const first = table * tokensPerTable
  let selected = 0
  for (let token = first; token < first + tokensPerTable; token++) if (tokens(token)) selected++
  const expected = (index.countOf(table) * selected) / tokensPerTable
  const width = expected <= changesMax ? hashCount : Math.ceil((hashCount * changesMax) / expected)
  const to = Math.min(hashCount, from + width)
  const found: Found[] = []
  if (selected > 0) {
    index.each(table, (tag, address) => {
      const hash = hashOfTag(tag)
      if (hash >= from && hash < to && tokens(tokenOfTag(table, tag))) found.push({ hash, address })
    })
    found.sort((a, b) => a.hash - b.hash)
  }
  const end = table * hashCount + to
  return {
    found,
    cursorBefore: (hash) => table * hashCount + hash,
    end: end === tableCount * hashCount ? undefined : end,
  }
}
