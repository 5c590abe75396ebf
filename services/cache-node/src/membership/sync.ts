/**
 * Exchanging whole views, page by page in order of names: at join, with a peer whose digest stays different after
 * news had time to spread, with a peer that computed another ring, and now and then with anyone.
 *
 *   us                                     peer
 *    │ our records a…f, asking for any  ──►  │      Each request carries our next page and asks for the peer's next
 *    │ ◄──────────────  its records a…d      │      one; it ends when both have no more. The peer keeps nothing in
 *    │ our records g…k, asking after d  ──►  │      mind between two pages, so that any loss costs one repetition.
 *    │ ◄──────────────  its records e…m      │
 */
import type { Member } from '@ringhold/sdk/membership'
import type { Composer } from './composer.ts'
import type { Core } from './core.ts'
import type { Outcome } from './exchanges.ts'
import type { Gossip } from './message.ts'
import { spreadMs, syncPauseMs } from './settings.ts'

/** Walked is how an exchange of views ended: with the peer's record, or with the outcome of the exchange that failed. */
export type Walked =
  | { readonly type: 'done'; readonly peer: Member }
  | { readonly type: 'failed'; readonly outcome: Outcome }

export class Sync {
  readonly #core: Core
  readonly #composer: Composer
  #running = false
  /** Waking times of the next unprompted sync, of the last one, and of the last change of our view. */
  #dueAt = 0
  #startedAt = Number.NEGATIVE_INFINITY
  #changedAt = 0

  constructor(core: Core, composer: Composer) {
    this.#core = core
    this.#composer = composer
  }

  /** begin is called when the node has joined. */
  begin(): void {
    const { awake, random, settings, liveCount } = this.#core
    this.#dueAt = awake + random() * syncPauseMs(settings, liveCount)
  }

  /** changed notes that our own view has changed: differences are to be expected for a while. */
  changed(): void {
    this.#changedAt = this.#core.awake
  }

  /** compare looks at the digest in the reply of a peer, after its news were merged. */
  compare(peer: Member, digest: number): void {
    const { roster, settings, liveCount, awake } = this.#core
    if (digest === roster.digest) return
    const quietMs = spreadMs(settings, liveCount)
    if (awake - this.#changedAt < quietMs || awake - this.#startedAt < quietMs) return
    this.#core.log('debug', 'views differ: exchanging them in full', { peer: peer.name })
    this.#start(peer.urls.peer)
  }

  /** hint starts a sync at once, unless one has just begun. */
  hint(peerUrl: string): void {
    if (this.#core.awake - this.#startedAt >= this.#core.settings.hintGapMs) this.#start(peerUrl)
  }

  tick(): void {
    const { awake, settings, liveCount, order, roster } = this.#core
    if (awake < this.#dueAt) return
    this.#dueAt = awake + syncPauseMs(settings, liveCount)
    const [name] = order.next(1, roster.live, (name) => roster.livePeer(name) !== undefined)
    const peer = name === undefined ? undefined : roster.livePeer(name)
    if (peer) this.#start(peer.urls.peer)
  }

  #start(peerUrl: string): void {
    if (this.#running) return
    this.#running = true
    this.#startedAt = this.#core.awake
    this.walk(peerUrl, () => {
      this.#running = false
    })
  }

  /** walk exchanges all pages with the peer at that address. */
  walk(peerUrl: string, done: (walked: Walked) => void): void {
    this.#step({ peerUrl, send: '', ask: '', done })
  }

  #step({ peerUrl, send, ask, done }: Walk): void {
    const { message, next } = this.#composer.page(send, ask)
    let settled = false
    const sent = this.#core.send(peerUrl, message, (outcome) => {
      if (settled) return
      settled = true
      const reply = gossipOf(outcome)
      if (!reply) return done({ type: 'failed', outcome })
      const answered = reply.page?.after
      // A cursor that does not move on would never end.
      const askNext = ask !== undefined && answered !== undefined && answered > ask ? answered : undefined
      if (next === undefined && askNext === undefined) return done({ type: 'done', peer: reply.from })
      this.#step({ peerUrl, send: next, ask: askNext, done })
    })
    if (!sent) done({ type: 'failed', outcome: { type: 'failed' } })
  }
}

interface Walk {
  readonly peerUrl: string
  /** The names after which our next page begins and the peer's shall begin; undefined when there are no more. */
  readonly send: string | undefined
  readonly ask: string | undefined
  readonly done: (walked: Walked) => void
}

function gossipOf(outcome: Outcome): Gossip | undefined {
  return outcome.type === 'reply' && outcome.message.type === 'gossip' ? outcome.message : undefined
}
