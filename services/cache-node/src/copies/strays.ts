/**
 * Strays are entries of tokens that this node neither owns by its ring nor coordinates: what is left of an earlier
 * ownership. They go when every owner has them, and not before; how that is found out, stray-round.ts says.
 *
 * Two nodes with different rings cannot drop the same entry relying on each other: each needs the other to take itself
 * for an owner and to list the entry afterwards, and stops as soon as its own ring changes. Whoever became an owner
 * after it had begun to drop has stopped; whoever was one before lists only what it has not dropped.
 */
import { type Ring, tokenCount } from '@ringhold/sdk/ring'
import type { Core } from './core.ts'
import type { Intake } from './intake.ts'
import type { Holdings, Strays as StraysPart } from './parts.ts'
import type { Standing } from './standing.ts'
import { StrayRound } from './stray-round.ts'
import { TokenSet } from './token-set.ts'

/** First pause before owners are asked, and after rounds in which nothing could go; it doubles up to the interval of comparisons. */
const pauseMsMin = 300
/** Where it ends for a node that is off the ring: it stays for its strays alone, and has little time. */
const leavingPauseMsMax = 600
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
  #ring: Ring
  #underWay: StrayRound | undefined
  #pauseMs = pauseMsMin
  #dueAt = 0
  /** The tokens that the present pass is through with. */
  readonly #passed = new TokenSet()
  #droppedInPass = 0

  constructor({ core, standing, holdings, intake }: StraysOptions) {
    this.#core = core
    this.#standing = standing
    this.#holdings = holdings
    this.#intake = intake
    this.#ring = core.ring
  }

  get tokens(): number {
    let tokens = 0
    for (let token = 0; token < tokenCount; token++) if (this.#entriesOf(token) > 0) tokens++
    return tokens
  }

  get entries(): number {
    let entries = 0
    for (let token = 0; token < tokenCount; token++) entries += this.#entriesOf(token)
    return entries
  }

  tick(): void {
    if (this.#core.ring !== this.#ring) this.#beginAnew()
    if (this.#underWay === undefined && this.#core.now >= this.#dueAt) this.#go()
  }

  #beginAnew(): void {
    this.#ring = this.#core.ring
    this.#underWay = undefined
    this.#pauseMs = pauseMsMin
    this.#dueAt = this.#core.now + pauseMsMin
    this.#passed.clear()
    this.#droppedInPass = 0
  }

  /** Goes through one round after another until the pass is over. */
  #go(): void {
    const found = this.#find()
    if (found === undefined) {
      this.#endPass()
      return
    }
    for (const token of found.tokens) this.#passed.add(token)
    const ended = (dropped: number): void => {
      if (this.#underWay !== round) return
      this.#underWay = undefined
      this.#droppedInPass += dropped
      this.#go()
    }
    const round = new StrayRound({ core: this.#core, intake: this.#intake, ...found, ended })
    this.#underWay = round
    round.begin()
  }

  #entriesOf(token: number): number {
    const { entries } = this.#core.store.digest(token)
    if (entries === 0 || this.#standing.isOwner(token) || this.#holdings.state(token) !== 'none') return 0
    return entries
  }

  /** Some tokens that the pass has still to do, with the same owners, all of them there. */
  #find(): { tokens: number[]; owners: string[] } | undefined {
    const { ring } = this.#core
    const tokens: number[] = []
    let owners: string[] = []
    let entries = 0
    for (let token = 0; token < tokenCount && tokens.length < tokensMax && entries < entriesMax; token++) {
      const found = this.#passed.has(token) ? 0 : this.#entriesOf(token)
      if (found === 0) continue
      const names = ring.owners(token)
      if (names.length === 0 || names.some((name) => this.#core.isAway(name))) continue
      if (tokens.length === 0) owners = names
      else if (names.some((name, rank) => name !== owners[rank])) continue
      entries += found
      tokens.push(token)
    }
    return tokens.length === 0 ? undefined : { tokens, owners }
  }

  #endPass(): void {
    const { now, settings, ring, self } = this.#core
    const isOnRing = ring.members.some(({ name }) => name === self)
    const pauseMsMax = isOnRing ? settings.compareIntervalMs : leavingPauseMsMax
    this.#pauseMs = this.#droppedInPass > 0 ? pauseMsMin : Math.min(pauseMsMax, this.#pauseMs * 2)
    this.#dueAt = now + this.#pauseMs
    this.#passed.clear()
    this.#droppedInPass = 0
  }
}
