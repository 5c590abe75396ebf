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
import type { Page, PageRequest } from './store.ts'

/** pageOf is ReplicatedStore.page; changeAt makes a change of an address. */
export function pageOf(
  { holdings, now }: Engine,
  { tokens, cursor = 0, changesMax, bytesMax }: PageRequest,
  changeAt: (address: number) => Page['changes'][number],
): Page {
  const { index, fields } = holdings
  const changes: Page['changes'][number][] = []
  let bytes = 0
  let from: number | undefined = cursor
  while (from !== undefined && changes.length < changesMax && bytes < bytesMax) {
    const step = stepFrom(index, { tokens, cursor: from, changesMax: changesMax - changes.length })
    let last: number | undefined
    for (const { hash, address } of step.found) {
      if (!fields.isCurrent(address)) continue
      // Entries of one hash stay together: the cursor cannot point between them.
      const isFull = changes.length >= changesMax || bytes + fields.size(address) > bytesMax
      if (isFull && changes.length > 0 && hash !== last) return { changes, cursor: step.cursorBefore(hash) }
      last = hash
      if (fields.expires(address) && fields.deadline(address) <= now) continue
      changes.push(changeAt(address))
      bytes += fields.size(address)
    }
    from = step.end
  }
  return { changes, cursor: from }
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
