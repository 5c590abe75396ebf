/**
 * The investigation of one member that may have failed: which probes to make next, and the verdict of what they showed.
 *
 *   a failed exchange,        ┌────────┐ missed  ┌───────────────────────────┐ all missed
 *   a still heartbeat, ─────► │ direct │ ──────► │ indirect: through others, │ ─────────► verdict
 *   a hint, hearsay           └────────┘         │ and directly once more    │             │ fewer than missesMin misses:
 *                                 │              └───────────────────────────┘             │ directly once more
 *                                 └── any reply, or a higher heartbeat, ends it at any time ┘
 *
 * Verdicts: 'suspect', or at once 'dead' when nothing listens at its address any more and another node saw that too.
 */
export type Missed = 'refused' | 'silent'

/** Step is what the detector shall do next. */
export type Step = 'wait' | 'probe' | 'probe-and-ask-relays' | 'suspect' | 'dead'

export class Investigation {
  readonly name: string
  readonly incarnation: number
  readonly #missesMin: number
  #misses = 0
  #refusals = 0
  #refusedToOthers = 0
  #stage: 'direct' | 'indirect' = 'direct'
  #awaited = 0

  constructor(member: { name: string; incarnation: number }, missesMin: number) {
    this.name = member.name
    this.incarnation = member.incarnation
    this.#missesMin = missesMin
  }

  /** begin counts the missed exchange that led to the investigation, if one did. */
  begin(cause?: Missed): Step {
    if (cause) this.#count(cause)
    this.#awaited = 1
    return 'probe'
  }

  /** asked notes how many relays were asked: their answers are awaited too. */
  asked(relays: number): void {
    this.#awaited += relays
  }

  /** missed is called when a direct probe was refused or not answered in time. */
  missed(how: Missed): Step {
    this.#count(how)
    return this.#next()
  }

  /** relayed is called when a relay has tried; undefined when it knows nothing or did not answer itself. */
  relayed(how: Missed | undefined): Step {
    if (how) this.#misses++
    if (how === 'refused') this.#refusedToOthers++
    return this.#next()
  }

  #count(how: Missed): void {
    this.#misses++
    if (how === 'refused') this.#refusals++
  }

  #next(): Step {
    this.#awaited--
    if (this.#awaited > 0) return 'wait'
    if (this.#stage === 'direct') {
      this.#stage = 'indirect'
      this.#awaited = 1
      return 'probe-and-ask-relays'
    }
    if (this.#refusals >= 2 && this.#refusedToOthers >= 1) return 'dead'
    if (this.#misses >= this.#missesMin) return 'suspect'
    this.#awaited = 1
    return 'probe'
  }
}
