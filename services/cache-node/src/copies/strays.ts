/**
 * Strays are entries of tokens that this node neither owns by its ring nor coordinates: what is left of an earlier
 * ownership. They go when every owner has them, and not before; how that is found out, stray-round.ts says.
 *
 * Two nodes with different rings cannot drop the same entry relying on each other: each needs the other to take itself
 * for an owner and to list the entry afterwards, and stops as soon as its own ring changes. Whoever became an owner
 * after it had begun to drop has stopped; whoever was one before lists only what it has not dropped.
 */
import { tokenCount } from '@ringhold/sdk/ring'
import type { Core } from './core.ts'
import type { Intake } from './intake.ts'
import type { Holdings, Strays as StraysPart } from './parts.ts'
import type { Standing } from './standing.ts'
import { StrayRound } from './stray-round.ts'

/** First pause before owners are asked, and after rounds in which nothing could go; it doubles up to the interval of comparisons. */
const pauseMsMin = 300
/** Tokens, and entries here, of one round. */
const tokensMax = 1_024
const entriesMax = 4_096

export interface StraysOptions {
  readonly core: Core
  readonly standing: Standing
  readonly holdings: Holdings
  readonly intake: Intake
}

export class Strays implements StraysPart {
  readonly #core: Core
  readonly #standing: Standing
  readonly #holdings: Holdings
  readonly #intake: Intake
  #round: StrayRound | undefined
  #pauseMs = pauseMsMin
  #dueAt = 0
  /** The token that the next round begins with. */
  #next = 0
  #droppedInPass = 0

  constructor({ core, standing, holdings, intake }: StraysOptions) {
    this.#core = core
    this.#standing = standing
    this.#holdings = holdings
    this.#intake = intake
  }

  get tokens(): number {
    let tokens = 0
    for (let token = 0; token < tokenCount; token++) if (this.#strayEntries(token) > 0) tokens++
    return tokens
  }

  get entries(): number {
    let entries = 0
    for (let token = 0; token < tokenCount; token++) entries += this.#strayEntries(token)
    return entries
  }

  ringChanged(): void {
    this.#round?.abandon()
    this.#round = undefined
    this.#next = 0
    this.#droppedInPass = 0
    this.#pauseMs = pauseMsMin
    this.#dueAt = this.#core.now + pauseMsMin
  }

  tick(): void {
    const { now, ring } = this.#core
    if (this.#round !== undefined || now < this.#dueAt || ring.members.length === 0) return
    const found = this.#findTokens()
    if (found === undefined) return this.#endPass()
    const ended = (dropped: number): void => {
      this.#round = undefined
      this.#droppedInPass += dropped
    }
    this.#round = new StrayRound({ core: this.#core, intake: this.#intake, ...found, ended })
    this.#round.begin()
  }

  #strayEntries(token: number): number {
    if (this.#standing.isOwner(token) || this.#holdings.state(token) !== 'none') return 0
    return this.#core.store.digest(token).entries
  }

  /** Some tokens from the next one on that have the same owners, all of them there. */
  #findTokens(): { tokens: number[]; owners: string[] } | undefined {
    const tokens: number[] = []
    let owners: string[] | undefined
    let entries = 0
    let first: number | undefined
    for (let token = this.#next; token < tokenCount && tokens.length < tokensMax; token++) {
      const stray = this.#strayEntries(token)
      if (stray === 0) continue
      const names = this.#core.ring.owners(token)
      if (names.some((name) => this.#core.isAway(name))) continue
      if (owners !== undefined && names.join() !== owners.join()) {
        first ??= token
        continue
      }
      if (owners !== undefined && entries + stray > entriesMax) break
      owners = names
      entries += stray
      tokens.push(token)
    }
    if (owners === undefined) return undefined
    this.#next = (tokens.at(-1) as number) + 1
    return { tokens, owners }
  }

  #endPass(): void {
    const { now, settings } = this.#core
    this.#pauseMs = this.#droppedInPass > 0 ? pauseMsMin : Math.min(settings.compareIntervalMs, this.#pauseMs * 2)
    this.#dueAt = now + this.#pauseMs
    this.#next = 0
    this.#droppedInPass = 0
  }
}
