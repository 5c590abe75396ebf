/**
 * Batch: some tokens of one peer on their way here, one request at a time.
 *
 *      by pages   pull ─► copies ─► pull … ─► done
 *      by keys    list ─► stamps ─► fetch what is lacking ─► copies ─► list … ─► done
 *
 * A request that fails is sent again after a pause: a page is all that is ever repeated. A source with a new
 * incarnation may have lost its entries and the meaning of cursors: it is asked from the beginning.
 */
import type { Place } from '../store/store.ts'
import type { Core } from './core.ts'
import type { Intake } from './intake.ts'
import type { AskSettled, Copy, PeerReply, PeerRequest, Stamp } from './peer-request.ts'
import type { Pull, Want } from './pull-queue.ts'
import { spotBytes } from './spot.ts'
import type { Throttle } from './throttle.ts'
import { TokenSet } from './token-set.ts'

/** First pause after a request that failed; it doubles up to the deadline of a request. */
const pauseMsMin = 50
/** Deadlines of a request after which a source that never answers is given up. */
const patience = 10
/** Lists are short beside copies: a page of one is a fraction of a page of the other. */
const listShare = 1 / 4

export interface BatchHost {
  readonly core: Core
  readonly intake: Intake
  readonly throttle: Throttle
  /** Whether this version of a key is to be fetched from the source. */
  readonly lacks: (place: Place, stamp: Stamp, pull: Pull) => boolean
  /** Whether a copy that came may be taken over. */
  readonly accepts: (place: Place, copy: Copy, pull: Pull) => boolean
  readonly ended: (batch: Batch, how: 'pulled' | 'lost') => void
}

export class Batch implements Pull {
  readonly source: string
  readonly purpose: Want['purpose']
  readonly by: Want['by']
  /** About how many entries are still to come. */
  entriesLeft = 0
  /** Whatever the source held by then comes. */
  startedAt: number
  #tokens: TokenSet
  #cursor: number | undefined
  /** What the present page of a list lacks. */
  #spots: Stamp[] = []
  #isLast = false
  #isUnderWay = false
  #hasEnded = false
  #incarnation: number | undefined
  #failingSince: number | undefined
  #pauseMs = 0
  #resumeAt = 0
  readonly #host: BatchHost

  /** `wants` are of one source and one kind, at least one. */
  constructor(wants: readonly Want[], host: BatchHost) {
    const { source, purpose, by } = wants[0] as Want
    this.source = source
    this.purpose = purpose
    this.by = by
    this.#tokens = TokenSet.of(wants.map(({ digest }) => digest.token))
    for (const { digest } of wants) this.entriesLeft += digest.entries
    this.#host = host
    this.startedAt = host.core.now
    this.#incarnation = this.#incarnationNow()
  }

  get tokens(): TokenSet {
    return this.#tokens
  }

  /** step goes on if it may now. */
  step(): void {
    const { core, throttle } = this.#host
    if (this.#hasEnded || this.#isUnderWay || core.now < this.#resumeAt || !throttle.allows(core.now)) return
    if (this.#incarnation !== this.#incarnationNow()) this.#restart()
    this.#isUnderWay = true
    const { request, spots } = this.#next()
    core.ask(this.source, request, (outcome) => this.#settled(outcome, spots))
  }

  /** narrow leaves out tokens that are not wanted any more. */
  narrow(keep: (token: number) => boolean): void {
    const kept = TokenSet.of([...this.#tokens].filter(keep))
    if (kept.size === this.#tokens.size) return
    this.#tokens = kept
    if (kept.size === 0) this.#end('lost')
  }

  /** abandon ends it; an answer that is still to come changes nothing. */
  abandon(): void {
    this.#hasEnded = true
  }

  #incarnationNow(): number | undefined {
    return this.#host.core.view.get(this.source)?.incarnation
  }

  #restart(): void {
    this.#incarnation = this.#incarnationNow()
    this.startedAt = this.#host.core.now
    this.#cursor = undefined
    this.#spots = []
    this.#isLast = false
  }

  #next(): { request: PeerRequest; spots: number } {
    const { pageBytesMax } = this.#host.core.settings
    if (this.#spots.length > 0) {
      const spots = this.#spots.slice(0, countWithin(this.#spots, pageBytesMax * listShare))
      return { request: { type: 'fetch', spots }, spots: spots.length }
    }
    const [type, bytesMax] =
      this.by === 'pages' ? ['pull' as const, pageBytesMax] : ['list' as const, pageBytesMax * listShare]
    return { request: { type, tokens: this.#tokens, cursor: this.#cursor, bytesMax }, spots: 0 }
  }

  #settled(outcome: AskSettled, spots: number): void {
    this.#isUnderWay = false
    if (this.#hasEnded) return
    if (outcome.type !== 'reply' || !this.#accept(outcome.reply, spots)) {
      this.#failed()
      return
    }
    this.#failingSince = undefined
    this.#pauseMs = 0
    if (this.#isLast && this.#spots.length === 0) this.#end('pulled')
    else this.step()
  }

  /** accept takes in what the source says; false when that is no answer to what it was asked. */
  #accept(reply: PeerReply, spots: number): boolean {
    if (reply.type === 'stamps' && spots === 0 && this.by === 'keys') {
      this.#spots = reply.stamps.filter((stamp) => this.#host.lacks(this.#host.intake.placeOf(stamp), stamp, this))
      this.#host.throttle.spend(reply.stamps.reduce((sum, stamp) => sum + spotBytes(stamp), 0))
      this.entriesLeft = Math.max(0, this.entriesLeft - reply.stamps.length + this.#spots.length)
      this.#turn(reply.cursor)
      return true
    }
    if (reply.type !== 'copies') return false
    if (spots > 0) {
      const looked = reply.cursor ?? spots
      if (!(looked > 0)) return false
      this.#spots = this.#spots.slice(looked)
    } else if (this.by === 'pages') this.#turn(reply.cursor)
    else return false
    this.entriesLeft = Math.max(0, this.entriesLeft - reply.copies.length)
    const { throttle, intake, accepts } = this.#host
    throttle.spend(intake.take(reply.copies, (place, copy) => accepts(place, copy, this)))
    return true
  }

  #turn(cursor: number | undefined): void {
    this.#cursor = cursor
    this.#isLast = cursor === undefined
  }

  #failed(): void {
    const { now, settings } = this.#host.core
    this.#failingSince ??= now
    this.#pauseMs = Math.min(settings.askTimeoutMs, Math.max(pauseMsMin, this.#pauseMs * 2))
    this.#resumeAt = now + this.#pauseMs
    if (now - this.#failingSince >= patience * settings.askTimeoutMs) this.#end('lost')
  }

  #end(how: 'pulled' | 'lost'): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#host.ended(this, how)
  }
}

/** How many of these fit into a message; at least one. */
function countWithin(stamps: readonly Stamp[], bytesMax: number): number {
  let bytes = 0
  let count = 0
  while (count < stamps.length && (count === 0 || bytes < bytesMax)) bytes += spotBytes(stamps[count++] as Stamp)
  return count
}
