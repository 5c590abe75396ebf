/**
 * Two records of one name at two addresses: is the other one a running process, or only the memory of our own past at
 * another address (a container that moved)? We call there ourselves and let others call; whoever answers has the name.
 */
import { isGone, type Member } from '@ringhold/sdk/membership'
import type { Composer } from './composer.ts'
import type { Core } from './core.ts'
import type { Outcome } from './exchanges.ts'
import { sample } from './peers-order.ts'

/** Silence has to repeat itself before a name is taken over. */
const attemptsMax = 2

export interface ContestEvents {
  /** The other one runs: this node has to end. */
  readonly lost: (rival: Member) => void
  /** Nobody of that name runs there, or it is leaving: the name is ours. */
  readonly won: (rival: Member) => void
}

export class Contest {
  readonly #core: Core
  readonly #composer: Composer
  readonly #events: ContestEvents
  #rival: Member | undefined
  #attempt = 0
  #awaited = 0

  constructor(core: Core, composer: Composer, events: ContestEvents) {
    this.#core = core
    this.#composer = composer
    this.#events = events
  }

  /** running tells whether the matter is open. */
  get running(): boolean {
    return this.#rival !== undefined
  }

  begin(rival: Member): void {
    if (this.#rival) return
    this.#rival = rival
    this.#attempt = 0
    this.#call(rival)
  }

  #call(rival: Member): void {
    this.#attempt++
    this.#awaited = 1
    const { roster, settings, random, deadlineMs } = this.#core
    const target = { name: rival.name, peer: rival.urls.peer }
    const probe = { type: 'probe', ...this.#composer.envelope(), target, deadlineMs: Math.round(deadlineMs) } as const
    const accept = (name: string): boolean => roster.livePeer(name) !== undefined
    for (const relay of sample([...roster.live], settings.relayCount, { random, accept })) {
      const to = roster.livePeer(relay)?.urls.peer
      if (to !== undefined && this.#core.send(to, probe, this.#listen(rival, relayedMember))) this.#awaited++
    }
    const direct = this.#listen(rival, repliedMember)
    if (!this.#core.send(target.peer, this.#composer.gossip(target.name), direct)) direct({ type: 'failed' })
  }

  #listen(rival: Member, whoReplied: (outcome: Outcome) => Member | undefined): (outcome: Outcome) => void {
    let counted = false
    return (outcome) => {
      const who = whoReplied(outcome)
      if (counted && !who) return
      this.#heard(rival, who, counted ? 0 : 1)
      counted = true
    }
  }

  #heard(rival: Member, who: Member | undefined, counts: number): void {
    if (this.#rival !== rival) return
    if (who?.name === rival.name && who.instance !== this.#core.self.instance) {
      this.#rival = undefined
      if (who.status === 'leaving' || isGone(who.status)) this.#events.won(rival)
      else this.#events.lost(who)
      return
    }
    this.#awaited -= counts
    if (this.#awaited > 0) return
    if (this.#attempt < attemptsMax) this.#call(rival)
    else {
      this.#rival = undefined
      this.#events.won(rival)
    }
  }
}

function repliedMember(outcome: Outcome): Member | undefined {
  return outcome.type === 'reply' ? outcome.message.from : undefined
}

function relayedMember(outcome: Outcome): Member | undefined {
  return outcome.type === 'reply' && outcome.message.type === 'probed' ? outcome.message.target?.member : undefined
}
