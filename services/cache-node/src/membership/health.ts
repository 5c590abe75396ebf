/**
 * How fit this node itself is to judge others (Lifeguard's local health, Dadgar et al., arXiv 1707.00788).
 *
 * Signs that the fault may be ours (late ticks, relays that do not answer either, being suspected wrongly) raise the
 * score; every gossip round without one lowers it. Timeouts stretch by 1 + score before this node accuses anyone.
 */
export class Health {
  readonly #scoreMax: number
  #score = 0
  #troubled = false

  constructor(scoreMax: number) {
    this.#scoreMax = scoreMax
  }

  /** stretch is what probe and suspicion timeouts are multiplied by: 1 when all is well. */
  get stretch(): number {
    return 1 + this.#score
  }

  trouble(): void {
    this.#score = Math.min(this.#scoreMax, this.#score + 1)
    this.#troubled = true
  }

  /** round is called once a gossip round. */
  round(): void {
    if (!this.#troubled) this.#score = Math.max(0, this.#score - 1)
    this.#troubled = false
  }
}
