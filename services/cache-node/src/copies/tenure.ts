/**
 * Tenure: which tokens this node coordinates, and giving them up.
 *
 *      none ──► claiming ──► held          by a claim (claims.ts)
 *        └──► provisional                  in the stead of a coordinator that cannot be reached (routing.ts)
 *      held, provisional ──► none          a release: at once for commands, but it is over only when the last write in
 *                                          flight on the tokens is done; so whoever was told of it sees all of them
 */
import { tokenCount } from '@ringhold/sdk/ring'
import type { Core } from './core.ts'
import type { Holdings, TokenState } from './parts.ts'
import { TokenSet } from './token-set.ts'

const states = ['none', 'claiming', 'held', 'provisional'] as const
const codes: Record<TokenState, number> = { none: 0, claiming: 1, held: 2, provisional: 3 }
const heldCode = codes.held

interface Release {
  /** Tokens with writes in flight. */
  readonly busy: TokenSet
  readonly done: () => void
}

export class Tenure implements Holdings {
  readonly #core: Core
  readonly #states = new Uint8Array(tokenCount)
  /** Those that are held or provisional: a bitmap that stays in the processor's caches, for the question that every command asks. */
  readonly #holding = new TokenSet()
  readonly #writes = new Uint32Array(tokenCount)
  readonly #counts = [tokenCount, 0, 0, 0]
  readonly #heldSince = new Float64Array(tokenCount)
  readonly #releases = new Set<Release>()
  /** Raised when all that was under way lost its ground: the node stood still, or its entries were dropped. */
  epoch = 0
  /** The tokens whose state has changed; whoever has dealt with it clears it. */
  readonly changed = new TokenSet()
  /** How often a state has changed so far. */
  changes = 0

  constructor(core: Core) {
    this.#core = core
  }

  holds(token: number): boolean {
    return this.#holding.has(token)
  }

  state(token: number): TokenState {
    return states[this.#states[token] as number] as TokenState
  }

  /** heldSince is when a token that is held came to be so. */
  heldSince(token: number): number {
    return this.#heldSince[token] as number
  }

  count(state: TokenState): number {
    return this.#counts[codes[state]] as number
  }

  get isClaiming(): boolean {
    return this.count('claiming') > 0
  }

  /** Whether the ring gives the token to this node. */
  isMine(token: number): boolean {
    return this.#core.ring.coordinator(token) === this.#core.self
  }

  set(token: number, state: TokenState): void {
    const before = this.#states[token] as number
    const code = codes[state]
    if (before === code) return
    this.#states[token] = code
    if (code >= heldCode) this.#holding.add(token)
    else this.#holding.delete(token)
    if (state === 'held') this.#heldSince[token] = this.#core.now
    this.#counts[before] = (this.#counts[before] as number) - 1
    this.#counts[code] = (this.#counts[code] as number) + 1
    this.changed.add(token)
    this.changes++
  }

  /** tokens lists those in one of these states. */
  tokens(...wanted: readonly TokenState[]): TokenSet {
    const found = new TokenSet()
    if (wanted.every((state) => this.count(state) === 0)) return found
    for (let token = 0; token < tokenCount; token++) if (wanted.includes(this.state(token))) found.add(token)
    return found
  }

  writeBegan(token: number): void {
    this.#writes[token] = (this.#writes[token] as number) + 1
  }

  writeEnded(token: number): void {
    const left = (this.#writes[token] as number) - 1
    this.#writes[token] = left
    if (left > 0 || this.#releases.size === 0) return
    for (const release of this.#releases) {
      if (!release.busy.delete(token) || release.busy.size > 0) continue
      this.#releases.delete(release)
      release.done()
    }
  }

  /** release gives tokens up; `done` is called when no write is in flight on them any more, which may be at once. */
  release(tokens: TokenSet, done: () => void): void {
    const busy = new TokenSet()
    for (const token of tokens) {
      this.set(token, 'none')
      if ((this.#writes[token] as number) > 0) busy.add(token)
    }
    if (busy.size === 0) done()
    else this.#releases.add({ busy, done })
  }
}
