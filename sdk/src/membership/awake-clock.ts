/**
 * Waking time: the own time of a process, minus the time in which its event loop stood still.
 *
 *   real time      0 ──100──200──────────────────1200──1300──►     ticks due every 100 ms, of which two may pass unheard
 *   waking time    0 ──100──200───────────────────400───500──►     a tick 900 ms late counts for 200 only
 *
 * While a process could not run, it could not read the replies that may lie in its sockets either. Deadlines in waking
 * time move by as much as the process was late, and nobody is accused for it.
 */
export class AwakeClock {
  readonly #stepMaxMs: number
  #asleep = 0
  #ticked: number

  /** Of what is between two ticks, `stepMaxMs` count at most. */
  constructor(now: number, stepMaxMs: number) {
    this.#ticked = now
    this.#stepMaxMs = stepMaxMs
  }

  /** at turns real into waking time. */
  at(now: number): number {
    return Math.min(now - this.#asleep, this.#ticked + this.#stepMaxMs)
  }

  /** tick returns by how much this tick is late, in milliseconds; 0 when it is in time. */
  tick(now: number): number {
    const awake = this.at(now)
    const late = now - this.#asleep - awake
    this.#asleep = now - awake
    this.#ticked = awake
    return late
  }
}
