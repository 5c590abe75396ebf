/**
 * Fetches: single keys that somebody waits for. One request to a source is under way; what is asked for meanwhile goes
 * along in the next, so that a thousand commands on syncing tokens make a few requests.
 */

import type { Core } from './core.ts'
import type { Acceptance, Intake } from './intake.ts'
import type { AskSettled, Spot } from './peer-request.ts'
import { spotBytes } from './spot.ts'

/** Bytes of keys in one request. */
const requestBytesMax = 65_536

interface Fetch {
  readonly spot: Spot
  /** Whether the source answered; what it has of the key is here then. */
  readonly done: (answered: boolean) => void
}

interface Lane {
  isUnderWay: boolean
  waiting: Fetch[]
}

export class Fetches {
  readonly #core: Core
  readonly #intake: Intake
  readonly #accepts: Acceptance
  readonly #lanes = new Map<string, Lane>()

  constructor(core: Core, intake: Intake, accepts: Acceptance) {
    this.#core = core
    this.#intake = intake
    this.#accepts = accepts
  }

  fetch(source: string, { spot, done }: Fetch): void {
    let lane = this.#lanes.get(source)
    if (lane === undefined) {
      lane = { isUnderWay: false, waiting: [] }
      this.#lanes.set(source, lane)
    }
    lane.waiting.push({ spot, done })
    this.#go(source, lane)
  }

  #go(source: string, lane: Lane): void {
    if (lane.isUnderWay) return
    if (lane.waiting.length === 0) {
      this.#lanes.delete(source)
      return
    }
    let count = 0
    for (let bytes = 0; count < lane.waiting.length && bytes < requestBytesMax; count++) {
      bytes += spotBytes((lane.waiting[count] as Fetch).spot)
    }
    const asked = lane.waiting.splice(0, count)
    lane.isUnderWay = true
    const request = { type: 'fetch', spots: asked.map(({ spot }) => spot) } as const
    this.#core.ask(
      source,
      request,
      (outcome) => this.#settled(source, asked, outcome),
      this.#core.settings.replicaTimeoutMs,
    )
  }

  #settled(source: string, asked: Fetch[], outcome: AskSettled): void {
    const lane = this.#lanes.get(source) as Lane
    lane.isUnderWay = false
    const reply = outcome.type === 'reply' && outcome.reply.type === 'copies' ? outcome.reply : undefined
    if (reply !== undefined) this.#intake.take(reply.copies, this.#accepts)
    // A page that was full says how far it got.
    const looked = reply === undefined ? asked.length : Math.max(1, reply.cursor ?? asked.length)
    lane.waiting.unshift(...asked.slice(looked))
    this.#go(source, lane)
    for (const { done } of asked.slice(0, looked)) done(reply !== undefined)
  }
}
