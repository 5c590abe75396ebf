/**
 * A client of the simulation: the router and the breakers of the SDK, performed in virtual time as sdk/src/executor.ts
 * and topology-watch.ts do it with promises.
 */
import type { ByteCommand, Command, Outcome } from '@ringhold/sdk/protocol'
import { RingholdError } from '@ringhold/sdk/protocol'
import type { Ring } from '@ringhold/sdk/ring'
import { Breaker } from '#sdk/breaker.js'
import { decide, executedOf, type Failure, freshTrip, type Journey, pauseOf, type Routes, stepOf } from '#sdk/router.js'
import { cacheName, contentType, fleetName, type SimKey } from './keys.ts'
import type { End } from './network.ts'
import type { Asked } from './oracle.ts'
import type { Answer } from './sim-node.ts'
import { oneOf, type Random, streamOf } from './streams.ts'
import type { World } from './world.ts'

/** What a call comes to; 'unknown': it may have been executed. */
export type Ending = Outcome | { readonly type: 'failed'; readonly executed: 'no' | 'unknown' }

const callTimeoutMs = 2_500
const attemptsOfRefresh = 3
const checkIntervalMs = 5_000
const refreshIntervalMs = 100
const refreshTimeoutMs = 1_000

interface Call extends Omit<Journey, 'trip'> {
  trip: Journey['trip']
  readonly command: ByteCommand
  readonly isRepeatable: boolean
  readonly until: number
  readonly end: (ending: Ending) => void
  mayHaveRun: boolean
  isOver: boolean
}

export class SimClient implements End {
  readonly name: string
  /** Hears of no new ring while this holds. */
  isDeaf = false
  readonly #world: World
  readonly #random: Random
  readonly #breakers = new Map<string, Breaker>()
  #routes: Routes | undefined
  #waiting: (() => void)[] = []
  #isFetching = false
  #fetchedAt = Number.NEGATIVE_INFINITY

  constructor(world: World, name: string) {
    this.#world = world
    this.name = name
    this.#random = streamOf(world.plan.seed, name)
    const check = () => {
      this.refresh()
      world.schedule.after(checkIntervalMs * (0.8 + 0.4 * this.#random()), check)
    }
    check()
  }

  call(key: SimKey, command: ByteCommand, end: (ending: Ending) => void): void {
    const isRepeatable = command.type === 'get' || command.condition === undefined
    const until = this.#world.now + callTimeoutMs
    const call: Call = {
      key: key.name,
      isRepeatable,
      trip: freshTrip,
      command,
      until,
      end,
      mayHaveRun: false,
      isOver: false,
    }
    this.#world.schedule.at(until, () => this.#fail(call))
    this.#step(call)
  }

  /** refresh asks a node for the ring, some other one when it does not answer. */
  refresh(preferred?: string): void {
    if (this.#isFetching || this.isDeaf) return
    this.#isFetching = true
    const at = Math.max(this.#world.now, this.#fetchedAt + refreshIntervalMs)
    this.#world.schedule.at(at, () => this.#fetch(preferred, attemptsOfRefresh))
  }

  #fetch(preferred: string | undefined, attempts: number): void {
    const world = this.#world
    const names = this.#routes?.ring.members.map(({ name }) => name) ?? []
    const name = preferred ?? oneOf(this.#random, names.length > 0 ? [...names, ...world.seedNames] : world.seedNames)
    let isOpen = true
    const fetched = (ring: Ring | undefined) => {
      if (!isOpen) return
      isOpen = false
      if (ring === undefined || ring.members.length === 0) {
        if (attempts > 1) return this.#fetch(undefined, attempts - 1)
      } else if (!this.isDeaf && ring !== this.#routes?.ring) {
        this.#routes = { ring, topology: { fleet: fleetName } } as Routes
      }
      this.#isFetching = false
      this.#fetchedAt = world.now
      for (const go of this.#waiting.splice(0)) go()
    }
    world.schedule.after(refreshTimeoutMs, () => fetched(undefined))
    const to = world.named(name)
    world.network.exchange<Ring>({
      from: this,
      to,
      serve: (reply) => to?.topology(reply),
      settled: (sent) => fetched(sent.type === 'reply' ? sent.reply : undefined),
    })
  }

  #step(call: Call) {
    if (call.isOver) return
    const routes = this.#routes
    if (routes === undefined) return this.#pause(call, 50)
    const step = stepOf(routes, call, (node) => this.#breaker(node).allows(this.#world.now))
    if (step.type !== 'send') {
      this.refresh()
      const { trip, pauseMs } = pauseOf(call.trip, this.#random())
      call.trip = trip
      return this.#pause(call, pauseMs + 1)
    }
    this.#send(call, routes, step)
  }

  #send(call: Call, { ring }: Routes, { node, isDirect }: { node: string; isDirect: boolean }): void {
    const world = this.#world
    const begunMs = world.now
    const to = world.named(node)
    this.#breaker(node).sent(begunMs)
    world.network.exchange<Answer>({
      from: this,
      to,
      serve: (reply) => to?.command(call.command, isDirect ? 'direct' : 'plain', reply),
      settled: (sent) => {
        if (sent.type !== 'reply') {
          this.#breaker(node).failed(begunMs, world.now)
          const type = sent.type === 'refused' ? 'refused' : 'lost'
          const error = new RingholdError('RINGHOLD_CONNECTION_LOST')
          return this.#failed(call, ring, { type, node, error, ring: undefined })
        }
        this.#breaker(node).succeeded()
        const { reply } = sent
        if (reply.ring !== ring.checksum) world.schedule.after(500 + 500 * this.#random(), () => this.refresh(node))
        if (reply.type === 'outcome') return this.#succeed(call, reply.outcome)
        this.#failed(call, ring, { type: 'reply', node, error: reply.error, ring: reply.ring })
      },
    })
    // Silence counts against the node as a deadline that passed does.
    world.schedule.at(call.until, () => {
      if (call.isOver === false) this.#breaker(node).failed(begunMs, world.now)
    })
    call.mayHaveRun = true
  }

  #failed(call: Call, ring: Ring, failure: Failure) {
    if (call.isOver) return
    const { trip } = call
    const ringNow = this.#routes?.ring.checksum ?? ''
    const situation = { journey: { ...call, trip }, ringSent: ring.checksum, ringNow, random: this.#random() }
    const decision = decide(failure, situation)
    if (decision.type === 'give-up') return this.#fail(call, executedOf(failure))
    call.trip = decision.trip
    if (decision.type === 'refresh') {
      this.#waiting.push(() => this.#step(call))
      return this.refresh(failure.node)
    }
    if (decision.refresh) this.refresh(failure.type === 'reply' ? failure.node : undefined)
    if (decision.type === 'pause') this.#pause(call, decision.pauseMs)
    else this.#step(call)
  }

  #pause(call: Call, ms: number): void {
    this.#world.schedule.after(ms, () => this.#step(call))
  }

  #succeed(call: Call, outcome: Outcome): void {
    if (call.isOver) return
    call.isOver = true
    call.end(outcome)
  }

  #fail(call: Call, executed: 'no' | 'unknown' = 'unknown'): void {
    if (call.isOver) return
    call.isOver = true
    call.end({ type: 'failed', executed: call.mayHaveRun ? executed : 'no' })
  }

  #breaker(node: string): Breaker {
    let breaker = this.#breakers.get(node)
    if (breaker === undefined) {
      breaker = new Breaker()
      this.#breakers.set(node, breaker)
    }
    return breaker
  }
}

export type { Asked, Command }
export { cacheName, contentType }
