/**
 * The hybrid logical clock that stamps versions: the wall clock where it moves on, a counter where it does not.
 *
 *      version = (milliseconds since 2020-01-01) × 2,048 + counter          one safe integer, good until the year 2159
 *
 * It guarantees: every version it issues is higher than all that it issued or accepted before, also when the wall clock
 * jumps back or stands still. More than 2,048 versions in a millisecond run into the next one, which is harmless.
 *
 * Source: Kulkarni, Demirbas, Madappa, Avva and Leone, "Logical Physical Clocks" (2014).
 */
import type { Version } from '@ringhold/sdk/protocol'

/** versionEpochMs is 2020-01-01T00:00:00Z on the wall clock. */
export const versionEpochMs = 1_577_836_800_000

/** versionsPerMs is how many versions a millisecond has. */
export const versionsPerMs = 2_048

/** How far ahead of the own wall clock a version may be to be believed: one broken clock must not drag all others along. */
export const aheadMsMax = 86_400_000

export class HybridClock {
  #last: Version = 0

  /** last is the highest version that it issued or accepted. */
  get last(): Version {
    return this.#last
  }

  /** next issues a version. `wallMs` is the wall clock, in milliseconds since 1970. */
  next(wallMs: number): Version {
    this.#last = Math.max(this.#last + 1, versionAt(wallMs))
    return this.#last
  }

  /** accept makes every later version higher than this one; returns false, and forgets it, when it is from too far ahead. */
  accept(version: Version, wallMs: number): boolean {
    if (!(version <= versionAt(wallMs + aheadMsMax))) return false
    if (version > this.#last) this.#last = version
    return true
  }
}

/** versionAt is the lowest version of a wall clock time; 0 for times before 2020. */
function versionAt(wallMs: number): Version {
  return Math.max(0, Math.floor(wallMs) - versionEpochMs) * versionsPerMs
}
