/**
 * The heartbeats of the live members: for each the highest one heard of its present incarnation, and when that came.
 * Merging is by maximum, so order and repetition do not matter. They say nothing for sure; one that stands still for
 * long only leads to a probe.
 */
import type { Pulse } from './message.ts'

interface Beat {
  pulse: Pulse
  /** Waking time of the last progress. */
  at: number
  /** Where in the log of progress this beat was noted last. */
  noted: number
}

/** Weight of a new interval in the running mean. */
const meanWeight = 1 / 256

export class Heartbeats {
  readonly #beats = new Map<string, Beat>()
  /** Beats in the order of their progress; one that has moved on since is skipped. */
  #log: Beat[] = []
  #meanMs: number

  /** `intervalMs` is the first estimate of how often the heartbeat of a member is refreshed. */
  constructor(intervalMs: number) {
    this.#meanMs = intervalMs
  }

  /** refreshMs is the measured mean time between two refreshes of a member's heartbeat. */
  get refreshMs(): number {
    return this.#meanMs
  }

  /** begin starts anew for a member that appeared or has a new incarnation. */
  begin(name: string, incarnation: number, at: number): void {
    this.#beats.set(name, { pulse: [name, incarnation, 0], at, noted: -1 })
  }

  forget(name: string): void {
    this.#beats.delete(name)
  }

  /** learn returns true when the heartbeat is progress; those of unknown members and other incarnations are not. */
  learn(pulse: Pulse, at: number): boolean {
    const beat = this.#beats.get(pulse[0])
    if (!beat || beat.pulse[1] !== pulse[1] || beat.pulse[2] >= pulse[2]) return false
    if (beat.pulse[2] > 0) this.#meanMs += (at - beat.at - this.#meanMs) * meanWeight
    beat.pulse = pulse
    beat.at = at
    beat.noted = this.#log.length
    this.#log.push(beat)
    if (this.#log.length > 4 * this.#beats.size + 256) this.#compact()
    return true
  }

  /** progressedAt is the waking time of the last progress of a member, or of its appearance. */
  progressedAt(name: string): number | undefined {
    return this.#beats.get(name)?.at
  }

  /** newest yields the heartbeats, those with the latest progress first. */
  *newest(): Generator<Pulse> {
    for (let index = this.#log.length - 1; index >= 0; index--) {
      const beat = this.#log[index] as Beat
      if (beat.noted === index && this.#beats.get(beat.pulse[0]) === beat) yield beat.pulse
    }
  }

  #compact(): void {
    this.#log = this.#log.filter((beat, index) => beat.noted === index && this.#beats.get(beat.pulse[0]) === beat)
    for (const [index, beat] of this.#log.entries()) beat.noted = index
  }
}
