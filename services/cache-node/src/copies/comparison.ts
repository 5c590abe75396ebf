/** Comparison is what a coordinator keeps of one other owner: what is to be compared with it, and when. */
import { tokenCount } from '@ringhold/sdk/ring'
import { TokenSet } from './token-set.ts'

/** Of so many comparisons one is of everything, the others leave out what both agreed on and is unchanged here. */
const comparisonsPerWhole = 6

export class Comparison {
  /** When it is compared next, and when next in whole. */
  dueAt: number
  wholeAt: number
  pauseMs = 0
  isUnderWay = false
  /** When, in revocations, the owner had confirmed everything; undefined: it had not. */
  confirmedAt: number | undefined
  /** Tokens that differed once, as they do while a write is on its way. */
  readonly doubtful = new TokenSet()
  /** Tokens of which the owner missed a write since the comparison began. */
  readonly missed = new TokenSet()
  /** What was the same at both, and its digest then. */
  readonly #agreed = new TokenSet()
  readonly #agreedOn = new Uint32Array(tokenCount)
  #comparisons = 0
  readonly #begun = new TokenSet()
  readonly #served = new TokenSet()

  constructor(now: number) {
    this.dueAt = now
    this.wholeAt = now
  }

  /** beginWhole takes note that all is compared now, and forgets now and then what was agreed on. */
  beginWhole(nextAt: number): void {
    this.wholeAt = nextAt
    if (this.#comparisons++ % comparisonsPerWhole === 0) this.#agreed.clear()
  }

  /** agree takes note that both have the same, and of the lower half of its digest. */
  agree(token: number, low: number): void {
    this.#agreed.add(token)
    this.#agreedOn[token] = low
  }

  hasAgreed(token: number, low: number): boolean {
    return this.#agreed.has(token) && this.#agreedOn[token] === low
  }

  /** serve says that the owner was handed the first page of these tokens, or the last one. */
  serve(tokens: TokenSet, page: { readonly isFirst: boolean; readonly isLast: boolean }): void {
    for (const token of tokens) {
      if (page.isFirst) this.#begun.add(token)
      if (page.isLast && this.#begun.delete(token)) this.#served.add(token)
    }
  }

  /** outgrew says that what was handed out of a token is not all of it any more. */
  outgrew(token: number): void {
    this.#begun.delete(token)
    this.#served.delete(token)
  }

  /** takeServed tells, once, whether the owner has gone through all that is here of a token, and missed no write since. */
  takeServed(token: number): boolean {
    return this.#served.delete(token)
  }

  miss(token: number): void {
    this.missed.add(token)
    this.#agreed.delete(token)
    this.outgrew(token)
  }

  /** hasten brings the next comparison forward, and forgets earlier pauses. */
  hasten(at: number): void {
    this.dueAt = Math.min(this.dueAt, at)
    this.pauseMs = 0
  }
}
