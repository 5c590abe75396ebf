/**
 * StrayRound: some tokens that are not this node's, with the same owners, and what has to be known before entries of
 * theirs may go: that every owner takes itself for one, and holds what is here.
 *
 *      compare with each owner ──► equal at all: all of it goes
 *                  │ differs
 *                  └─► list at each owner, one after another ──► what all of them list at its version or higher goes
 *
 * To be compared with twice makes an owner pull what it lacks; the next round finds it there. It also makes whoever
 * coordinates the token look at what is here, and have it let go of what is out of date: so owners are compared with
 * though another one does not answer, and nothing can be dropped.
 */
import type { Ring } from '@ringhold/sdk/ring'
import type { Core } from './core.ts'
import type { Intake } from './intake.ts'
import type { AskSettled, PeerReply, Stamp, TokenDigest } from './peer-request.ts'
import { isEqual } from './sources.ts'
import { spotText } from './spot.ts'
import { TokenSet } from './token-set.ts'

/** Entries that one round looks at. */
const candidatesMax = 16_384
/** Lists are short beside copies. */
const listShare = 1 / 4

interface Candidate {
  readonly stamp: Stamp
  /** How many owners have listed it, in their order. */
  covers: number
}

export interface StrayRoundOptions {
  readonly core: Core
  readonly intake: Intake
  readonly tokens: readonly number[]
  readonly owners: readonly string[]
  /** Called at the end, with how many entries went. */
  readonly ended: (dropped: number) => void
}

export class StrayRound {
  readonly #options: StrayRoundOptions
  readonly #core: Core
  readonly #digests: TokenDigest[]
  readonly #differing = new TokenSet()
  readonly #candidates = new Map<string, Candidate>()
  /** What owners say is worth nothing under another ring. */
  readonly #ring: Ring
  /** Whether an owner did not say what it lacks. */
  #isUnanswered = false

  constructor(options: StrayRoundOptions) {
    this.#options = options
    this.#core = options.core
    this.#ring = options.core.ring
    this.#digests = options.tokens.map((token) => ({ token, ...this.#core.store.digest(token) }))
  }

  begin(): void {
    this.#compare(0)
  }

  #compare(rank: number): void {
    const owner = this.#options.owners[rank]
    if (owner === undefined) {
      if (this.#isUnanswered) this.#options.ended(0)
      else this.#dropEqual()
      return
    }
    this.#core.ask(owner, { type: 'compare', digests: this.#digests }, (outcome) => {
      if (this.#core.ring !== this.#ring) {
        this.#options.ended(0)
        return
      }
      const reply = outcome.type === 'reply' && outcome.reply.type === 'compared' ? outcome.reply : undefined
      if (reply === undefined) this.#isUnanswered = true
      // Known is also what an owner could not take over: it does not have that.
      else for (const { token } of [...reply.differing, ...reply.known]) this.#differing.add(token)
      this.#compare(rank + 1)
    })
  }

  /** Drops tokens that are the same everywhere, if nothing has come to them since. */
  #dropEqual(): void {
    const { store } = this.#core
    const equal = new TokenSet()
    let dropped = 0
    for (const digest of this.#digests) {
      if (this.#differing.has(digest.token) || !isEqual(digest, store.digest(digest.token))) continue
      equal.add(digest.token)
      dropped += digest.entries
    }
    if (equal.size > 0) store.drop((token) => equal.has(token))
    if (this.#differing.size === 0) this.#options.ended(dropped)
    else {
      this.#gather()
      this.#list(0, undefined, dropped)
    }
  }

  /** Gathers what is here of the tokens that differ. */
  #gather(): void {
    const { store, now, settings } = this.#core
    const bytesMax = settings.pageBytesMax * listShare
    let cursor: number | undefined
    do {
      const tokens = (token: number): boolean => this.#differing.has(token)
      const page = store.list({ tokens, cursor, changesMax: candidatesMax, bytesMax }, now)
      for (const { place, version } of page.stamps) {
        const stamp = { cache: place.cache, key: place.key, version }
        this.#candidates.set(spotText(stamp), { stamp, covers: 0 })
      }
      cursor = page.cursor
    } while (cursor !== undefined && this.#candidates.size < candidatesMax)
  }

  #list(rank: number, cursor: number | undefined, dropped: number): void {
    const owner = this.#options.owners[rank]
    if (owner === undefined) {
      this.#dropCovered(dropped)
      return
    }
    const bytesMax = this.#core.settings.pageBytesMax * listShare
    this.#core.ask(owner, { type: 'list', tokens: this.#differing, cursor, bytesMax }, (outcome) => {
      const reply = this.#replyOf(outcome, 'stamps')
      if (reply === undefined) return
      for (const stamp of reply.stamps) {
        const candidate = this.#candidates.get(spotText(stamp))
        if (candidate?.covers === rank && stamp.version >= candidate.stamp.version) candidate.covers++
      }
      if (reply.cursor === undefined) this.#list(rank + 1, undefined, dropped)
      else this.#list(rank, reply.cursor, dropped)
    })
  }

  #dropCovered(droppedBefore: number): void {
    const { intake, owners } = this.#options
    const { store, now } = this.#core
    let dropped = droppedBefore
    for (const { stamp, covers } of this.#candidates.values()) {
      if (covers === owners.length && store.discard(intake.placeOf(stamp), stamp.version, now)) dropped++
    }
    this.#options.ended(dropped)
  }

  /** The reply if it is of that type; otherwise the round is over. */
  #replyOf<T extends PeerReply['type']>(outcome: AskSettled, type: T): Extract<PeerReply, { type: T }> | undefined {
    const isSaid = outcome.type === 'reply' && outcome.reply.type === type
    if (isSaid && this.#core.ring === this.#ring) return outcome.reply as Extract<PeerReply, { type: T }>
    this.#options.ended(0)
    return undefined
  }
}
