/**
 * The hybrid logical clock that stamps versions: the wall clock where it moves on, a counter where it does not.
 *
 *      version = (milliseconds since 2020-01-01) × 2,048 + counter × 64 + mark      one safe integer, good until 2159
 *
 * It guarantees: every version it issues is higher than all that it issued or accepted before, also when the wall clock
 * jumps back or stands still. More than 32 versions in a millisecond run into the next one, which is harmless.
 *
 * The mark is one of 64 that follow from the name of the node. Without it the two sides of a split would give one version
 * to different values: while a clock that is ahead holds all of them at counting, each counts through the same numbers. Two
 * names have the same mark once in 64 times; names that differ in their last character only, never.
 *
 * Source: Kulkarni, Demirbas, Madappa, Avva and Leone, "Logical Physical Clocks" (2014).
 */
import type { Version } from '@ringhold/sdk/protocol'

/** versionEpochMs is 2020-01-01T00:00:00Z on the wall clock. */
export const versionEpochMs = 1_577_836_800_000

/** versionsPerMs is how many versions a millisecond has, of all marks together. */
export const versionsPerMs = 2_048

/** How far ahead of the own wall clock a version may be to be believed: one broken clock must not drag all others along. */
export const aheadMsMax = 86_400_000

/** marksMax is how many marks there are. */
export const marksMax = 64

export class HybridClock {
  readonly #mark: number
  #last: Version = 0

  /** `node` is the name of the node whose clock this is. */
  constructor(node = '') {
    this.#mark = markOf(node)
  }

  /** last is the highest version that it issued or accepted. */
  get last(): Version {
    return this.#last
  }

  /** next issues a version. `wallMs` is the wall clock, in milliseconds since 1970. */
  next(wallMs: number): Version {
    this.#last = this.after(Math.max(this.#last, versionAt(wallMs) - 1))
    return this.#last
  }

  /** after returns the lowest version with the mark of this node above another; it does not issue it. */
  after(version: Version): Version {
    return Math.ceil((version + 1 - this.#mark) / marksMax) * marksMax + this.#mark
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

function markOf(name: string): number {
  let mark = 0
  for (let at = 0; at < name.length; at++) mark = (mark * 31 + name.charCodeAt(at)) % marksMax
  return mark
}
