/**
 * Sync: what a node does with tokens that it has just claimed, and of which others hold entries that it lacks.
 *
 *      claimed ─► sources of each token ─► Pulls ─► settled
 *                      │
 *                      └─ until then, before a command: fetch its key from each source, the highest version stays
 *
 * Guarantees: a command on a settled token finds here whatever any source held when the token was claimed, and so does
 * a command whose key was fetched. Writes go on meanwhile and win: the claim carried the clocks of all. A source that
 * dies is replaced by one that held the same, or by all others, also those that the claim did not wait for; when they
 * have been looked at it counts as pulled, for nobody can tell any more.
 */
import type { Place } from '../store/store.ts'
import type { Core } from './core.ts'
import type { FetchedKeys } from './fetched-keys.ts'
import { Fetches } from './fetches.ts'
import type { Acceptance, Intake } from './intake.ts'
import type { Holdings, Sync as SyncPart } from './parts.ts'
import type { TokenDigest } from './peer-request.ts'
import type { Pull } from './pull-queue.ts'
import type { PullListener, Pulls } from './pulls.ts'
import { isEqual, type Source, sourcesOf } from './sources.ts'
import type { Standing } from './standing.ts'
import { TokenSet } from './token-set.ts'

/** The digest of what nobody told, which equals no other. */
const unknown = { entries: 0, low: -1, high: -1 }

interface Syncing {
  /** What is left to pull, the one under way first. */
  readonly sources: Source[]
  /** What other owners hold, which is pulled only if a source is lost: it may be behind, or ahead of what was evicted. */
  readonly spares: Source[]
  /** Nothing of it was here when it was claimed: whatever the first source has comes in whole pages. */
  wasEmpty: boolean
}

/** KeyWanted is a key that a command waits for. */
interface KeyWanted {
  readonly place: Place
  readonly done: (isFetched: boolean) => void
  readonly until: number
  /** Which of several peers that hold the same is asked. */
  readonly attempt: number
}

export interface SyncOptions {
  readonly core: Core
  readonly standing: Standing
  readonly holdings: Holdings
  readonly pulls: Pulls
  readonly intake: Intake
  readonly fetched: FetchedKeys
  /** Whether a key that a source handed out for a command may be taken over. */
  readonly acceptsFetched: Acceptance
}

export class Sync implements SyncPart, PullListener {
  readonly #core: Core
  readonly #standing: Standing
  readonly #holdings: Holdings
  readonly #pulls: Pulls
  readonly #intake: Intake
  readonly #fetched: FetchedKeys
  readonly #fetches: Fetches
  readonly #syncing = new Map<number, Syncing>()
  /** Those of #syncing: a bitmap for the question that every command asks. */
  readonly #unsettled = new TokenSet()
  /** Of the peers, as they were when the view changed last. */
  readonly #incarnations = new Map<string, number>()
  /** Keys that a source did not hand out yet: it is asked again with the next tick. */
  #unanswered: KeyWanted[] = []
  /** Called when claimed was. */
  onClaimed: (tokens: TokenSet) => void = () => {}

