/**
 * What moves between two rings: for each pair of members the tokens that pass from one to the other.
 *
 *      before:  0 A   1 B   2 A   3 C          moves:  A → D  [2]
 *      after:   0 A   1 B   2 D   3 C
 */
import type { Ring } from './ring.ts'
import { tokenCount } from './token.ts'

/** Move is a set of tokens whose coordination passes from one member to another. */
export interface Move {
  /** undefined where the ring before had no members. */
  readonly from: string | undefined
  /** undefined where the ring after has no members. */
  readonly to: string | undefined
  /** In ascending order, never empty. */
  readonly tokens: readonly number[]
}

/** moves lists what changes its coordinator between two rings, in order of the first token of each move. */
export function moves(before: Ring, after: Ring): Move[] {
  const found: Move[] = []
  const tokensTo = new Map<string | undefined, Map<string | undefined, number[]>>()
  for (let token = 0; token < tokenCount; token++) {
    const from = before.coordinator(token)
    const to = after.coordinator(token)
    if (from === to) continue
    const tokensFrom = tokensTo.get(to) ?? new Map<string | undefined, number[]>()
    if (tokensFrom.size === 0) tokensTo.set(to, tokensFrom)
    const tokens = tokensFrom.get(from)
    if (tokens) tokens.push(token)
    else {
      const first = [token]
      tokensFrom.set(from, first)
      found.push({ from, to, tokens: first })
    }
  }
  return found
}
