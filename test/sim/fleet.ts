/**
 * A whole fleet in one process and in virtual time: the same Membership class as in production, a network that delays,
 * loses, refuses and cuts, and processes that crash, freeze and come back. Everything follows from one seed.
 *
 *   Membership ──exchange──► network: latency, loss, cuts ──► receive ──answer──► network ──► settled
 *       ▲                         │ process down: refused                                        │
 *       └── tick every 100 ms     └ host down, cut or lost: nothing, aborted at 4 × the deadline ◄┘
 */

import type { Effect, PeerMessage, Settlement } from '#node/membership/membership.js'
import { Membership, type MembershipOptions, messageBytesMax, parsePeerMessage } from '#node/membership/membership.js'
import { seededRandom } from './random.ts'
import { Schedule } from './schedule.ts'

export type Range = readonly [min: number, max: number]

export interface FleetOptions {
  readonly seed: number
  /** One way, in milliseconds, drawn evenly. Default: 0.5 to 3. */
  readonly latencyMs?: Range
  /** Share of messages lost, each way. Default: 0. */
  readonly loss?: number
  /** Whether messages travel as JSON through parsePeerMessage. Default: true; large fleets share the records instead. */
  readonly wire?: boolean
  readonly settings?: MembershipOptions['settings']
}

/** down: the process ended, its port refuses. silent: the host is gone. frozen: nothing runs, what arrives waits. */
export type Condition = 'up' | 'down' | 'silent' | 'frozen'

export interface Happening {
  readonly at: number
  readonly effect: Effect
}

const tickIntervalMs = 100

export class SimFleet {
  readonly schedule = new Schedule()
  readonly random: () => number
  /** Every process that ever ran, in the order of their starts. */
  readonly processes: SimProcess[] = []
  readonly byUrl = new Map<string, SimProcess>()
  readonly wire: boolean
  loss: number
  /** Addresses between which nothing passes, as `from>to`. */
  readonly cuts = new Set<string>()
  /** Verdicts against processes that had neither ended nor lost their host, as sentences. */
  readonly wrongVerdicts: string[] = []
  /** Called when the view of a process has changed. */
  onView: (process: SimProcess) => void = (process) => this.#lookForWrongVerdicts(process)
  readonly #options: FleetOptions

  constructor(options: FleetOptions) {
    this.#options = options
    this.random = seededRandom(options.seed)
    this.wire = options.wire ?? true
    this.loss = options.loss ?? 0
  }

  get now(): number {
    return this.schedule.now
  }

  get up(): SimProcess[] {
    return this.processes.filter(({ condition }) => condition === 'up')
  }

  /** start runs a process, at the address of its name unless another is given. */
  start(
    name: string,
    options: { seeds?: readonly string[]; url?: string; fleet?: string; copies?: number } = {},
  ): SimProcess {
    const process = this.create(name, options)
    process.perform(process.membership.start(this.now))
    process.tickLater(this.random() * tickIntervalMs)
    return process
  }