  constructor({ core, standing, holdings, pulls, intake, fetched, acceptsFetched }: SyncOptions) {
    this.#core = core
    this.#standing = standing
    this.#holdings = holdings
    this.#pulls = pulls
    this.#intake = intake
    this.#fetched = fetched
    // What comes when its token is settled is here already, or was overwritten here, and evicted.
    this.#fetches = new Fetches(
      core,
      intake,
      (place, copy) => !this.isSettled(place.token) && acceptsFetched(place, copy),
    )
    pulls.tell(this)
  }

  get syncingTokens(): number {
    return this.#syncing.size
  }

  get entriesLeft(): number {
    return this.#pulls.entriesLeft
  }

  get pulledEntries(): number {
    return this.#intake.entries
  }

  get pulledBytesPerSecond(): number {
    return this.#intake.bytesPerSecond
  }

  isSettled(token: number): boolean {
    return this.#unsettled.size === 0 || !this.#unsettled.has(token)
  }

  /** claimed begins with tokens that this node now coordinates. `digests`: what peers hold of them, by name. */
  claimed(tokens: TokenSet, digests: ReadonlyMap<string, readonly TokenDigest[]>): void {
    const claimed = [...tokens]
    // What is under way for them began before their sources said what they hold now.
    if (claimed.some((token) => this.#syncing.has(token))) {
      this.#pulls.forget((token) => !tokens.has(token) || !this.#syncing.has(token))
    }
    const held = sourcesOf(digests)
    for (const token of claimed) {
      const mine = this.#core.store.digest(token)
      const before = this.#syncing.get(token)?.sources ?? []
      const older = before.filter(({ peers }) => !peers.some((peer) => digests.has(peer)))
      const sources = [...(held.get(token) ?? []), ...older]
      this.#syncing.set(token, { sources, spares: [], wasEmpty: mine.entries === 0 })
      this.#fetched.forget(token)
      this.#unsettled.add(token)
      this.#pull(token)
    }
    this.#pulls.pump()
    this.onClaimed(tokens)
  }

  alsoHeld(peer: string, digests: readonly TokenDigest[]): void {
    for (const digest of digests) {
      const syncing = this.#syncing.get(digest.token)
      if (syncing === undefined) continue
      const alike = [...syncing.sources, ...syncing.spares].find((source) => isEqual(source.digest, digest))
      if (alike === undefined) syncing.spares.push({ digest, peers: [peer] })
      else if (!alike.peers.includes(peer)) alike.peers.push(peer)
    }
  }

  released(tokens: TokenSet): void {
    for (const token of tokens) this.#settle(token)
  }

  /**
   * fetchKey brings in the highest version of a key that any source has, then calls `done`, perhaps at once. false: a
   * source did not answer in askTimeoutMs, nor did one that holds the same; what is here may be old.
   */
  fetchKey(place: Place, done: (isFetched: boolean) => void): void {
    const { askTimeoutMs, replicaTimeoutMs } = this.#core.settings
    const until = this.#core.now + Math.max(0, askTimeoutMs - replicaTimeoutMs)
    this.#fetch({ place, done, until, attempt: 0 })
  }

  dropped(): void {
    this.#syncing.clear()
    this.#unsettled.clear()
    this.#fetched.clear()
    this.#pulls.clear()
  }

  /** ringChanged stops what was to come in for tokens that are not this node's any more. */
  ringChanged(): void {
    this.#distrust(this.#replaced())
    for (const token of this.#syncing.keys()) if (!this.#holdings.holds(token)) this.#settle(token)
    this.#pulls.forget((token) => this.#standing.isOwner(token) || this.#holdings.holds(token))
  }

  /** The peers that have another incarnation than before: they may have come back with less than they had. */
  #replaced(): ReadonlySet<string> {
    const replaced = new Set<string>()
    for (const { name, incarnation } of this.#core.view.values()) {
      const before = this.#incarnations.get(name)
      this.#incarnations.set(name, incarnation)
      if (before !== undefined && before !== incarnation) replaced.add(name)
    }
    return replaced
  }

  /** Turns from these peers to others that held the same; where there are none, to all others besides. */
  #distrust(replaced: ReadonlySet<string>): void {
    if (replaced.size === 0) return
    for (const [token, syncing] of this.#syncing) {
      const { sources, spares } = syncing
      const first = sources[0]?.peers[0]
      for (const { peers } of [...sources, ...spares]) {
        const others = peers.filter((peer) => !replaced.has(peer))
        if (others.length > 0) peers.splice(0, peers.length, ...others)
      }
      if (sources.some(({ peers }) => peers.some((peer) => replaced.has(peer)))) this.#makeUp(token, syncing)
      if (first !== sources[0]?.peers[0]) this.#pull(token)
    }
    this.#pulls.pump()
  }

  /** A source of a token is lost: whatever else there is takes its place. */
  #makeUp(token: number, syncing: Syncing): void {
    syncing.sources.push(...this.#unheardOf(token, syncing), ...syncing.spares.splice(0))
  }

  tick(): void {
    const unanswered = this.#unanswered
    this.#unanswered = []
    for (const wanted of unanswered) this.#fetch(wanted)
    this.#pulls.tick()
  }

  pulled({ source, purpose }: Pull, token: number): void {
    const syncing = this.#syncing.get(token)
    if (purpose !== 'sync' || syncing?.sources[0]?.peers[0] !== source) return
    syncing.sources.shift()
    syncing.wasEmpty = false
    this.#pull(token)
  }

  lost({ source, purpose }: Pull, token: number): void {
    const syncing = this.#syncing.get(token)
    if (purpose !== 'sync' || syncing?.sources[0]?.peers[0] !== source) return
    syncing.sources[0].peers.shift()
    if (syncing.sources[0].peers.length === 0) {
      this.#core.log('debug', 'a source of a token is lost, and nobody held the same', { token, source })
    }
    this.#pull(token)
  }

  /** Wants what comes next of a token, or settles it. */
  #pull(token: number): void {
    const syncing = this.#syncing.get(token) as Syncing
    for (let source = syncing.sources[0]; source !== undefined; source = syncing.sources[0]) {
      while (source.peers[0] !== undefined && this.#core.isAway(source.peers[0])) source.peers.shift()
      const [peer] = source.peers
      if (peer === undefined) this.#makeUp(token, syncing)
      if (peer !== undefined && !isEqual(source.digest, this.#core.store.digest(token))) {
        const by = syncing.wasEmpty ? 'pages' : 'keys'
        this.#pulls.want({ source: peer, digest: source.digest, purpose: 'sync', by })
        return
      }
      syncing.sources.shift()
    }
    this.#settle(token)
  }

  /** Where a key is asked for that a command needs: everywhere, where a source is lost already. */
  #sourcesOf(token: number, syncing: Syncing): readonly Source[] {
    const { sources, spares } = syncing
    const isLost = ({ peers }: Source): boolean => peers.every((peer) => this.#core.isAway(peer))
    return sources.some(isLost) ? [...sources, ...spares, ...this.#unheardOf(token, syncing)] : sources
  }

  /** The peers that did not say what they hold of a token: the claim was over before they knew the ring that it was made under. */
  #unheardOf(token: number, { sources, spares }: Syncing): Source[] {
    const named = new Set([...sources, ...spares].flatMap(({ peers }) => peers))
    const others = this.#core.peers.filter((peer) => !named.has(peer) && !this.#core.isAway(peer))
    return others.map((peer) => ({ digest: { token, ...unknown }, peers: [peer] }))
  }

  #settle(token: number): void {
    this.#syncing.delete(token)
    this.#fetched.forget(token)
    this.#unsettled.delete(token)
  }

  #fetch(wanted: KeyWanted): void {
    const { place, done, attempt } = wanted
    const syncing = this.#syncing.get(place.token)
    const peers = (syncing === undefined ? [] : this.#sourcesOf(place.token, syncing)).flatMap(({ peers }) => {
      const there = peers.filter((peer) => !this.#core.isAway(peer))
      return there[attempt % there.length] ?? []
    })
    let open = peers.length
    let isFetched = true
    if (open === 0 || this.#fetched.has(place)) {
      done(true)
      return
    }
    const spot = { cache: place.cache, key: place.key }
    for (const peer of peers) {
      this.#fetches.fetch(peer, {
        spot,
        done: (answered) => {
          // Who was replaced meanwhile by a process that came up with nothing is a source no more.
          isFetched &&= answered && syncing?.sources.some(({ peers }) => peers.includes(peer)) === true
          if (--open > 0) return
          // Under sources that were named since, it has to be fetched anew.
          const isStill = this.#syncing.get(place.token) === syncing
          if (isFetched && isStill) this.#fetched.add(place)
          if (isFetched && (isStill || this.isSettled(place.token))) done(true)
          else if (this.#core.now >= wanted.until) done(false)
          else this.#unanswered.push({ ...wanted, attempt: attempt + 1 })
        },
      })
    }
  }
}
