/**
 * The addresses by which a node finds its fleet. Seeds are names for ever: each that is not the address of a live
 * member is contacted again and again, so that parts of a fleet that started apart, or all moved to new addresses
 * while this node was cut off, find together by themselves.
 */
import type { Member } from '@ringhold/sdk/membership'
import type { Core } from './core.ts'
import type { Refusal } from './message.ts'
import type { Sync, Walked } from './sync.ts'

/** Contacts under way at once. */
const parallelMax = 8
/** Peers that contacted us while we were joining, kept beside the configured seeds. */
const strangersMax = 8

interface Seed {
  readonly url: string
  readonly configured: boolean
  dueAt: number
  pauseMs: number
  busy: boolean
  /** It has answered, or has not, at least once. */
  isTried: boolean
  /** The address turned out to be our own. */
  own: boolean
  /** Who answered there last. */
  name: string | undefined
}

export interface SeedEvents {
  /**
   * The views were exchanged in full with a seed that is a member; or with one that is joining as this node is, or leaves,
   * once every other seed had its turn too: there may be a fleet of which neither has heard yet.
   */
  readonly met: () => void
  readonly refused: (url: string, refusal: Refusal) => void
}

export class Seeds {
  readonly #core: Core
  readonly #sync: Sync
  readonly #events: SeedEvents
  readonly #seeds: Seed[] = []
  /** Whether somebody else answered so far, and whether one of them was a member. */
  #hasMet = false
  #hasMetMember = false

  constructor(core: Core, sync: Sync, events: SeedEvents) {
    this.#core = core
    this.#sync = sync
    this.#events = events
  }

  /** begin sets the configured seeds; our own address among them is left out. */
  begin(urls: readonly string[]): void {
    for (const url of new Set(urls)) if (url !== this.#core.self.urls.peer) this.#add(url, true)
  }

  /** stranger is a peer that contacted us before we had joined: it is as good as a seed. */
  stranger(url: string): void {
    if (this.#seeds.some((seed) => seed.url === url)) return
    if (this.#seeds.filter(({ configured }) => !configured).length < strangersMax) this.#add(url, false)
  }

  /** none tells whether there is nobody to join: no seeds, or all of them this node itself. */
  get none(): boolean {
    return this.#seeds.every(({ own }) => own)
  }

  get urls(): string[] {
    return this.#seeds.filter(({ own, configured }) => !own && configured).map(({ url }) => url)
  }

  tick(): void {
    const { awake, settings, self } = this.#core
    let busy = this.#seeds.filter((seed) => seed.busy).length
    for (const seed of this.#seeds) {
      if (busy >= parallelMax) return
      if (seed.own || seed.busy || awake < seed.dueAt) continue
      if (self.status !== 'joining' && this.#isLive(seed)) {
        seed.dueAt = awake + settings.revisitMs
        continue
      }
      busy++
      seed.busy = true
      this.#sync.walk(seed.url, (walked) => this.#walked(seed, walked))
    }
  }

  #add(url: string, configured: boolean): void {
    const pauseMs = this.#core.settings.seedRetryMs
    this.#seeds.push({
      url,
      configured,
      dueAt: this.#core.awake,
      pauseMs,
      busy: false,
      isTried: false,
      own: false,
      name: undefined,
    })
  }

  #walked(seed: Seed, walked: Walked): void {
    seed.busy = false
    seed.isTried = true
    if (walked.type === 'done') this.#answered(seed, walked.peer)
    else this.#silent(seed)
    if (this.#hasMetMember || (this.#hasMet && this.#seeds.every(({ isTried }) => isTried))) this.#events.met()
    if (walked.type === 'done' || walked.outcome.type !== 'foreign') return
    const { refusal } = walked.outcome
    if (refusal) this.#events.refused(seed.url, refusal)
  }

  #answered(seed: Seed, { name, instance, status }: Member): void {
    const { awake, settings, self } = this.#core
    seed.dueAt = awake + settings.revisitMs
    seed.pauseMs = settings.seedRetryMs
    seed.name = name
    seed.own = instance === self.instance
    if (seed.own) return
    this.#hasMet = true
    this.#hasMetMember ||= status === 'alive'
  }

  #silent(seed: Seed): void {
    const { awake, settings, self } = this.#core
    seed.dueAt = awake + seed.pauseMs
    if (self.status !== 'joining') seed.pauseMs = Math.min(settings.revisitMs, 2 * seed.pauseMs)
  }

  #isLive({ url, name }: Seed): boolean {
    const { roster } = this.#core
    if (name !== undefined && roster.livePeer(name)) return true
    for (const peer of roster.live) if (roster.livePeer(peer)?.urls.peer === url) return true
    return false
  }
}