  /** create makes a process without starting it. */
  create(
    name: string,
    { seeds = [], url = urlOf(name), fleet = 'sim', copies = 2 }: Parameters<SimFleet['start']>[1] = {},
  ): SimProcess {
    const instance = Math.floor(this.random() * 2 ** 32).toString(16)
    const membership = new Membership({
      self: {
        name,
        urls: { client: url.replace('http://', 'http://client.'), peer: url },
        zone: '',
        weight: 1,
        instance,
      },
      fleet: { name: fleet, copies },
      seeds,
      random: this.random,
      ...(this.#options.settings && { settings: this.#options.settings }),
    })
    const process = new SimProcess(this, { name, url, instance, membership })
    this.processes.push(process)
    this.byUrl.set(url, process)
    return process
  }

  /** process returns the latest one of that name. */
  process(name: string): SimProcess {
    const found = this.processes.findLast((process) => process.name === name)
    if (!found) throw new Error(`no process was called ${name}`)
    return found
  }

  run(ms: number): void {
    this.schedule.runUntil(this.now + ms)
  }

  /** msUntil runs until the condition holds and returns how long that took; undefined when it never did within the limit. */
  msUntil(holds: () => boolean, limitMs: number): number | undefined {
    const start = this.now
    return this.schedule.runUntil(start + limitMs, holds) ? this.now - start : undefined
  }

  /** record runs for a while and returns all requests that reached a process meanwhile. */
  record(process: SimProcess, ms: number): PeerMessage[] {
    const received: PeerMessage[] = []
    process.onRequest = (message) => received.push(message)
    this.run(ms)
    process.onRequest = undefined
    return received
  }

  /** cut stops everything between the addresses of two groups of names, one way or both. */
  cut(from: readonly string[], to: readonly string[], ways: 'one way' | 'both ways' = 'both ways'): void {
    for (const a of from) {
      for (const b of to) {
        this.cuts.add(`${urlOf(a)}>${urlOf(b)}`)
        if (ways === 'both ways') this.cuts.add(`${urlOf(b)}>${urlOf(a)}`)
      }
    }
  }

  heal(): void {
    this.cuts.clear()
  }

  /** starve makes a process stand still again and again, as if others took its CPU, until the time given. */
  starve(process: SimProcess, { pauseMs, runMs, until }: { pauseMs: Range; runMs: Range; until: number }): void {
    if (this.now >= until) return
    process.freeze()
    this.schedule.after(this.draw(pauseMs), () => {
      process.thaw()
      this.schedule.after(this.draw(runMs), () => this.starve(process, { pauseMs, runMs, until }))
    })
  }

  /** agreed tells whether all processes that are up hold exactly these members alive, and nobody else on the ring. */
  agreed(names: readonly string[], among = this.up): boolean {
    return among.every(({ membership: { view } }) => {
      let alive = 0
      for (const { status } of view.values()) {
        if (status === 'alive') alive++
        else if (status === 'suspect' || status === 'joining') return false
      }
      return alive === names.length && names.every((name) => view.get(name)?.status === 'alive')
    })
  }

  latency(): number {
    return this.draw(this.#options.latencyMs ?? [0.5, 3])
  }

  draw([min, max]: Range): number {
    return min + this.random() * (max - min)
  }

  passes(from: SimProcess, to: SimProcess): boolean {
    return !this.cuts.has(`${from.url}>${to.url}`) && !(this.loss > 0 && this.random() < this.loss)
  }

  #lookForWrongVerdicts(observer: SimProcess): void {
    for (const { name, status, instance } of observer.membership.view.values()) {
      if (status !== 'dead') continue
      const accused = this.processes.find((process) => process.instance === instance)
      if (accused?.condition === 'up' || accused?.condition === 'frozen') {
        this.wrongVerdicts.push(`${observer.name} holds ${name} dead at ${Math.round(this.now)} ms`)
      }
    }
  }
}

export class SimProcess {
  readonly name: string
  readonly url: string
  readonly instance: string
  readonly membership: Membership
  condition: Condition = 'up'
  onRequest: ((message: PeerMessage) => void) | undefined
  /** Effects of interest, with their times; exchanges and answers are left out. */
  readonly happenings: Happening[] = []
  bytesSent = 0
  messagesSent = 0
  bytesMax = 0
  readonly #fleet: SimFleet
  readonly #waiting: (() => void)[] = []
  #lateTick: (() => void) | undefined
  readonly #answers = new Map<number, (message: PeerMessage) => void>()
  #lastRequest = 0

  constructor(fleet: SimFleet, self: { name: string; url: string; instance: string; membership: Membership }) {
    this.#fleet = fleet
    this.name = self.name
    this.url = self.url
    this.instance = self.instance
    this.membership = self.membership
  }

  /** happened returns the times at which an effect of that type came. */
  happened(type: Effect['type']): number[] {
    return this.happenings.filter(({ effect }) => effect.type === type).map(({ at }) => at)
  }

  kill(): void {
    this.condition = 'down'
  }

  loseHost(): void {
    this.condition = 'silent'
  }

