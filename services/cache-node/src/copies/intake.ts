/** Intake takes over the copies that peers hand out, as far as they are higher than what is here. */
import type { Place } from '../store/store.ts'
import { changeOf } from './copy.ts'
import type { Core } from './core.ts'
import type { Copy, Spot } from './peer-request.ts'
import { Rate } from './rate.ts'
import { copyBytes } from './spot.ts'

/**
 * What expires so soon does not move for repair: it would be over before it is of use, and must not come back where the
 * other clock has ended it already.
 */
export const expiryMarginMs = 1_000

/** Acceptance tells whether a copy that came may be taken over, should it be higher than what is here. */
export type Acceptance = (place: Place, copy: Copy) => boolean

export class Intake {
  readonly #core: Core
  readonly #rate = new Rate()
  /** Copies that came in, those included that were here already. */
  entries = 0
  /** Called with the token of each copy that was higher than what was here. */
  onHigher: (token: number) => void = () => {}

  constructor(core: Core) {
    this.#core = core
  }

  /** bytesPerSecond is what came in during the last second. */
  get bytesPerSecond(): number {
    return this.#rate.perSecond(this.#core.now)
  }

  placeOf({ cache, key }: Spot): Place {
    return { token: this.#core.ring.tokenOfBytes(key), cache, key }
  }

  /**
   * take returns about how many bytes the copies took on their way. What has expired on that way stays away, and what
   * `accepts` is false for.
   */
  take(copies: readonly Copy[], accepts: Acceptance): number {
    const { store, now } = this.#core
    let bytes = 0
    let highest = 0
    for (const copy of copies) {
      bytes += copyBytes(copy)
      if (copy.version > highest) highest = copy.version
      if (copy.ttlMs !== undefined && copy.ttlMs <= 0) continue
      const place = this.placeOf(copy)
      if (!accepts(place, copy)) continue
      if (store.apply(place, changeOf(copy, now), now) === 'applied') this.onHigher(place.token)
    }
    this.#core.hear(highest)
    this.#rate.add(bytes, now)
    this.entries += copies.length
    return bytes
  }
}
