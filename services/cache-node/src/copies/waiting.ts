/**
 * Waiting: the errands that cannot go on now, for a claim to be answered or for a pause to be over. All that are under
 * way count against one bound, wherever they wait; each has a deadline.
 */
import { RingholdError } from '@ringhold/sdk/protocol'
import type { Core } from './core.ts'
import type { Errand } from './errand.ts'
import type { TokenSet } from './token-set.ts'

const retryAfterMs = 1_000
/** Rings that differ meet within milliseconds; asking once more costs one message. */
const pauseMsMax = 100

interface Stay {
  readonly errand: Errand
  /** undefined: until something changes. */
  readonly until: number | undefined
}

export class Waiting {
  readonly #core: Core
  #stays: Stay[] = []
  #admitted = 0
  #bytes = 0

  constructor(core: Core) {
    this.#core = core
  }

  /** How many errands are under way. */
  get size(): number {
    return this.#admitted
  }

  /** admit makes room for an errand. Throws RINGHOLD_OVERLOADED when there is none. */
  admit(errand: Errand): void {
    if (errand.isAdmitted) return
    const { waitingMax, waitingBytesMax } = this.#core.settings
    const bytes = bytesOf(errand)
    if (this.#admitted >= waitingMax || this.#bytes + bytes > waitingBytesMax) {
      const detail = `${this.#admitted} commands wait for other nodes already`
      throw new RingholdError('RINGHOLD_OVERLOADED', { detail, node: this.#core.self, retryAfterMs })
    }
    errand.isAdmitted = true
    this.#admitted++
    this.#bytes += bytes
  }

  dismiss(errand: Errand): void {
    if (!errand.isAdmitted) return
    errand.isAdmitted = false
    this.#admitted--
    this.#bytes -= bytesOf(errand)
  }

  /** stay keeps an errand until something changes. */
  stay(errand: Errand): void {
    this.admit(errand)
    this.#stays.push({ errand, until: undefined })
  }

  /** pause keeps an errand for a while, longer each time. */
  pause(errand: Errand): void {
    this.admit(errand)
    const { now } = this.#core
    this.#stays.push({ errand, until: Math.min(now + errand.pauseMs, errand.dueAt) })
    errand.pauseMs = Math.min(errand.pauseMs * 2, pauseMsMax)
  }

  /**
   * take hands over the errands that are to be decided anew: those whose token changed, or all where `changed` is
   * 'everything', and those whose pause is over.
   */
  take(changed: TokenSet | 'everything'): readonly Errand[] {
    if (this.#stays.length === 0) return []
    const { now } = this.#core
    const taken: Errand[] = []
    const kept: Stay[] = []
    for (const stay of this.#stays) {
      const { errand, until } = stay
      const hasChanged = changed === 'everything' || changed.has(errand.token)
      if (hasChanged || errand.dueAt <= now || (until !== undefined && until <= now)) taken.push(errand)
      else kept.push(stay)
    }
    if (taken.length > 0) this.#stays = kept
    return taken
  }

  /** overdue is what the caller of an errand is told whose time is up. */
  overdue({ code, mayBeDone, why }: Errand): RingholdError {
    const { self, ring } = this.#core
    const detail = `${self} could not settle in time which node executes this: ${why}`
    const facts = { detail, node: self, ring: ring.checksum, retryAfterMs }
    return new RingholdError(code, { ...facts, executed: mayBeDone ? 'unknown' : 'no' })
  }
}

function bytesOf({ command }: Errand): number {
  return command.key.length + (command.type === 'set' ? command.value.length : 0)
}
