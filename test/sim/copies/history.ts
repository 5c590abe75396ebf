/**
 * The history of one key, as only a simulation can know it: every version that was ever issued, who holds what at this
 * moment, what was promised to clients, and whether a loss is excused.
 */
import type { Change } from '#node/store/store.js'
import type { SimKey } from './keys.ts'
import type { SimNode } from './sim-node.ts'

export interface Issued {
  readonly type: Change['type']
  readonly operation: number | undefined
  readonly length: number
  /** When it was first stored anywhere. */
  readonly at: number
  /** When it expires, on the clock of the simulation. */
  expiresAt: number
  /** The processes that ever held it. */
  readonly heldBy: Set<SimNode>
  /** An operation returned that wrote it. */
  isAcknowledged: boolean
}

export interface Held {
  readonly version: number
  readonly type: Change['type']
  /** On the clock of the simulation. */
  readonly expiresAt: number
}

/** What a client was told, and nobody has overwritten since. */
export interface Acknowledged {
  readonly version: number
  /** How many copies it was acknowledged with, or as many as there were members since, if they were fewer. */
  copies: number
  /** Holders that crashed since there were as many as promised. */
  crashes: number
}

export class History {
  readonly key: SimKey
  readonly issued = new Map<number, Issued>()
  readonly holders = new Map<SimNode, Held>()
  /** The highest version that each process ever held. */
  readonly everHeld = new Map<SimNode, number>()
  promise: Acknowledged | undefined
  /** The highest version that some operation has shown to a client: later ones must not show less. */
  shown = 0
  /** How often what was shown was lost with all that held it, and need not be seen again. */
  hidings = 0
  /** Up to which version nobody need remember: it was evicted, or as many holders crashed as it had copies. */
  excusedUpTo = 0

  /** The highest version that went with a process. */
  crashedUpTo = 0
  /** Up to which version some node evicted it. It is not sent there again, so owners may differ in it for good. */
  evictedUpTo = 0
  /** Whether a node ever evicted it for want of room. */
  wasEvicted = false

  constructor(key: SimKey) {
    this.key = key
  }

  hideAll(): void {
    this.shown = 0
    this.hidings++
  }

  /** holdersOf counts who holds this version or a higher one now. */
  holdersOf(version: number, now: number): number {
    let count = 0
    for (const held of this.holders.values()) if (held.version >= version && held.expiresAt > now) count++
    return count
  }

  everHolding(version: number): number {
    let count = 0
    for (const highest of this.everHeld.values()) if (highest >= version) count++
    return count
  }

  /** isRemembered tells whether a process that is still party to the fleet has ever held this version or a later one. */
  isRemembered(version: number): boolean {
    for (const [{ isParty }, highest] of this.everHeld) if (isParty && highest >= version) return true
    return false
  }

  /**
   * isGone tells whether this version may be missing by now: it was evicted, lost with all its holders, or has expired, or a
   * later one has that may have replaced it.
   */
  isGone(version: number, now: number): boolean {
    if (version <= this.excusedUpTo) return true
    for (const [other, { expiresAt }] of this.issued) if (other >= version && expiresAt <= now) return true
    return false
  }

  /** hasCrashed tells whether processes that held this version crashed, as many as it may take to lose it. */
  hasCrashed(version: number): boolean {
    const { promise } = this
    if (version > this.crashedUpTo) return false
    return promise === undefined || version > promise.version || promise.crashes >= promise.copies
  }

  /** isDeletedAbove tells whether there was a delete after this version. */
  isDeletedAbove(version: number): boolean {
    for (const [other, { type }] of this.issued) if (type === 'tombstone' && other > version) return true
    return false
  }
}
