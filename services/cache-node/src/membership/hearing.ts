/** Takes in what messages say: records into the view, heartbeats beside it, and what follows from either. */
import { isGone, type Member } from '@ringhold/sdk/membership'
import type { Core } from './core.ts'
import type { Detector } from './detector.ts'
import type { Gossip, Probe, Probed, Pulse, Rumour } from './message.ts'

export interface HearingEvents {
  /** A record bears the name of this node. */
  readonly ownName: (heard: Member) => void
  readonly viewChanged: () => void
  /** A member that was held dead is not. */
  readonly returned: (name: string) => void
  /** Something must be passed on without delay. */
  readonly news: () => void
}

interface Source {
  /** False for our own verdicts. Default: true. */
  readonly heard?: boolean
  /** Whether it is part of a whole view. Default: false. */
  readonly full?: boolean
  /** Collects the names of records that are older than ours. */
  readonly outdated?: Set<string>
}

export class Hearing {
  readonly #core: Core
  readonly #detector: Detector
  readonly #events: HearingEvents

  constructor(core: Core, detector: Detector, events: HearingEvents) {
    this.#core = core
    this.#detector = detector
    this.#events = events
  }

  /** absorb merges all that a message says, and returns the names of which its sender knows less than we do. */
  absorb(message: Gossip | Probe | Probed): Set<string> {
    const outdated = new Set<string>()
    this.#core.speaker = message.from.name
    const full = message.type === 'gossip' && message.page !== undefined
    this.#hear({ member: message.from }, { full, outdated })
    this.#beat([message.from.name, message.from.incarnation, message.heartbeat])
    if (message.type === 'probed' && message.target) {
      const { member, heartbeat } = message.target
      this.#hear({ member }, { outdated })
      this.#beat([member.name, member.incarnation, heartbeat])
    }
    if (message.type === 'gossip') {
      for (const rumour of message.rumours) this.#hear(rumour, { full, outdated })
      for (const pulse of message.heartbeats) this.#beat(pulse)
    }
    return outdated
  }

  /** pronounce takes in a verdict of our own. */
  pronounce(verdict: Member): void {
    this.#hear({ member: verdict }, { heard: false })
  }

  #beat(pulse: Pulse): void {
    if (this.#core.heartbeats.learn(pulse, this.#core.awake)) this.#detector.alive(pulse[0], pulse[1])
  }

  #hear({ member, accusers, ageMs }: Rumour, { heard = true, full = false, outdated }: Source): void {
    const { roster, self, now } = this.#core
    if (member.name === self.name) {
      this.#events.ownName(member)
      return
    }
    const merged = roster.merge(member, { now, adoptGone: full, ...(ageMs !== undefined && { ageMs }) })
    if (merged.type === 'older') outdated?.add(member.name)
    if (merged.type === 'news') {
      this.#note(member, merged.before)
      if (heard && merged.before?.status !== member.status) this.#log(member)
      // What a joining node reads in the view of a seed is news to nobody else.
      if (!(full && self.status === 'joining')) this.#passOn(member)
      this.#detector.changed(member, heard)
    }
    if (accusers && member.status === 'suspect') this.#detector.accused(member.name, member.incarnation, accusers)
  }

  #note(member: Member, before: Member | undefined): void {
    const { heartbeats, order, obituaries, separation, sightings, awake } = this.#core
    const { name, incarnation, status } = member
    if (status === 'suspect') sightings.suspicions++
    if (status === 'dead' && before && !isGone(before.status)) {
      sightings.deaths++
      separation.died(name)
    }
    if (isGone(status)) heartbeats.forget(name)
    else {
      if (before?.incarnation !== incarnation) heartbeats.begin(name, incarnation, awake)
      if (!before || isGone(before.status)) order.add(name)
    }
    this.#events.viewChanged()
    if (!obituaries.note(before, member)) return
    this.#detector.mourned(name)
    this.#events.returned(name)
  }

  #passOn({ name }: Member): void {
    this.#core.rumours.add(name)
    this.#events.news()
  }

  #log({ name, status, incarnation }: Member): void {
    this.#core.log('info', `${name} is ${status}`, { member: name, status, incarnation })
  }
}
