/**
 * Evictions: the coordinator decides what goes, the replicas follow. What gets lost on the way is found by comparison,
 * and told again: nothing that a coordinator evicted is sent back to it.
 *
 * A node that leaves is told too, and of writes besides: it keeps its entries until all owners have them, and what is
 * out of date among them must not outlive those who know that it is. When a value that was written since has expired or
 * was evicted, and its coordinator is gone or another one, nobody would know.
 */
import type { View } from '@ringhold/sdk/membership'
import type { Version } from '@ringhold/sdk/protocol'
import type { Place } from '../store/store.ts'
import { changeOf } from './copy.ts'
import type { Core } from './core.ts'
import type { Evictions as EvictionsPart, Holdings } from './parts.ts'
import type { Copy, Stamp } from './peer-request.ts'
import { spotBytes } from './spot.ts'

/** What waits for one peer at most, and requests to it under way. More is left to comparison. */
const waitingMax = 16_384
const underWayMax = 4

interface Outbox {
  stamps: Stamp[]
  underWay: number
  /** What was not answered waits until then. */
  retryAt: number
}

export class Evictions implements EvictionsPart {
  /**
   * The highest version of what this node had to evict as a replica, and of what it evicted at all: the bound for keys of
   * which the store has forgotten what version was evicted.
   */
  #highestAlone: Version = 0
  #highest: Version = 0
  readonly #core: Core
  readonly #holdings: Holdings
  readonly #outboxes = new Map<string, Outbox>()
  #isQuiet = true
  #leaving: readonly string[] = []
  /** What they were found in. */
  #view: View | undefined

  constructor(core: Core, holdings: Holdings) {
    this.#core = core
    this.#holdings = holdings
  }

  /** tell has a peer evict a key at a version, with the next tick. */
  tell(peer: string, { cache, key, version }: Stamp): void {
    let outbox = this.#outboxes.get(peer)
    if (outbox === undefined) {
      outbox = { stamps: [], underWay: 0, retryAt: 0 }
      this.#outboxes.set(peer, outbox)
    }
    // The key may be part of what was received, whose memory is used again.
    if (outbox.stamps.length < waitingMax) outbox.stamps.push({ cache, key: new Uint8Array(key), version })
  }

  overwrote({ cache, key }: Place, version: Version): void {
    // Not that version itself: a replica that leaves has it too.
    for (const name of this.#leavers()) this.tell(name, { cache, key, version: version - 1 })
  }

  get hasListeners(): boolean {
    return this.#leavers().length > 0
  }

  /** Whether this node ever had to evict something as a replica. */
  get hasEvictedAlone(): boolean {
    return this.#highestAlone > 0
  }

  /** hasOutlived tells whether a version of a key that is not here is no newer than what was evicted of it here. */
  hasOutlived(place: Place, version: Version): boolean {
    return this.#wasEvicted(place) && version < (this.#core.store.welcomeFrom(place) ?? this.#highest + 1)
  }

  /** hasLetGo tells whether this node, as a replica, had to evict such a version of a key by itself: it is not pulled again. */
  hasLetGo(place: Place, version: Version): boolean {
    return this.#wasEvicted(place) && version < (this.#core.store.welcomeFrom(place) ?? this.#highestAlone + 1)
  }

  get isQuiet(): boolean {
    return this.#isQuiet && this.#outboxes.size === 0
  }

  tick(): void {
    this.#isQuiet = true
    this.#collect()
    for (const [peer, outbox] of this.#outboxes) this.#send(peer, outbox)
  }

  #wasEvicted(place: Place): boolean {
    const { store, now } = this.#core
    if (store.missReason(place, now) !== 'evicted') return false
    this.#collect()
    return true
  }

  #collect(): void {
    const { store, self, ring, clock } = this.#core
    const { evicted, unlisted } = store.takeEvicted()
    this.#isQuiet &&= evicted.length === 0 && unlisted === 0
    // No more can be said of those than that they were written by now.
    if (unlisted > 0) this.#highest = clock.last
    for (const { place, version, role } of evicted) {
      this.#highest = Math.max(this.#highest, version)
      if (role === 'replica') this.#highestAlone = Math.max(this.#highestAlone, version)
      else if (this.#holdings.holds(place.token)) {
        for (const owner of [...ring.owners(place.token), ...this.#leavers()]) {
          if (owner !== self && !this.#core.isAway(owner)) this.tell(owner, { ...place, version })
        }
      }
    }
  }

  #leavers(): readonly string[] {
    const { view, self } = this.#core
    if (view !== this.#view) {
      this.#view = view
      this.#leaving = [...view.values()].flatMap(({ name, status }) =>
        status === 'leaving' && name !== self ? [name] : [],
      )
    }
    return this.#leaving
  }

  #send(peer: string, outbox: Outbox): void {
    if (this.#core.isAway(peer)) outbox.stamps = []
    const isPaused = outbox.retryAt > this.#core.now
    while (!isPaused && outbox.stamps.length > 0 && outbox.underWay < underWayMax) {
      const stamps = outbox.stamps.splice(0, this.#countOf(outbox.stamps))
      outbox.underWay++
      this.#core.ask(peer, { type: 'evict', stamps }, (outcome) => {
        outbox.underWay--
        if (outcome.type !== 'reply') this.#again(outbox, stamps)
        else if (outcome.reply.type === 'copies') this.#bury(outcome.reply.copies)
      })
    }
    if (outbox.stamps.length === 0 && outbox.underWay === 0) this.#outboxes.delete(peer)
  }

  /** Takes over the deletes that a peer holds of what it was told to evict. */
  #bury(copies: readonly Copy[]): void {
    const { store, now, ring } = this.#core
    for (const copy of copies) {
      if (copy.type !== 'tombstone') continue
      const { cache, key, version } = copy
      this.#core.hear(version)
      store.apply({ token: ring.tokenOfBytes(key), cache, key }, changeOf(copy, now), now)
    }
  }

  #again(outbox: Outbox, stamps: readonly Stamp[]): void {
    const { now, settings } = this.#core
    outbox.retryAt = now + settings.askTimeoutMs
    if (outbox.stamps.length + stamps.length <= waitingMax) outbox.stamps.push(...stamps)
  }

  #countOf(stamps: readonly Stamp[]): number {
    let bytes = 0
    let count = 0
    for (; count < stamps.length && bytes < this.#core.settings.pageBytesMax; count++) {
      bytes += spotBytes(stamps[count] as Stamp)
    }
    return count
  }
}
