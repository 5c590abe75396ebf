/**
 * Claims: how tokens get their coordinator, and why there is one at a time.
 *
 *      the ring says: token t is mine ──► claim {ring, tokens} to all peers ──► released {held, digests} ──► held
 *                                              other ring: exchange views, again ◄──┘
 *
 * Tokens are claimed in portions, each on its own: what is answered is served at once, and waits for few writes in flight.
 *
 * A token is held as soon as one peer answered that it held it until now (there is one holder at a time, so no other
 * needs to be waited for), or all peers answered under this very ring. Dead and left ones need not answer.
 *
 * Why that is safe: let A hold t, and B acquire it under ring r. B needs A's own answer under r, unless B's view holds A
 * dead. So A's ring has moved to r, where B and not A coordinates t; A has stopped its own claim of t, if it had one, and
 * by its answer released t, after its writes in flight. Answers to a claim count only for the ring it was made under and
 * only until the own ring changes; so a claimant that has moved on acquires nothing by what it asked before. Views only
 * grow, so nobody whom anyone asked is forgotten; joining members are asked too, for whoever answers has the claimant in
 * its view before it can claim anything itself. A false death, and a broken link (see routing.ts), are the exceptions:
 * then there are two for a while, and the highest version wins.
 *
 * A holder that has not yet all the entries of a token, coordinates it provisionally, or stood still, does not say 'held',
 * since it may not be the only source: then everybody has to answer.
 *
 * Who held tokens until it was suspected or stood still claims them anew. Only the other owners can have coordinated
 * them meanwhile, provisionally, so only they must answer; but everybody, if it may have been declared dead.
 */
import { tokenCount } from '@ringhold/sdk/ring'
import type { Core } from './core.ts'
import type { Sync } from './parts.ts'
import type { AskSettled, PeerReply, TokenDigest } from './peer-request.ts'
import type { Tenure } from './tenure.ts'
import { TokenSet } from './token-set.ts'

/** Views meet within milliseconds, and commands wait for the claim meanwhile. */
const otherRingPauseMsMax = 80
/** An answer counts until so many times the deadline of a request: a node that is just starting is slow, not silent. */
const latestAnswer = 5
/** A claim that takes longer is told of, with those that it waits for. */
const slowClaimMs = 500

/** Whose answers a claim needs. */
export type Needed = 'everybody' | 'owners'

/** Asked is one peer, as far as a claim is concerned. */
interface Asked {
  hasAnswered: boolean
  /** When to ask once more. What comes of the earlier requests counts all the same. */
  retryAt: number
  pauseMs: number
  /** How often it was asked. */
  requests: number
  /** How it answered last; 'nothing' as long as it has not. */
  last: string
  digests: readonly TokenDigest[]
  /** Of the peer when it was asked. What a process said is worth nothing once it is replaced. */
  incarnation: number | undefined
}

/** Claim is a portion of the tokens that are claimed. */
interface Claim {
  /** Those that are not held yet. */
  readonly tokens: TokenSet
  readonly needed: Needed
  readonly asked: Map<string, Asked>
  readonly begunAt: number
}

export interface ClaimsOptions {
  readonly core: Core
  readonly tenure: Tenure
  readonly sync: Pick<Sync, 'claimed' | 'alsoHeld'>
}

export class Claims {
  readonly #core: Core
  readonly #tenure: Tenure
  readonly #sync: Pick<Sync, 'claimed' | 'alsoHeld'>
  readonly #open = new Set<Claim>()
  /** Whether it was told that the claims that are open take long. */
  #isToldOf = false

  constructor({ core, tenure, sync }: ClaimsOptions) {
    this.#core = core
    this.#tenure = tenure
    this.#sync = sync
  }

