/** Probes members for others that could not reach them, and says what came of it. Only members of our own view, at the address that we know. */
import type { Composer } from './composer.ts'
import type { Core } from './core.ts'
import { missedOf, type Outcome } from './exchanges.ts'
import type { Probe, Probed, ProbeOutcome } from './message.ts'

/** What a relay keeps of the asking node's time for its own probe; the rest is for the way there and back. */
const shareOfDeadline = 0.8
const deadlineMsMax = 10_000

export class Relays {
  readonly #core: Core
  readonly #composer: Composer
  #underWay = 0

  constructor(core: Core, composer: Composer) {
    this.#core = core
    this.#composer = composer
  }

  /** handle leads to exactly one answer to that request, now or when the target has replied or not. */
  handle(requestId: number, { target, deadlineMs }: Probe): void {
    const member = this.#core.roster.get(target.name)
    if (member?.urls.peer !== target.peer || this.#underWay >= this.#core.settings.relaysMax) {
      this.#answer(requestId, { outcome: 'unknown' })
      return
    }
    let answered = false
    const done = (outcome: Outcome): void => {
      if (answered) return
      answered = true
      this.#underWay--
      this.#answer(requestId, findingOf(outcome, target.name))
    }
    this.#underWay++
    const ownDeadlineMs = Math.min(deadlineMsMax, deadlineMs * shareOfDeadline)
    const sent = this.#core.send(target.peer, this.#composer.gossip(target.name, [target.name]), done, ownDeadlineMs)
    if (!sent) {
      this.#underWay--
      this.#answer(requestId, { outcome: 'unknown' })
    }
  }

  #answer(requestId: number, finding: Finding): void {
    const message = { type: 'probed', ...this.#composer.envelope(), ...finding } as const
    this.#core.effects.push({ type: 'answer', requestId, message })
  }
}

interface Finding {
  readonly outcome: ProbeOutcome
  readonly target?: NonNullable<Probed['target']>
}

function findingOf(outcome: Outcome, name: string): Finding {
  if (outcome.type !== 'reply' || outcome.message.from.name !== name) return { outcome: missedOf(outcome) }
  const { from, heartbeat } = outcome.message
  return { outcome: 'reply', target: { member: from, heartbeat } }
}
