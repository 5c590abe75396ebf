/** Needs: whether a version of a key that a peer lists is to come here. */
import type { Place } from '../store/store.ts'
import type { Core } from './core.ts'
import type { Evictions } from './evictions.ts'
import type { Holdings } from './parts.ts'
import type { Stamp } from './peer-request.ts'
import type { Want } from './pull-queue.ts'
import type { Pull } from './pulls.ts'

export interface NeedsOptions {
  readonly core: Core
  readonly holdings: Holdings
  readonly evictions: Evictions
}

export class Needs {
  readonly #core: Core
  readonly #holdings: Holdings
  readonly #evictions: Evictions

  constructor({ core, holdings, evictions }: NeedsOptions) {
    this.#core = core
    this.#holdings = holdings
    this.#evictions = evictions
  }

  /**
   * lacks is false for what was evicted here: a coordinator has it evicted there too; a replica does not take back what
   * it had to let go, but takes what was written since.
   */
  lacks(place: Place, stamp: Stamp, { source, purpose }: Pull): boolean {
    const { store, now } = this.#core
    const here = store.version(place, now)
    if (here !== undefined) return here < stamp.version
    if (purpose === 'sync' || store.missReason(place, now) !== 'evicted') return true
    if (!this.#holdings.holds(place.token)) return stamp.version > this.#evictions.alone
    this.#evictions.tell(source, stamp)
    return false
  }

  /** by tells how a token is pulled for repair: in whole pages where nothing of it was ever let go. */
  by(token: number): Want['by'] {
    const { store } = this.#core
    const isBlank = !this.#holdings.holds(token) && this.#evictions.alone === 0
    return isBlank && store.digest(token).entries === 0 ? 'pages' : 'keys'
  }
}
