/**
 * Repair keeps as many equal copies of every token as there are owners. The coordinator compares what it holds with each
 * of the other owners: every compareIntervalMs what has changed, now and then everything, and at once, again and again,
 * where a copy may be missing.
 *
 *      coordinator                                   owner
 *      sums of blocks of tokens ── compare-blocks ──►    (blocks.ts)
 *      tokens of blocks that differ    ◄── differing ──
 *      digests of my tokens ── compare ──►           what differs twice, or is not here at all, it pulls
 *      what differs twice it lists     ◄── differing ──
 *
 * A token counts as under-replicated until every owner has confirmed it: by an equal digest, or, where writes never
 * let digests be equal, by having gone through all of it since it last missed a write, and since anything of it came
 * here by a pull. What differs for a moment only
 * (a write on its way) is not moved; what differs for good (nothing can be done about it) is not listed again.
 */
import type { View } from '@ringhold/sdk/membership'
import type { Ring } from '@ringhold/sdk/ring'
import { Blocks } from './blocks.ts'
import { Comparison } from './comparison.ts'
import { Confirmations } from './confirmations.ts'
import type { Core } from './core.ts'
import type { Differences } from './differences.ts'
import type { Holdings, Repair as RepairPart, Sync } from './parts.ts'
import type { AskSettled, TokenDigest } from './peer-request.ts'
import type { Pull } from './pull-queue.ts'
import type { PullListener, Pulls } from './pulls.ts'
import type { Standing } from './standing.ts'
import { TokenSet } from './token-set.ts'

/** Digests in one request: what takes a few milliseconds to compare. */
const digestsMax = 1_024
/** What digests and sums take on the way, and a request beside them. */
const digestBytes = 14
const blockSumBytes = 10
const requestBytes = 32
/** How long changes of the ring are waited for, since they come in groups, and commands wait for the claims that follow. */
const settleMs = 100
/** The interval of comparisons varies by that share, so that nodes do not keep step. */
const jitter = 0.1

export interface RepairOptions {
  readonly core: Core
  readonly standing: Standing
  readonly holdings: Holdings
  readonly sync: Pick<Sync, 'isSettled'>
  readonly pulls: Pulls
  readonly differences: Differences
}

interface Round {
  readonly peer: string
  readonly comparison: Comparison
  /** What is compared token by token. */
  readonly tokens: number[]
  readonly ring: string
  /** How many of them were to be confirmed when it began. */
  readonly due: number
}

export class Repair implements RepairPart, PullListener {
  bytesSent = 0
  readonly #options: RepairOptions
  readonly #core: Core
  readonly #confirmations: Confirmations
  readonly #comparisons = new Map<string, Comparison>()
  readonly #incarnations = new Map<string, number>()
  /** Tokens of which more has come here by a pull that goes on. */
  readonly #grown = new TokenSet()
  #view: View
  #ring: Ring

  constructor(options: RepairOptions) {
    this.#options = options
    this.#core = options.core
    this.#view = options.core.view
    this.#ring = options.core.ring
    this.#confirmations = new Confirmations(options.core.ring)
    options.pulls.tell(this)
  }

