/**
 * PullQueue: what is to be pulled from one peer, by token, the most pressing first:
 *
 *      sync, whole pages   ►   sync, by keys   ►   repair, whole pages   ►   repair, by keys
 *
 * A token is in it once. It is bounded by the number of tokens.
 */
import type { TokenDigest } from './peer-request.ts'
import type { TokenSet } from './token-set.ts'

/** Pull is from whom something comes, and why. */
export interface Pull {
  readonly source: string
  /** 'sync': nothing is served before it is here. 'repair': a copy is restored. */
  readonly purpose: 'sync' | 'repair'
}

/** Want is a token of a peer that is to be pulled. */
export interface Want extends Pull {
  /** What the source holds of it, as far as known. */
  readonly digest: TokenDigest
  /** 'pages': nothing of it is here, so whatever comes is new. 'keys': keys are listed first, only what is lacking travels. */
  readonly by: 'pages' | 'keys'
}

/** Entries, and tokens, that are pulled in one go: small enough that tokens are settled one after another. */
const entriesMax = 4_096
const tokensMax = 1_024

const kinds = ['sync pages', 'sync keys', 'repair pages', 'repair keys'] as const

export class PullQueue {
  /** What the source holds of all that is in the queue. */
  entries = 0
  readonly #wants = kinds.map(() => new Map<number, Want>())

  get size(): number {
    return this.#wants.reduce((sum, { size }) => sum + size, 0)
  }

  /** add puts in a token; what is there of it gives way unless it presses more. */
  add(want: Want): void {
    const { token } = want.digest
    const rank = rankOf(want)
    for (const [at, wants] of this.#wants.entries()) {
      const present = wants.get(token)
      if (present === undefined) continue
      if (at < rank) return
      this.#delete(wants, present)
    }
    this.#wants[rank]?.set(token, want)
    this.entries += want.digest.entries
  }

  /** take removes some tokens of one kind that are not busy, as many as are pulled in one go. */
  take(busy: TokenSet): Want[] {
    for (const wants of this.#wants) {
      const taken: Want[] = []
      let entries = 0
      for (const [token, want] of wants) {
        if (busy.has(token)) continue
        if (taken.length > 0 && (taken.length >= tokensMax || entries + want.digest.entries > entriesMax)) break
        taken.push(want)
        entries += want.digest.entries
      }
      for (const want of taken) this.#delete(wants, want)
      if (taken.length > 0) return taken
    }
    return []
  }

  /** remove removes what is not to stay, and returns it. */
  remove(leaves: (want: Want) => boolean): Want[] {
    const removed: Want[] = []
    for (const wants of this.#wants) {
      for (const want of wants.values()) {
        if (!leaves(want)) continue
        this.#delete(wants, want)
        removed.push(want)
      }
    }
    return removed
  }

  #delete(wants: Map<number, Want>, want: Want): void {
    if (wants.delete(want.digest.token)) this.entries -= want.digest.entries
  }
}

function rankOf({ purpose, by }: Want): number {
  return kinds.indexOf(`${purpose} ${by}`)
}