  freeze(): void {
    this.condition = 'frozen'
  }

  /**
   * thaw lets it run on. The late timer comes before or after what waits in the sockets, as in Node.js. Of that only the
   * first `share` is still there; the rest had been given up by its senders.
   */
  thaw(share = 1): void {
    if (this.condition !== 'frozen') return
    this.condition = 'up'
    const waiting = this.#waiting.splice(0)
    const lateTick = this.#lateTick
    this.#lateTick = undefined
    const timerFirst = this.#fleet.random() < 0.5
    if (timerFirst) lateTick?.()
    for (const run of waiting.slice(0, Math.ceil(waiting.length * share))) run()
    if (!timerFirst) lateTick?.()
  }

  status(name: string): string | undefined {
    return this.membership.view.get(name)?.status
  }

  tickLater(ms: number): void {
    this.#fleet.schedule.after(ms, () => {
      if (this.condition === 'frozen') this.#lateTick = () => this.#tick()
      else if (this.condition === 'up') this.#tick()
    })
  }

  #tick(): void {
    this.perform(this.membership.tick(this.#fleet.now))
    this.tickLater(tickIntervalMs)
  }

  /** perform is the shell. */
  perform(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.type === 'exchange') this.#exchange(effect)
      else if (effect.type === 'answer') this.#answers.get(effect.requestId)?.(effect.message)
      else {
        if (effect.type !== 'log') this.happenings.push({ at: this.#fleet.now, effect })
        if (effect.type === 'view') this.#fleet.onView(this)
        if (effect.type === 'stop') this.condition = 'down'
      }
    }
  }

  #exchange({ id, to, message, deadlineMs }: Extract<Effect, { type: 'exchange' }>): void {
    const fleet = this.#fleet
    let open = true
    const settle = (settlement: Settlement): void => {
      if (!open) return
      open = false
      this.#whenRunning(() => this.perform(this.membership.settled(id, settlement, fleet.now)))
    }
    fleet.schedule.after(4 * deadlineMs, () => settle({ type: 'failed' }))
    const copy = this.#send(message)
    fleet.schedule.after(fleet.latency(), () => {
      const target = fleet.byUrl.get(to)
      if (target && (target.condition === 'silent' || !fleet.passes(this, target))) return
      if (!target || target.condition === 'down')
        return fleet.schedule.after(fleet.latency(), () => settle({ type: 'refused' }))
      target.#serve(copy, (answer) => {
        if (!fleet.passes(target, this)) return
        fleet.schedule.after(fleet.latency(), () => settle({ type: 'reply', message: answer }))
      })
    })
  }

  #serve(message: PeerMessage, reply: (message: PeerMessage) => void): void {
    this.#whenRunning(() => {
      this.onRequest?.(message)
      const requestId = ++this.#lastRequest
      this.#answers.set(requestId, (answer) => {
        this.#answers.delete(requestId)
        reply(this.#send(answer))
      })
      this.perform(this.membership.receive(requestId, message, this.#fleet.now))
    })
  }

  /** Counts the bytes of a message, and returns what the other end reads. */
  #send(message: PeerMessage): PeerMessage {
    const json = JSON.stringify(message)
    const bytes = Buffer.byteLength(json)
    this.bytesSent += bytes
    this.messagesSent++
    if (bytes > this.bytesMax) this.bytesMax = bytes
    if (bytes > messageBytesMax) throw new Error(`a message of ${bytes} bytes: ${json.slice(0, 200)}`)
    if (!this.#fleet.wire) return message
    const read = parsePeerMessage(JSON.parse(json))
    if (!read) throw new Error(`a peer would not read ${json.slice(0, 500)}`)
    return read
  }

  #whenRunning(run: () => void): void {
    if (this.condition === 'up') run()
    else if (this.condition === 'frozen') this.#waiting.push(run)
  }
}

/** urlOf is the address at which a process of that name listens unless it is started elsewhere. */
export function urlOf(name: string): string {
  return `http://${name}:7101`
}