  get underReplicatedTokens(): number {
    let count = 0
    for (const token of this.#options.standing.coordinated) {
      if (this.#options.holdings.holds(token) && this.#confirmations.lacking(token) > 0) count++
    }
    return count
  }

  /** claimed says that tokens are held anew: nobody has confirmed them to this node. */
  claimed(tokens: TokenSet): void {
    for (const token of tokens) {
      this.#confirmations.clear(token)
      this.outgrew(token)
    }
    this.#hasten()
  }

  /** ringChanged says that the ring or the view may have changed. */
  ringChanged(): void {
    const { view, ring, peers } = this.#core
    if (view === this.#view && ring === this.#ring) return
    if (ring !== this.#ring) {
      this.#hasten()
      // Strays of one ring, which are dropped, may be owned again by the next.
      this.#options.differences.reconsider()
    }
    this.#view = view
    this.#ring = ring
    this.#confirmations.turn(ring)
    for (const peer of peers) {
      const incarnation = view.get(peer)?.incarnation as number
      const before = this.#incarnations.get(peer)
      this.#incarnations.set(peer, incarnation)
      if (before === undefined || before === incarnation) continue
      // It may have come back with less than it had.
      this.#confirmations.revokeAll(peer)
      this.#options.differences.forget(peer)
      this.#comparisonWith(peer).hasten(this.#core.now + settleMs)
    }
    for (const peer of this.#comparisons.keys()) {
      if (peers.includes(peer)) continue
      this.#comparisons.delete(peer)
      this.#confirmations.revokeAll(peer)
    }
    this.#options.differences.retain(peers)
  }

  ownerMissed(token: number, member: string): void {
    this.#confirmations.revoke(token, member)
    const comparison = this.#comparisonWith(member)
    comparison.miss(token)
    comparison.hasten(this.#core.now + this.#recheckMs)
  }

  dropped(): void {
    this.#options.differences.reconsider()
  }

  /** served says that a peer was handed the first page of what is here of these tokens, or the last one. */
  served(peer: string, tokens: TokenSet, page: { readonly isFirst: boolean; readonly isLast: boolean }): void {
    this.#comparisons.get(peer)?.serve(tokens, page)
  }

  pulled({ source, purpose, startedAt }: Pull & { readonly startedAt: number }, token: number): void {
    this.#options.differences.listed(source, { token, startedAt })
    const hasGrown = this.#grown.delete(token)
    if (purpose === 'sync' || !this.#isMine(token)) return
    // What came from one owner the others may lack.
    for (const owner of this.#core.ring.owners(token)) {
      if (owner === source || owner === this.#core.self) continue
      if (hasGrown) this.#confirmations.revoke(token, owner)
      const comparison = this.#comparisonWith(owner)
      comparison.doubtful.add(token)
      comparison.hasten(this.#core.now + this.#recheckMs)
    }
  }

  lost(): void {}

  /** outgrew says that more of a token has come here: what owners were handed of it before is not all of it. */
  outgrew(token: number): void {
    this.#grown.add(token)
    for (const comparison of this.#comparisons.values()) comparison.outgrew(token)
  }

  tick(): void {
    this.ringChanged()
    const { now, ring, self } = this.#core
    for (const { name } of ring.members) {
      if (name === self || this.#core.isAway(name)) continue
      const comparison = this.#comparisonWith(name)
      if (!comparison.isUnderWay && comparison.dueAt <= now) this.#begin(name, comparison)
    }
  }

  /** A write is through, or has failed, by then. */
  get #recheckMs(): number {
    return this.#core.settings.replicaTimeoutMs + 2 * this.#core.settings.tickIntervalMs
  }

  #isMine(token: number): boolean {
    return this.#options.standing.rank(token) === 0 && this.#options.holdings.holds(token)
  }

  #comparisonWith(peer: string): Comparison {
    let comparison = this.#comparisons.get(peer)
    if (comparison === undefined) {
      comparison = new Comparison(this.#core.now + settleMs)
      this.#comparisons.set(peer, comparison)
    }
    return comparison
  }

  #hasten(): void {
    for (const comparison of this.#comparisons.values()) comparison.hasten(this.#core.now + settleMs)
  }

  #begin(peer: string, comparison: Comparison): void {
    const { now, settings, random, ring, store } = this.#core
    const { standing, sync } = this.#options
    const isWhole = comparison.wholeAt <= now
    if (isWhole) comparison.beginWhole(now + settings.compareIntervalMs * (1 + jitter * (2 * random() - 1)))
    const tokens: number[] = []
    const changed: number[] = []
    let due = 0
    // Where all is confirmed there is nothing to look for but what differed.
    const candidates = isWhole || !this.#isConfirmed(comparison) ? standing.coordinated : [...comparison.doubtful]
    for (const token of candidates) {
      // Of what the peer does not own it could say nothing, and would refuse the rest with it.
      if (!this.#confirmations.isOwner(token, peer) || !this.#isMine(token) || !sync.isSettled(token)) continue
      const isDue = this.#confirmations.isDue(token, peer)
      if (isDue) due++
      const isAsked = isDue || comparison.doubtful.has(token)
      const isChanged = isWhole && !comparison.hasAgreed(token, store.digest(token).low)
      if (isAsked) tokens.push(token)
      else if (isChanged) changed.push(token)
    }
    const blocks = this.#blocksOf(peer, comparison, changed)
    for (const token of changed) if (!blocks.covers(token)) tokens.push(token)
    comparison.doubtful.clear()
    comparison.missed.clear()
    // Those that have the fewest copies first.
    const lacking = (token: number): number => this.#confirmations.lacking(token)
    if (ring.ownersPerToken > 2) tokens.sort((a, b) => lacking(b) - lacking(a))
    const round = { peer, comparison, tokens, ring: ring.checksum, due }
    if (blocks.size === 0) this.#compare(round, 0)
    else this.#compareBlocks(round, blocks)
  }

  #blocksOf(peer: string, comparison: Comparison, changed: readonly number[]): Blocks {
    const isWorthIt = (token: number): boolean =>
      this.#isMine(token) &&
      this.#options.sync.isSettled(token) &&
      !comparison.doubtful.has(token) &&
      !this.#confirmations.isDue(token, peer)
    const pair = { coordinator: this.#core.self, owner: peer }
    return Blocks.of(this.#core.ring, pair, { changed, isWorthIt })
  }

  /** Compares blocks, then the tokens of those that differ, and what else is in the round. */
  #compareBlocks(round: Round, blocks: Blocks): void {
    const { peer, comparison, ring, tokens } = round
    const { width } = blocks
    const { sums, digests } = blocks.held(this.#core.store)
    comparison.isUnderWay = true
    this.bytesSent += requestBytes + blockSumBytes * sums.length
    this.#core.ask(peer, { type: 'compare-blocks', ring, width, sums }, (outcome) => {
      comparison.isUnderWay = false
      const reply = outcome.type === 'reply' && outcome.reply.type === 'compared-blocks' ? outcome.reply : undefined
      if (reply === undefined || ring !== this.#core.ring.checksum) {
        this.#retry(comparison)
        return
      }
      for (const block of reply.differing) {
        for (const { token } of digests.get(block) ?? []) tokens.push(token)
        digests.delete(block)
      }
      for (const equal of digests.values()) this.#agree(round, equal)
      this.#compare(round, 0)
    })
  }

  /** An owner holds the same of these as was here when it was asked. */
  #agree({ peer, comparison }: Round, digests: readonly TokenDigest[]): void {
    this.#options.differences.equal(
      peer,
      digests.map(({ token }) => token),
    )
    for (const digest of digests) {
      if (!this.#isMine(digest.token) || comparison.missed.has(digest.token)) continue
      this.#confirmations.confirm(digest.token, peer)
      comparison.agree(digest.token, digest.low)
    }
  }

  /** Compares the tokens of a round from `at` on, one request after another. */
  #compare(round: Round, at: number): void {
    const { peer, comparison, tokens, ring } = round
    const portion = tokens.slice(at, at + digestsMax)
    comparison.isUnderWay = portion.length > 0
    if (portion.length === 0) {
      this.#end(round)
      return
    }
    const digests = portion.map((token): TokenDigest => ({ token, ...this.#core.store.digest(token) }))
    this.bytesSent += requestBytes + digestBytes * digests.length
    this.#core.ask(peer, { type: 'compare', digests }, (outcome) => {
      comparison.isUnderWay = false
      const isAnswer = outcome.type === 'reply' && outcome.reply.type === 'compared'
      if (isAnswer && ring === this.#core.ring.checksum) {
        this.#learn(round, digests, outcome)
        this.#compare(round, at + portion.length)
      } else this.#retry(comparison)
    })
  }

  #learn({ peer, comparison }: Round, sent: readonly TokenDigest[], outcome: AskSettled): void {
    if (outcome.type !== 'reply' || outcome.reply.type !== 'compared') return
    const differing = new Map(outcome.reply.differing.map((digest) => [digest.token, digest]))
    const known = new Map(outcome.reply.known.map((digest) => [digest.token, digest]))
    for (const digest of sent) {
      const { token } = digest
      if (!this.#isMine(token) || comparison.missed.has(token)) continue
      const theirs = differing.get(token)
      if (theirs !== undefined) {
        this.#weigh(peer, comparison, theirs)
        continue
      }
      this.#confirmations.confirm(token, peer)
      const rest = known.get(token)
      if (rest === undefined || this.#isKnown(peer, rest)) comparison.agree(token, digest.low)
      else comparison.doubtful.add(token)
    }
    this.#options.pulls.pump()
  }

  /** What a difference means: nothing yet, a look at what the owner has, or that it lacks something. */
  #weigh(peer: string, comparison: Comparison, theirs: TokenDigest): void {
    const { token } = theirs
    const verdict = this.#options.differences.judge(peer, theirs)
    if (verdict === 'equal') return
    comparison.doubtful.add(token)
    if (verdict === 'new') return
    if (verdict === 'again' && theirs.entries > 0) {
      this.#options.pulls.want({ source: peer, digest: theirs, purpose: 'repair', by: 'keys' })
    }
    if (comparison.takeServed(token)) {
      this.#confirmations.confirm(token, peer)
      comparison.doubtful.delete(token)
    } else this.#confirmations.revoke(token, peer)
  }

  /**
   * Whether a difference that its owner can do nothing about is known here too. Answers get lost: the owner may have gone
   * through all that is here before this node has looked at all that is there. Where there is nothing, nothing is to be
   * looked at.
   */
  #isKnown(peer: string, theirs: TokenDigest): boolean {
    if (theirs.entries === 0) return true
    const verdict = this.#options.differences.judge(peer, theirs)
    if (verdict === 'again') {
      this.#options.pulls.want({ source: peer, digest: theirs, purpose: 'repair', by: 'keys' })
    }
    return verdict === 'equal' || verdict === 'known'
  }

  #end({ peer, comparison, due }: Round): void {
    const left = comparison.doubtful.size + this.#countDue(peer, comparison)
    if (left < due || left === 0) comparison.pauseMs = 0
    if (left === 0) comparison.dueAt = comparison.wholeAt
    else this.#retry(comparison)
  }

  /** How many tokens a peer has still to confirm. */
  #countDue(peer: string, comparison: Comparison): number {
    if (this.#isConfirmed(comparison)) return 0
    let due = 0
    for (const token of this.#options.standing.coordinated) {
      if (this.#options.holdings.holds(token) && this.#confirmations.isDue(token, peer)) due++
    }
    comparison.confirmedAt = due === 0 ? this.#confirmations.revocations : undefined
    return due
  }

  /** Whether the peer had confirmed everything, and nothing was taken back since. */
  #isConfirmed({ confirmedAt }: Comparison): boolean {
    return confirmedAt === this.#confirmations.revocations
  }

  #retry(comparison: Comparison): void {
    const { now, settings } = this.#core
    comparison.pauseMs = Math.min(settings.compareIntervalMs, Math.max(this.#recheckMs, comparison.pauseMs * 2))
    comparison.dueAt = Math.min(now + comparison.pauseMs, Math.max(now, comparison.wholeAt))
  }
}
