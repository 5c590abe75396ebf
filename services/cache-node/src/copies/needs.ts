/** Needs: whether a version of a key that a peer lists is to come here. */
import type { Place } from '../store/store.ts'
import type { Core } from './core.ts'
import type { Differences } from './differences.ts'
import type { Evictions } from './evictions.ts'
import type { FetchedKeys } from './fetched-keys.ts'
import { expiryMarginMs } from './intake.ts'
import type { Holdings } from './parts.ts'
import type { Copy, Stamp } from './peer-request.ts'
import type { Pull, Want } from './pull-queue.ts'

export interface NeedsOptions {
  readonly core: Core
  readonly holdings: Holdings
  readonly differences: Differences
  readonly evictions: Evictions
  readonly fetched: FetchedKeys
}

export class Needs {
  readonly #core: Core
  readonly #holdings: Holdings
  readonly #differences: Differences
  readonly #evictions: Evictions
  readonly #fetched: FetchedKeys

  constructor({ core, holdings, differences, evictions, fetched }: NeedsOptions) {
    this.#core = core
    this.#holdings = holdings
    this.#differences = differences
    this.#evictions = evictions
    this.#fetched = fetched
  }

  /**
   * lacks is false for what was evicted here, in this version or a later one: a coordinator has it gone at the source too;
   * a replica does not take back what it had to let go by itself. Later versions come: the other side of a split has
   * written what had expired, or was evicted, on this one. A sync takes everything.
   */
  lacks(place: Place, stamp: Stamp, { source, purpose }: Pull): boolean {
    const here = this.#core.store.version(place, this.#core.now)
    if (here !== undefined) return here < stamp.version
    if (purpose === 'sync') return true
    if (!this.#holdings.holds(place.token)) return !this.#evictions.hasLetGo(place, stamp.version)
    const isGone = this.#evictions.hasOutlived(place, stamp.version)
    if (isGone) this.#tell(source, place, stamp)
    return !isGone
  }

  /**
   * accepts says the same of a copy that has come: the key may have come and gone since it was asked for. A copy that
   * expires soon may be the one that has expired here, by a clock that is ahead of the other.
   */
  accepts(place: Place, copy: Copy, { source, purpose }: Pull): boolean {
    if (purpose === 'sync') {
      if (this.acceptsFetched(place, copy)) return true
      if (this.#holdings.holds(place.token) && this.#isOverwritten(place, copy)) this.#tell(source, place, copy)
      return false
    }
    if (copy.ttlMs !== undefined && copy.ttlMs <= expiryMarginMs) return false
    const { ring } = this.#core
    const holds = this.#holdings.holds(place.token)
    // Replicas follow their coordinator.
    if (copy.type === 'tombstone' || (!holds && ring.coordinator(place.token) === source)) return true
    if (this.#isOverwritten(place, copy)) {
      if (holds) this.#tell(source, place, copy)
      return false
    }
    if (!holds) return true
    const { store, now } = this.#core
    return store.version(place, now) !== undefined || !this.#evictions.hasOutlived(place, copy.version)
  }

  /** acceptsFetched says the same of a copy that a source of a sync handed out. */
  acceptsFetched(place: Place, copy: Copy): boolean {
    return !this.#fetched.has(place) && !this.#isOverwritten(place, copy)
  }

  /** Has a source let go of what is gone here. */
  #tell(source: string, { token }: Place, stamp: Stamp): void {
    this.#evictions.tell(source, stamp)
    this.#differences.toldToLetGo(source, token)
  }

  /** Whether a value was followed by one that has expired here since: it must not come back. */
  #isOverwritten(place: Place, { type, version }: Copy): boolean {
    return type === 'entry' && version < (this.#core.store.expiredVersion(place) ?? 0)
  }

  /** by tells how a token is pulled for repair: in whole pages where nothing of it was ever let go. */
  by(token: number): Want['by'] {
    const { store } = this.#core
    const isBlank = !this.#holdings.holds(token) && !this.#evictions.hasEvictedAlone
    return isBlank && store.digest(token).entries === 0 ? 'pages' : 'keys'
  }
}
