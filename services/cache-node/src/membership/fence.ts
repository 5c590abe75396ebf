/**
 * The fence keeps a node that stood still (SIGSTOP, a paused VM, a blocked event loop) from serving entries that others
 * may have taken over meanwhile: it falls when too long passed since the last tick, and lifts with the first reply to
 * an exchange that was sent after waking. Replies to earlier ones prove nothing; they may have lain in the sockets.
 *
 * It works on real time, and must be asked with it: callbacks of sockets may run before the first timer does.
 */
export class Fence {
  readonly #afterMs: number
  #tickedAt: number
  #wokeAt: number | undefined

  constructor(now: number, afterMs: number) {
    this.#tickedAt = now
    this.#afterMs = afterMs
  }

  /** isDown tells whether the node must not serve at this moment. */
  isDown(now: number): boolean {
    return this.#wokeAt !== undefined || now - this.#tickedAt > this.#afterMs
  }

  /** notice is called with every input before anything else; it returns for how long the node stood still when the fence has just come down. */
  notice(now: number): number | undefined {
    const stoodStillMs = now - this.#tickedAt
    if (stoodStillMs <= this.#afterMs) return undefined
    this.#tickedAt = now
    this.#wokeAt = now
    return stoodStillMs
  }

  tick(now: number): void {
    this.#tickedAt = now
  }

  /** replied lifts the fence when that exchange was sent after waking. */
  replied(sentAt: number): void {
    if (this.#wokeAt !== undefined && sentAt >= this.#wokeAt) this.#wokeAt = undefined
  }

  /** lift: nobody is there who could have declared this node dead. */
  lift(): void {
    this.#wokeAt = undefined
  }
}
