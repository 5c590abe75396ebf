/**
 * Writes messages: never longer than messageBytesMax, the most useful first.
 *
 *   gossip   own record │ what the peer must hear │ news, least sent first │ heartbeats, newest first │
 *   page     own record │ records in order of names, as many as fit                                   │
 */
import { isGone } from '@ringhold/sdk/membership'
import type { Core } from './core.ts'
import { jsonBytes, memberBytes, pulseBytes, rumourBytes } from './json-bytes.ts'
import { type Envelope, type Gossip, messageBytesMax, type Pulse, type Rumour } from './message.ts'
import { rumourBudget } from './settings.ts'

/** What news leave to heartbeats, however many news there are. */
const heartbeatBytesMin = 2_048

export interface Page {
  readonly message: Gossip
  /** The name after which the next page begins; undefined when this is the last one. */
  readonly next: string | undefined
}

export class Composer {
  readonly #core: Core

  constructor(core: Core) {
    this.#core = core
  }

  envelope(): Envelope {
    const { fleet, self, heartbeat } = this.#core
    return { fleet: fleet.name, copies: fleet.copies, from: self, heartbeat }
  }

  /** gossip composes an ordinary message to the member of that name; the records of `lead` come before all news. */
  gossip(to: string, lead: Iterable<string> = []): Gossip {
    const { rumours, settings, liveCount, self } = this.#core
    const sheet = new Sheet(this.#emptyBytes())
    this.#addObituary(sheet, to)
    const told = new Set([self.name])
    for (const name of lead) {
      if (told.has(name)) continue
      told.add(name)
      if (!this.#tell(sheet, name, heartbeatBytesMin)) break
    }
    const budget = rumourBudget(settings, liveCount)
    if (rumours.size > 0) {
      for (const name of rumours.next()) {
        if (!told.has(name) && !this.#tell(sheet, name, heartbeatBytesMin)) break
        rumours.sent(name, budget)
      }
    }
    this.#addHeartbeats(sheet)
    return this.#message(sheet)
  }

  /** page composes a page of the whole view: the records after the name `send` (none when undefined), asking for those after `ask`. */
  page(send: string | undefined, ask: string | undefined): Page {
    const sheet = new Sheet(this.#emptyBytes() + pageBytes(ask))
    const next = this.#fill(sheet, send)
    return { message: { ...this.#message(sheet), page: pageAfter(ask) }, next }
  }

  /** answerPage answers the member of that name, which asked for the page after the name `wanted`. */
  answerPage(to: string, wanted: string | undefined): Gossip {
    const sheet = new Sheet(this.#emptyBytes() + pageBytes(undefined))
    this.#addObituary(sheet, to)
    const next = this.#fill(sheet, wanted)
    return { ...this.#message(sheet), page: pageAfter(next) }
  }

  /** Fills a page with the records after a name, and returns the last one when there are more. */
  #fill(sheet: Sheet, after: string | undefined): string | undefined {
    const { names } = this.#core.roster
    if (after === undefined) return undefined
    let last = after
    for (let index = firstAfter(names, after); index < names.length; index++) {
      const name = names[index] as string
      // The cursor of an answer is the last name written, so there must be room for that too.
      if (!this.#tell(sheet, name, pageBytes(name))) return last
      last = name
    }
    return undefined
  }

  #addObituary(sheet: Sheet, to: string): void {
    const obituary = this.#core.obituaries.of(to)
    if (obituary) sheet.addRumour({ member: obituary }, 0)
  }

  #message(sheet: Sheet): Gossip {
    return {
      type: 'gossip',
      ...this.envelope(),
      digest: this.#core.roster.digest,
      rumours: sheet.rumours,
      heartbeats: sheet.heartbeats,
    }
  }

  #emptyBytes(): number {
    const { fleet, self } = this.#core
    return emptyBytes + jsonBytes(fleet.name) + memberBytes(self)
  }

  #tell(sheet: Sheet, name: string, reserve: number): boolean {
    const { roster, suspicions, now } = this.#core
    const member = roster.get(name)
    if (!member) return true
    if (member.status === 'suspect') {
      const accusers = suspicions.get(name)?.accusers
      return sheet.addRumour(accusers?.length ? { member, accusers: [...accusers] } : { member }, reserve)
    }
    if (isGone(member.status)) return sheet.addRumour({ member, ageMs: roster.goneMs(name, now) ?? 0 }, reserve)
    return sheet.addRumour({ member }, reserve)
  }

  #addHeartbeats(sheet: Sheet): void {
    let room = this.#core.settings.heartbeatsPerMessage
    if (room <= 0) return
    for (const pulse of this.#core.heartbeats.newest()) {
      if (!sheet.addPulse(pulse) || --room === 0) return
    }
  }
}

/** A message being filled. */
class Sheet {
  readonly rumours: Rumour[] = []
  readonly heartbeats: Pulse[] = []
  #bytes: number

  constructor(bytes: number) {
    this.#bytes = bytes
  }

  addRumour(rumour: Rumour, reserve: number): boolean {
    const bytes = rumourBytes(rumour) + 1
    if (this.#bytes + bytes + reserve > messageBytesMax) return false
    this.#bytes += bytes
    this.rumours.push(rumour)
    return true
  }

  addPulse(pulse: Pulse): boolean {
    const bytes = pulseBytes(pulse) + 1
    if (this.#bytes + bytes > messageBytesMax) return false
    this.#bytes += bytes
    this.heartbeats.push(pulse)
    return true
  }
}

/** An empty message with the longest numbers it may hold, without the fleet's name and the sender's record. */
const emptyBytes = jsonBytes({
  type: 'gossip',
  fleet: 0,
  copies: 100,
  from: 0,
  heartbeat: Number.MAX_SAFE_INTEGER,
  digest: 0xffffffff,
  rumours: [],
  heartbeats: [],
})

function pageAfter(after: string | undefined): NonNullable<Gossip['page']> {
  return after === undefined ? {} : { after }
}

function pageBytes(after: string | undefined): number {
  return ',"page":{"after":}'.length + jsonBytes(after ?? '')
}

/** The index of the first name behind `after` in a sorted list. */
function firstAfter(names: readonly string[], after: string): number {
  let low = 0
  let high = names.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((names[middle] as string) <= after) low = middle + 1
    else high = middle
  }
  return low
}
