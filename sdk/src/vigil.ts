/**
 * Staying awake while a lone call waits for its answer. A process with nothing else to do sleeps until the answer comes,
 * and on an idle processor waking up takes longer than the round trip itself. So the event loop is kept turning, without
 * waiting in between, for as long as such a call usually takes:
 *
 *      begin ─► turn ─► turn ─┬─► the answer is there, another call began, or the time is up: the loop may sleep
 *                 ▲           │
 *                 └───────────┘
 *
 * Whether that pays depends on the machine, the network and on who else wants the processor: who sleeps is let in sooner
 * than who stays awake. So it is measured, by whole rounds of lone calls, their late ones included:
 *
 *      usual way, 1 round ─► other way, 1 round ─┬─► it was quicker: it is the usual one
 *             ▲                                  └─► it was not: the next comparison comes after twice as many rounds
 *             └── a usual round that took much longer than the one that won brings the comparison on at once
 *
 * A round the other way ends as soon as it cannot win any more. Over a network slower than its bound the process sleeps:
 * nothing is gained then. It never stays awake without a call, nor longer than its bound for one.
 */

/** How many lone calls a round has. */
export const roundCalls = 1_024
/** Rounds of the usual way between two comparisons: at first one, then twice as many each time, up to this. */
export const usualRoundsMax = 32
/** Staying awake must take less than this share of the time that sleeping takes to be worth its processor time. */
const worthwhile = 0.9
/** A usual round that takes so many times what it took when it won is no usual one. */
const unusual = 1.5
/** A call counts as so many milliseconds at most: about what a busy machine makes it wait. What takes longer has other reasons. */
export const countedMsMax = 4

export interface VigilOptions {
  /** Longest time awake for one call; 0: never. */
  readonly awakeMs: number
  /** Whether the call that it stays awake for is still the only one under way. */
  readonly isLone: () => boolean
  readonly now: () => number
}

export class Vigil {
  readonly #options: VigilOptions
  readonly #turn = () => {
    this.#isTurning = this.#options.isLone() && this.#options.now() < this.#endMs
    if (this.#isTurning) setImmediate(this.#turn)
  }
  #isTurning = false
  #endMs = 0
  #isAwakeUsual = true
  /** Whether this round is the other way. */
  #isTrial = false
  #calls = 0
  #tookMs = 0
  /** What the last round of the usual way took, and the one by which it won. */
  #usualMs = Number.POSITIVE_INFINITY
  #wonMs = Number.POSITIVE_INFINITY
  /** Usual rounds until the next comparison, and how many these are after one that changes nothing. */
  #roundsLeft = 1
  #usualRounds = 1

  constructor(options: VigilOptions) {
    this.#options = options
  }

  /** isAwake tells which way the next call is done. */
  get isAwake(): boolean {
    return this.#isAwakeUsual !== this.#isTrial
  }

  /** begin stays awake for a lone call that was just sent, if that is this call's way. */
  begin(now: number): void {
    if (!this.isAwake || this.#options.awakeMs === 0) return
    this.#endMs = now + this.#options.awakeMs
    if (this.#isTurning) return
    this.#isTurning = true
    setImmediate(this.#turn)
  }

  /** ended notes how long a call took that was lone from its beginning to its end. */
  ended(tookMs: number): void {
    this.#tookMs += Math.min(tookMs, countedMsMax)
    const isWhole = ++this.#calls === roundCalls
    if (this.#isTrial) {
      const isLost = !this.#isTrialQuicker()
      if (isWhole || isLost) this.#compared(isLost)
    } else if (isWhole) this.#endUsualRound()
  }

  #isTrialQuicker(): boolean {
    if (this.#isAwakeUsual) return this.#tookMs * worthwhile <= this.#usualMs
    return this.#tookMs < this.#usualMs * worthwhile
  }

  #compared(isLost: boolean): void {
    if (isLost) this.#usualRounds = Math.min(usualRoundsMax, this.#usualRounds * 2)
    else {
      this.#isAwakeUsual = !this.#isAwakeUsual
      this.#usualMs = this.#tookMs
      this.#usualRounds = 1
    }
    this.#wonMs = this.#usualMs
    this.#roundsLeft = this.#usualRounds
    this.#startRound(false)
  }

  #endUsualRound(): void {
    this.#usualMs = this.#tookMs
    const isUnusual = this.#usualMs > this.#wonMs * unusual
    this.#startRound(--this.#roundsLeft === 0 || isUnusual)
  }

  #startRound(isTrial: boolean): void {
    this.#isTrial = isTrial
    this.#calls = 0
    this.#tookMs = 0
  }
}
