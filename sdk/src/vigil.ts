/**
 * Staying awake while a lone call waits for its answer. A process with nothing else to do sleeps until the answer comes,
 * and on an idle processor waking up takes longer than the round trip itself. So the event loop is kept turning, without
 * waiting in between, for as long as such a call usually takes:
 *
 *      begin ─► turn ─► turn ─┬─► the answer is there, another call began, or the time is up: the loop may sleep
 *                 ▲           │
 *                 └───────────┘
 *
 * Whether that pays depends on the machine and the network, so it is measured: of each round of lone calls the last few
 * are done the other way, and the way that was quicker is the one of the next round. Where others want the processor, who
 * sleeps is let in sooner than who stays awake: calls that take far too long show that, and the process sleeps for a round
 * at least. Over a network slower than the bound it sleeps too. It never stays awake without a call, nor longer than its
 * bound for one.
 */

/** A round of lone calls, and how many of them, at its end, are done the other way. */
export const roundCalls = 1_024
export const trialCalls = 8
/** Staying awake must take this share of the time that sleeping takes to be worth its processor time. */
const worthwhile = 0.9
/** What takes longer than this is late: not for waking up, but because somebody else had the processor, or the way is long. */
export const lateMs = 0.25
/** So many late calls of a round are too many to stay awake: on an idle machine it is one in a thousand, by collections. */
export const lateCallsMax = 5

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
  #calls = 0
  #usualMs = 0
  #trialMs = 0
  #lateCalls = 0

  constructor(options: VigilOptions) {
    this.#options = options
  }

  /** isAwakeUsual tells which way won the last round. */
  get isAwakeUsual(): boolean {
    return this.#isAwakeUsual
  }

  /** begin stays awake for a lone call that was just sent, if that is this call's way. */
  begin(now: number): void {
    if (this.#isAwakeUsual === this.#isTrial() || this.#options.awakeMs === 0) return
    this.#endMs = now + this.#options.awakeMs
    if (this.#isTurning) return
    this.#isTurning = true
    setImmediate(this.#turn)
  }

  /** ended notes how long a call took that was lone from its beginning to its end. */
  ended(tookMs: number): void {
    const countedMs = Math.min(tookMs, lateMs)
    if (this.#isTrial()) this.#trialMs += countedMs
    else this.#usualMs += countedMs
    if (tookMs >= lateMs) this.#lateCalls++
    const isCrowded = this.#lateCalls >= lateCallsMax
    if (++this.#calls === roundCalls) this.#startRound(!isCrowded && this.#isAwakeQuicker())
    else if (isCrowded && this.#isAwakeUsual) this.#startRound(false)
  }

  #isTrial(): boolean {
    return this.#calls >= roundCalls - trialCalls
  }

  #isAwakeQuicker(): boolean {
    const usualMs = this.#usualMs / (roundCalls - trialCalls)
    const trialMs = this.#trialMs / trialCalls
    const [awakeMs, asleepMs] = this.#isAwakeUsual ? [usualMs, trialMs] : [trialMs, usualMs]
    return awakeMs < asleepMs * worthwhile
  }

  #startRound(isAwakeUsual: boolean): void {
    this.#isAwakeUsual = isAwakeUsual
    this.#calls = 0
    this.#usualMs = 0
    this.#trialMs = 0
    this.#lateCalls = 0
  }
}
