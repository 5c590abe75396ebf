/**
 * The network of a run: requests with one reply each, as over TCP connections that may break.
 *
 *      request ──latency──► process  up       it serves, and its reply comes back after another latency
 *                           │        down     refused
 *                           │        silent   nothing; nor where the link is cut, or the message lost
 *                           └─ dies meanwhile: failed at once
 *
 * Each ordered pair of ends has a stream of random numbers of its own.
 */
import type { Schedule } from '../schedule.ts'
import type { Plan } from './plan.ts'
import { between, type Random, type Range, streamOf } from './streams.ts'

/** down: the process ended, its port refuses. silent: the host is gone. frozen: nothing runs, what arrives waits. */
export type Condition = 'up' | 'down' | 'silent' | 'frozen'

export interface End {
  readonly name: string
}

export interface Server extends End {
  readonly condition: Condition
  /** Called when the process ends. */
  readonly broken: Set<() => void>
}

export type Sent<Reply> =
  | { readonly type: 'reply'; readonly reply: Reply }
  | { readonly type: 'refused' }
  | { readonly type: 'failed' }

export interface Exchange<Reply> {
  readonly from: End
  readonly to: Server | undefined
  /** What the other end does with the request. */
  readonly serve: (reply: (reply: Reply) => void) => void
  /** Called once, or twice with a reply that came twice; never when all is silent. */
  readonly settled: (sent: Sent<Reply>) => void
  /** Whether request and reply may come twice. */
  readonly mayRepeat?: boolean
}

interface Link {
  readonly from: string
  readonly to: string
  readonly random: Random
  lastArrival: number
}

export class Network {
  /** Ordered pairs of names, as `from>to`, between which nothing passes. */
  readonly cuts = new Map<string, number>()
  loss = 0
  resets = 0
  /** Nodes whose links are slow. */
  readonly slow = new Map<string, Range>()
  messages = 0
  readonly #schedule: Schedule
  readonly #plan: Plan
  readonly #links = new Map<string, Link>()

  constructor(schedule: Schedule, plan: Plan) {
    this.#schedule = schedule
    this.#plan = plan
  }

  cut(from: string, to: string): void {
    const pair = `${from}>${to}`
    this.cuts.set(pair, (this.cuts.get(pair) ?? 0) + 1)
  }

  mend(from: string, to: string): void {
    const pair = `${from}>${to}`
    const count = (this.cuts.get(pair) ?? 0) - 1
    if (count > 0) this.cuts.set(pair, count)
    else this.cuts.delete(pair)
  }

  /** isBroken tells whether two ends cannot rely on their links now. */
  isBroken(a: string, b: string): boolean {
    return (
      this.loss > 0 ||
      this.resets > 0 ||
      this.slow.has(a) ||
      this.slow.has(b) ||
      this.cuts.has(`${a}>${b}`) ||
      this.cuts.has(`${b}>${a}`)
    )
  }

  exchange<Reply>({ from, to, serve, settled, mayRepeat = false }: Exchange<Reply>): void {
    const name = to?.name ?? 'nobody'
    const there = this.#link(from.name, name)
    const back = this.#link(name, from.name)
    if (!this.#passes(from.name, name, there.random)) return
    this.#after(there, () => {
      if (to?.condition === 'silent') return
      if (to === undefined || to.condition === 'down') {
        if (this.#passes(name, from.name, back.random)) this.#after(back, () => settled({ type: 'refused' }))
        return
      }
      const broke = () => {
        if (this.#passes(name, from.name, back.random)) this.#after(back, () => settled({ type: 'failed' }))
      }
      to.broken.add(broke)
      serve((reply) => {
        to.broken.delete(broke)
        if (!this.#passes(name, from.name, back.random)) return
        const isReset = this.resets > 0 && back.random() < this.resets
        this.#after(back, () => settled(isReset ? { type: 'failed' } : { type: 'reply', reply }))
        if (mayRepeat && this.#repeats(back)) this.#after(back, () => settled({ type: 'reply', reply }))
      })
    })
    if (!mayRepeat || !this.#repeats(there)) return
    this.#after(there, () => {
      if (to?.condition === 'up') serve(() => {})
    })
  }

  #passes(from: string, to: string, random: Random): boolean {
    if (this.cuts.has(`${from}>${to}`)) return false
    return !(this.loss > 0 && random() < this.loss)
  }

  #repeats(link: Link): boolean {
    return this.#plan.duplicates > 0 && link.random() < this.#plan.duplicates
  }

  #link(from: string, to: string): Link {
    const pair = `${from}>${to}`
    let link = this.#links.get(pair)
    if (link === undefined) {
      link = { from, to, random: streamOf(this.#plan.seed, pair), lastArrival: 0 }
      this.#links.set(pair, link)
    }
    return link
  }

  #after(link: Link, run: () => void): void {
    this.messages++
    const range = this.slow.get(link.from) ?? this.slow.get(link.to) ?? this.#plan.latencyMs
    let at = this.#schedule.now + between(link.random, range)
    if (this.#plan.ordered) at = Math.max(at, link.lastArrival)
    link.lastArrival = at
    this.#schedule.at(at, run)
  }
}