  /** restart begins anew, under the present ring, for all that it gives this node and that is not held. */
  restart(): void {
    this.#open.clear()
    const tokens = new TokenSet()
    for (let token = 0; token < tokenCount; token++) {
      const state = this.#tenure.state(token)
      if (state === 'held') continue
      if (this.#tenure.isMine(token)) tokens.add(token)
      else if (state === 'claiming') this.#tenure.set(token, 'none')
    }
    this.#claim(tokens, 'everybody')
  }

  /** peersChanged takes note that members came or went that are not on the ring. */
  peersChanged(): void {
    const peers = new Set(this.#core.peers)
    for (const claim of this.#open) {
      for (const [name, asked] of claim.asked) {
        if (asked.incarnation !== this.#incarnation(name) || !peers.has(name)) claim.asked.delete(name)
      }
      for (const name of peers) if (!claim.asked.has(name)) this.#ask(claim, name)
      this.#settleIfAnswered(claim)
    }
  }

  /** claimAnew gives up what of these tokens is coordinated here, and claims what of them the ring gives this node. */
  claimAnew(tokens: TokenSet, needed: Needed): void {
    const mine = new TokenSet()
    for (const token of tokens) {
      if (!this.#tenure.holds(token)) continue
      if (this.#tenure.isMine(token)) mine.add(token)
      else this.#tenure.set(token, 'none')
    }
    this.#claim(mine, needed)
  }

  /** abort stops claiming what another claims. */
  abort(tokens: TokenSet): void {
    if (this.#tenure.count('claiming') === 0) return
    for (const claim of this.#open) {
      for (const token of tokens) claim.tokens.delete(token)
      if (claim.tokens.size === 0) this.#open.delete(claim)
    }
  }

  tick(): void {
    const { now } = this.#core
    let isSlow = false
    for (const claim of this.#open) {
      for (const [name, { hasAnswered, retryAt }] of claim.asked) {
        if (!hasAnswered && retryAt <= now) this.#ask(claim, name)
      }
      isSlow ||= now - claim.begunAt > slowClaimMs
    }
    if (isSlow && !this.#isToldOf) this.#tell()
    this.#isToldOf = isSlow
  }

  #tell(): void {
    const waitsFor = new Set<string>()
    for (const { asked } of this.#open) {
      for (const [name, { hasAnswered, last }] of asked) if (!hasAnswered) waitsFor.add(`${name}: ${last}`)
    }
    const tokens = this.#tenure.count('claiming')
    this.#core.log('warn', 'a claim of tokens is slow', { tokens, waitsFor: [...waitsFor] })
  }

  #claim(tokens: TokenSet, needed: Needed): void {
    for (const token of tokens) this.#tenure.set(token, 'claiming')
    const { claimTokensMax } = this.#core.settings
    const all = [...tokens]
    for (let at = 0; at < all.length; at += claimTokensMax) {
      this.#begin(TokenSet.of(all.slice(at, at + claimTokensMax)), needed)
    }
  }

  #begin(tokens: TokenSet, needed: Needed): void {
    const claim: Claim = { tokens, needed, asked: new Map(), begunAt: this.#core.now }
    this.#open.add(claim)
    for (const name of this.#core.peers) this.#ask(claim, name)
    this.#settleIfAnswered(claim)
  }

  #ask(claim: Claim, name: string): void {
    const { now, settings, ring } = this.#core
    const asked = claim.asked.get(name) ?? newAsked(this.#incarnation(name), settings.claimRetryMs)
    claim.asked.set(name, asked)
    const request = ++asked.requests
    asked.retryAt = now + settings.askTimeoutMs
    // A copy: the claim's own set shrinks while the request is under way.
    const tokens = new TokenSet(claim.tokens.bits.slice())
    const settled = (outcome: AskSettled) => {
      if (claim.asked.get(name) !== asked || asked.hasAnswered) return
      const reply = outcome.type === 'reply' ? outcome.reply : undefined
      const isStill = ring === this.#core.ring && asked.incarnation === this.#incarnation(name)
      if (reply?.type === 'released' && isStill) this.#sync.alsoHeld(name, reply.digests)
      if (!this.#open.has(claim)) return
      if (reply?.type === 'released') this.#released(claim, name, reply)
      else if (request === asked.requests) this.#refused(asked, name, outcome)
    }
    // Of two answers the first says what the peer held, so it is worth waiting for, however late it comes.
    this.#core.ask(name, { type: 'claim', ring: ring.checksum, tokens }, settled, settings.askTimeoutMs * latestAnswer)
  }

  #refused(asked: Asked, name: string, outcome: AskSettled): void {
    const { now, settings, effects } = this.#core
    const isOtherRing = outcome.type === 'reply' && outcome.reply.type === 'other-ring'
    if (isOtherRing) effects.push({ type: 'suspect-ring', member: name })
    asked.last = outcome.type === 'reply' ? outcome.reply.type : outcome.type
    asked.retryAt = now + asked.pauseMs
    asked.pauseMs = Math.min(asked.pauseMs * 2, isOtherRing ? otherRingPauseMsMax : settings.askTimeoutMs)
  }

  #released(claim: Claim, name: string, reply: PeerReply & { type: 'released' }): void {
    const asked = claim.asked.get(name) as Asked
    asked.hasAnswered = true
    asked.digests = reply.digests
    const held = intersection(claim.tokens, reply.held)
    if (held.size > 0) {
      this.#hold(claim, held, new Map([[name, asked]]))
      // Should the only holder go before all of it is here, whoever answered earlier has its writes too.
      for (const [other, { digests }] of claim.asked) if (other !== name) this.#sync.alsoHeld(other, digests)
    }
    this.#settleIfAnswered(claim)
  }

  #settleIfAnswered(claim: Claim): void {
    if (claim.tokens.size === 0) this.#open.delete(claim)
    if (!this.#open.has(claim)) return
    const silent = new Set<string>()
    for (const [name, { hasAnswered }] of claim.asked) if (!hasAnswered) silent.add(name)
    if (silent.size > 0 && claim.needed === 'everybody') return
    const { ring } = this.#core
    const answered = new TokenSet()
    for (const token of claim.tokens) {
      if (silent.size === 0 || !ring.owners(token).some((owner) => silent.has(owner))) answered.add(token)
    }
    if (answered.size > 0) this.#hold(claim, answered, claim.asked)
    if (claim.tokens.size === 0) this.#open.delete(claim)
  }

  #hold(claim: Claim, tokens: TokenSet, sources: ReadonlyMap<string, Asked>): void {
    for (const token of tokens) {
      claim.tokens.delete(token)
      this.#tenure.set(token, 'held')
    }
    const digests = new Map<string, readonly TokenDigest[]>()
    for (const [name, asked] of sources) {
      const known = asked.digests.filter(({ token }) => tokens.has(token))
      if (known.length > 0) digests.set(name, known)
    }
    this.#announce(tokens)
    this.#sync.claimed(tokens, digests)
    this.#core.log('debug', 'tokens are claimed', { tokens: tokens.size, left: claim.tokens.size })
  }

  /** Tells the other owners that these tokens are held here: from then on one of them may stand in. */
  #announce(tokens: TokenSet): void {
    const { ring, self } = this.#core
    const tokensOf = new Map<string, TokenSet>()
    for (const token of tokens) {
      for (const owner of ring.owners(token)) {
        if (owner === self || this.#core.isAway(owner)) continue
        const told = tokensOf.get(owner) ?? new TokenSet()
        told.add(token)
        tokensOf.set(owner, told)
      }
    }
    for (const [owner, told] of tokensOf) this.#core.ask(owner, { type: 'recall', tokens: told }, () => {})
  }

  #incarnation(name: string): number | undefined {
    return this.#core.view.get(name)?.incarnation
  }
}

function newAsked(incarnation: number | undefined, pauseMs: number): Asked {
  return { hasAnswered: false, retryAt: 0, pauseMs, requests: 0, last: 'nothing', digests: [], incarnation }
}

function intersection(a: TokenSet, b: TokenSet): TokenSet {
  const both = new TokenSet()
  for (const token of b) if (a.has(token)) both.add(token)
  return both
}
