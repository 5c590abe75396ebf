/**
 * Finds out which members have failed. It collects signs (failed exchanges, still heartbeats, hints, accusations by
 * others), lets an Investigation decide which probes to make, and pronounces its verdicts:
 *
 *   alive ──investigated, all probes missed──► suspect ──not refuted within suspicionMs──► dead
 *     ▲                                          │
 *     └───── the accused raises its incarnation ─┘
 *
 * A joining or leaving member is on no ring, so it needs no time as a suspect: it is dead, or has left.
 */
import { isGone, type Member, type Status } from '@ringhold/sdk/membership'
import type { Composer } from './composer.ts'
import type { Core } from './core.ts'
import { missedOf, type Outcome } from './exchanges.ts'
import { Investigation, type Missed, type Step } from './investigation.ts'
import { sample } from './peers-order.ts'
import { Suspicion, suspicionMs } from './suspicion.ts'

/** Heartbeats looked at per tick: all of them each round in small fleets, in turn in large ones. */
const heartbeatsPerTick = 32

/** How many nodes in all follow up an accusation, or a wrong one, that they hear; in larger fleets each does so with a share of chance. */
const followersOfHearsay = 10

export interface DetectorEvents {
  /** Takes a verdict into the view. */
  readonly pronounce: (verdict: Member) => void
  /** A member shall hear what is said of it, now. */
  readonly tell: (name: string) => void
  /** An accusation that is known already has a new accuser. */
  readonly confirmed: (name: string) => void
}

export class Detector {
  readonly #core: Core
  readonly #composer: Composer
  readonly #events: DetectorEvents
  readonly #investigations = new Map<string, Investigation>()
  readonly #hintedAt = new Map<string, number>()
  #rotation: Iterator<string> | undefined

  constructor(core: Core, composer: Composer, events: DetectorEvents) {
    this.#core = core
    this.#composer = composer
    this.#events = events
  }

  /** missed: an exchange with that member failed. */
  missed(name: string, how: Missed): void {
    this.#investigate(name, how)
  }

  /** hint: someone has reason to think that the member may have failed. */
  hint(name: string): void {
    const { awake, settings } = this.#core
    const hintedAt = this.#hintedAt.get(name)
    if (hintedAt !== undefined && awake - hintedAt < settings.hintGapMs) return
    if (!this.#core.roster.livePeer(name)) return
    this.#hintedAt.set(name, awake)
    this.#investigate(name)
  }

  /** alive: a sign of life of that incarnation (or a later one) came. */
  alive(name: string, incarnation: number): void {
    const investigation = this.#investigations.get(name)
    if (investigation && incarnation >= investigation.incarnation) this.#investigations.delete(name)
  }

  /** spoke: the member itself replied. A suspect that does so has not heard yet that it is one, or would have refuted. */
  spoke(name: string, incarnation: number): void {
    this.alive(name, incarnation)
    const suspicion = this.#core.suspicions.get(name)
    if (!suspicion || incarnation < suspicion.incarnation) return
    suspicion.since = this.#core.awake
    this.#tellNowAndThen(name)
  }

  /** changed: the record of another member changed, by hearsay or by our own verdict. */
  changed(member: Member, heard: boolean): void {
    const { name, incarnation, status } = member
    const { suspicions, awake } = this.#core
    const investigation = this.#investigations.get(name)
    if (investigation && (isGone(status) || incarnation > investigation.incarnation)) this.#investigations.delete(name)
    if (isGone(status)) this.#hintedAt.delete(name)
    if (status !== 'suspect') suspicions.delete(name)
    else if (suspicions.get(name)?.incarnation !== incarnation) suspicions.set(name, new Suspicion(incarnation, awake))
    if (!heard || !this.#isFollower()) return
    if (status === 'suspect') this.#investigate(name)
    else if (status === 'dead') this.#events.tell(name)
  }

  /** mourned: a member that we held dead is not. It is told, so that it drops what others own by now. */
  mourned(name: string): void {
    if (this.#isFollower()) this.#events.tell(name)
  }

  /** accused: others accuse a suspect of that incarnation too. */
  accused(name: string, incarnation: number, accusers: readonly string[]): void {
    const suspicion = this.#core.suspicions.get(name)
    if (suspicion?.incarnation !== incarnation) return
    let confirmed = false
    for (const accuser of accusers) {
      // Nobody accuses itself; counting it would only let a forged record shorten the timeout.
      if (accuser !== name && suspicion.accuse(accuser)) confirmed = true
    }
    if (confirmed) this.#events.confirmed(name)
  }

  #isFollower(): boolean {
    return this.#core.random() * this.#core.liveCount < followersOfHearsay
  }

  tick(): void {
    this.#judgeSuspects()
    this.#lookAtHeartbeats()
  }

  #judgeSuspects(): void {
    const { suspicions, roster, settings, health, heartbeats, awake, liveCount } = this.#core
    for (const [name, suspicion] of suspicions) {
      const timeoutMs = suspicionMs(settings, suspicion.accusers.length, liveCount) * health.stretch
      if (awake - suspicion.since < timeoutMs) continue
      const member = roster.get(name)
      if (!member) suspicions.delete(name)
      else if ((heartbeats.progressedAt(name) ?? 0) > suspicion.since) {
        // Its heart beats, so the news of its suspicion has not reached it.
        suspicion.since = awake
        this.#tellNowAndThen(name)
      } else this.#bury(member, 'not refuted in time')
    }
  }

  #lookAtHeartbeats(): void {
    const { roster, heartbeats, settings, awake, liveCount } = this.#core
    const staleMs = Math.max(settings.staleAfterMs * Math.max(1, Math.log2(liveCount) / 3), 8 * heartbeats.refreshMs)
    for (let looked = 0; looked < Math.min(heartbeatsPerTick, liveCount); looked++) {
      this.#rotation ??= roster.live.values()
      const { value: name, done } = this.#rotation.next()
      if (done) this.#rotation = undefined
      else if (awake - (heartbeats.progressedAt(name) ?? awake) >= staleMs) this.hint(name)
    }
  }

