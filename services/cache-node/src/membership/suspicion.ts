/**
 * How long a suspect has to refute. A suspicion that others confirm is soon a verdict, a lone accuser has to wait: the
 * fault may be its own (Lifeguard's confirmation-shortened timeout; the formula is memberlist's).
 *
 *   timeout   max ┤■                 max = suspicionMaxMs × max(1, log10 N)
 *                 │   ■              min = suspicionMinMs
 *                 │       ■          max − (max − min) × log(c + 1) / log(k + 1)
 *             min ┤           ■
 *                 └┬───┬───┬───┬─    c confirmations, of k expected
 *                  0   1   2   3
 */
import { accusersMax } from './message.ts'
import type { MembershipSettings } from './settings.ts'

export type SuspicionSettings = Pick<MembershipSettings, 'suspicionMinMs' | 'suspicionMaxMs' | 'suspicionConfirmations'>

/** suspicionMs is the timeout of a suspect with so many accusers in a fleet of so many live members, the suspect included. */
export function suspicionMs(settings: SuspicionSettings, accusers: number, members: number): number {
  const { suspicionMinMs: min } = settings
  const max = Math.max(min, settings.suspicionMaxMs * Math.max(1, Math.log10(members)))
  // Neither the suspect nor the first accuser confirms.
  const expected = Math.min(settings.suspicionConfirmations, accusersMax - 1, members - 2)
  if (expected < 1) return min
  const confirmations = Math.min(Math.max(0, accusers - 1), expected)
  return Math.round(max - ((max - min) * Math.log(confirmations + 1)) / Math.log(expected + 1))
}

/** Suspicion is what a node holds against one incarnation of a suspect. */
export class Suspicion {
  readonly incarnation: number
  /** Waking time of its beginning; moved on when the suspect shows signs of life. */
  since: number
  readonly #accusers: string[] = []

  constructor(incarnation: number, since: number) {
    this.incarnation = incarnation
    this.since = since
  }

  get accusers(): readonly string[] {
    return this.#accusers
  }

  /** accuse returns true when that accuser is a new one and still counts. */
  accuse(accuser: string): boolean {
    if (this.#accusers.length >= accusersMax || this.#accusers.includes(accuser)) return false
    this.#accusers.push(accuser)
    return true
  }
}
