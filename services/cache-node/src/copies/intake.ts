/** Intake takes over the copies that peers hand out, as far as they are higher than what is here, or was until it was evicted. */
import type { Place } from '../store/store.ts'
import { changeOf } from './copy.ts'
import type { Core } from './core.ts'
import type { Evictions } from './evictions.ts'
import type { Copy, Spot } from './peer-request.ts'
import { Rate } from './rate.ts'
import { copyBytes } from './spot.ts'

/**
 * What expires so soon does not move for repair: it would be over before it is of use, and must not come back where the
 * other clock has ended it already.
 */
export const expiryMarginMs = 1_000

export class Intake {
  readonly #core: Core
  readonly #evictions: Evictions
  readonly #rate = new Rate()

  constructor(core: Core, evictions: Evictions) {
    this.#core = core
    this.#evictions = evictions
  }

  /** bytesPerSecond is what came in during the last second. */
  get bytesPerSecond(): number {
    return this.#rate.perSecond(this.#core.now)
  }

  placeOf({ cache, key }: Spot): Place {
    return { token: this.#core.ring.tokenOfBytes(key), cache, key }
  }

  /** take returns about how many bytes the copies took on their way. What has no more time left than that stays away. */
  take(copies: readonly Copy[], ttlMsMin = 0): number {
    const { store, now } = this.#core
    let bytes = 0
    let highest = 0
    for (const copy of copies) {
      bytes += copyBytes(copy)
      if (copy.version > highest) highest = copy.version
      if (copy.ttlMs !== undefined && copy.ttlMs <= ttlMsMin) continue
      const place = this.placeOf(copy)
      if (!this.#evictions.hasOutlived(place, copy.version)) store.apply(place, changeOf(copy, now), now)
    }
    this.#core.hear(highest)
    this.#rate.add(bytes, now)
    return bytes
  }
}