  #tellNowAndThen(name: string): void {
    const { awake, settings } = this.#core
    if (awake - (this.#hintedAt.get(name) ?? Number.NEGATIVE_INFINITY) < settings.hintGapMs) return
    this.#hintedAt.set(name, awake)
    this.#events.tell(name)
  }

  #investigate(name: string, cause?: Missed): void {
    const { roster, self, settings, suspicions } = this.#core
    const member = roster.livePeer(name)
    if (!member || this.#investigations.has(name) || this.#investigations.size >= settings.investigationsMax) return
    if (suspicions.get(name)?.accusers.includes(self.name)) return
    const investigation = new Investigation(member, settings.missesMin)
    this.#investigations.set(name, investigation)
    this.#take(investigation, investigation.begin(cause))
  }

  #take(investigation: Investigation, step: Step): void {
    if (this.#investigations.get(investigation.name) !== investigation) return
    const member = this.#core.roster.livePeer(investigation.name)
    if (!member) {
      this.#investigations.delete(investigation.name)
      return
    }
    switch (step) {
      case 'wait':
        break
      case 'probe':
        this.#probe(investigation, member)
        break
      case 'probe-and-ask-relays':
        this.#askRelays(investigation, member)
        this.#probe(investigation, member)
        break
      case 'suspect':
        this.#end(investigation)
        this.#accuse(member)
        break
      case 'dead':
        this.#end(investigation)
        this.#bury(member, 'nothing listens at its address')
    }
  }

  #probe(investigation: Investigation, member: Member): void {
    const { name, status } = member
    const message = this.#composer.gossip(name, status === 'alive' ? [] : [name])
    let judged = false
    const sent = this.#core.send(member.urls.peer, message, (outcome) => {
      if (isReplyOf(outcome, name)) return this.#end(investigation)
      if (judged) return
      judged = true
      this.#take(investigation, investigation.missed(missedOf(outcome)))
    })
    if (!sent) this.#giveUp(investigation)
  }

  #askRelays(investigation: Investigation, member: Member): void {
    const { roster, settings, random, deadlineMs } = this.#core
    const { name } = member
    const accept = (relay: string): boolean =>
      relay !== name && roster.livePeer(relay)?.status === 'alive' && !this.#investigations.has(relay)
    for (const relay of sample([...roster.live], settings.relayCount, { random, accept })) {
      const target = { name, peer: member.urls.peer }
      const message = {
        type: 'probe',
        ...this.#composer.envelope(),
        target,
        deadlineMs: Math.round(deadlineMs),
      } as const
      const to = roster.livePeer(relay)?.urls.peer
      let judged = false
      const sent =
        to !== undefined &&
        this.#core.send(to, message, (outcome) => {
          if (judged) return
          judged = true
          this.#take(investigation, investigation.relayed(this.#heardFromRelay(outcome, name)))
        })
      if (sent) investigation.asked(1)
    }
  }

  #heardFromRelay(outcome: Outcome, name: string): Missed | undefined {
    if (outcome.type !== 'reply' || outcome.message.type !== 'probed') {
      // The relay itself does not answer: the fault may be ours.
      this.#core.health.trouble()
      return undefined
    }
    const { outcome: found } = outcome.message
    if (found === 'reply') {
      const { target } = outcome.message
      this.#core.log('debug', 'a member answers others but not us', { member: name, relay: outcome.message.from.name })
      if (target?.member.name === name) this.alive(name, target.member.incarnation)
    }
    return found === 'refused' || found === 'silent' ? found : undefined
  }

  #end(investigation: Investigation): void {
    const { name } = investigation
    if (this.#investigations.get(name) === investigation) this.#investigations.delete(name)
  }

  /** Without probes there is no verdict, neither now nor on what was found so far. */
  #giveUp(investigation: Investigation): void {
    this.#core.health.trouble()
    this.#end(investigation)
  }

  #accuse(member: Member): void {
    const why = 'no probe was answered'
    if (member.status !== 'alive' && member.status !== 'suspect') this.#bury(member, why)
    else {
      if (member.status === 'alive') this.#pronounce(member, 'suspect', why)
      this.accused(member.name, member.incarnation, [this.#core.self.name])
    }
  }

  /** Whoever had announced that it leaves has left, however it ended. */
  #bury(member: Member, why: string): void {
    this.#pronounce(member, member.status === 'leaving' ? 'left' : 'dead', why)
  }

  #pronounce(member: Member, status: Status, why: string): void {
    const level = status === 'left' ? 'info' : 'warn'
    this.#core.log(level, `${member.name} is ${status}: ${why}`, { member: member.name, status, why })
    this.#events.pronounce({ ...member, status })
  }
}

function isReplyOf(outcome: Outcome, name: string): boolean {
  return outcome.type === 'reply' && outcome.message.from.name === name
}
