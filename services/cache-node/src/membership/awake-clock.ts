/**
 * Waking time: the node's own time, minus the time in which its event loop stood still.
 *
 *   real time      0 ──100──200──────────────────1200──1300──►     ticks due every 100 ms
 *   waking time    0 ──100──200───────────────────400───500──►     a tick 1,000 ms late counts for 200 only
 *
 * While this node could not run, it could not read the replies that may lie in its sockets either. All deadlines are
 * in waking time, so they move by as much as the node was late and nobody is accused for it.
 */
export class AwakeClock {
  readonly #stepMax: number
  #asleep = 0
  #ticked: number

  /** `tickIntervalMs` is how often tick() is meant to be called; twice as much between two ticks is not yet late. */
  constructor(now: number, tickIntervalMs: number) {
    this.#ticked = now
    this.#stepMax = 2 * tickIntervalMs
  }

  /** at turns real into waking time. */
  at(now: number): number {
    return Math.min(now - this.#asleep, this.#ticked + this.#stepMax)
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
