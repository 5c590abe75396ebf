/**
 * A few nodes' copies on a network in virtual time: every message takes 1 ms unless a test says otherwise. Views are what
 * the test says; nobody gossips.
 */
import type { Member, Status, View } from '@ringhold/sdk/membership'
import { type ByteCommand, defaultLimits, type Outcome, RingholdError } from '@ringhold/sdk/protocol'
import { HybridClock } from '#node/clock/hybrid-clock.js'
import { Copies, HIT_IN_SINK } from '#node/copies/copies.js'
import type { PartsFactory } from '#node/copies/data-parts.js'
import type { Effect } from '#node/copies/effect.js'
import type { AskSettled, Envelope, PeerRequest } from '#node/copies/peer-request.js'
import type { CopiesSettings } from '#node/copies/settings.js'
import type { ValueMemory } from '#node/copies/value-memory.js'
import { newCounters } from '#node/core/counters.js'
import type { Answers, Origin } from '#node/core/decide.js'
import type { Executed } from '#node/core/executed.js'
import { RingOfView } from '#node/core/ring-of-view.js'
import type { ByteStore } from '#node/store/byte-store.js'
import { smallStore } from '../store/small-store.ts'
import { settledParts } from './settled-parts.ts'

/** What becomes of a message: its delay, or 'lost', or 'refused' (requests only). */
export type Fate = number | 'lost' | 'refused'

export interface Sent {
  readonly from: string
  readonly to: string
  readonly request: PeerRequest
  /** Whether it is the reply to the request. */
  readonly isReply: boolean
}

export type Answer = { readonly by: string; readonly outcome: Outcome } | RingholdError

export interface SmallNetOptions {
  readonly copies?: number
  readonly settings?: Partial<CopiesSettings>
  readonly parts?: PartsFactory
  readonly memory?: ValueMemory
}

const seed = 7
const wallMs = 1_700_000_000_000

export class SmallNet {
  now = 0
  /** Decides on every message. */
  fate: (sent: Sent) => Fate = () => 1
  readonly sent: Sent[] = []
  readonly nodes = new Map<string, SmallNode>()
  readonly options: SmallNetOptions
  #queue: { readonly at: number; readonly run: () => void }[] = []

  constructor(names: readonly string[], options: SmallNetOptions = {}) {
    this.options = options
    for (const name of names) this.add(name)
  }

  add(name: string): SmallNode {
    const node = new SmallNode(this, name)
    this.nodes.set(name, node)
    return node
  }

  node(name: string): SmallNode {
    return this.nodes.get(name) as SmallNode
  }

  /** tell gives all nodes, or those named, the same view. */
  tell(statuses: Record<string, Status>, to: Iterable<string> = this.nodes.keys()): void {
    for (const name of to) this.node(name).view(statuses)
  }

  /** all is the view in which every node is alive. */
  get all(): Record<string, Status> {
    return Object.fromEntries([...this.nodes.keys()].map((name) => [name, 'alive']))
  }

  later(delayMs: number, run: () => void): void {
    this.#queue.push({ at: this.now + delayMs, run })
  }

  /** run lets time pass; nodes tick every 20 ms. */
  run(ms: number): void {
    const end = this.now + ms
    while (this.now < end) {
      this.now++
      for (;;) {
        const due = this.#queue.filter(({ at }) => at <= this.now)
        if (due.length === 0) break
        this.#queue = this.#queue.filter(({ at }) => at > this.now)
        for (const { run } of due.sort((a, b) => a.at - b.at)) run()
      }
      if (this.now % 20 === 0) for (const node of this.nodes.values()) node.tick()
    }
  }

  /** keyOf finds a key whose owners are these, in this order. */
  keyOf(at: string, owners: readonly string[], nth = 0): string {
    const { ring } = this.node(at).copies
    for (let number = 0; number < 100_000; number++) {
      const key = `key-${number}`
      const has = ring.owners(ring.token(key))
      if (owners.every((owner, rank) => has[rank] === owner) && nth-- === 0) return key
    }
    throw new Error(`no key of ${owners}`)
  }
}

export class SmallNode {
  readonly name: string
  readonly store: ByteStore = smallStore()
  readonly copies: Copies
  readonly counters = newCounters()
  answers: Answers = 'yes'
  incarnation = 1
  /** A node that is down refuses. */
  isDown = false
  readonly #net: SmallNet
  readonly #rings: RingOfView
  readonly #replies = new Map<number, (effect: Effect & { type: 'answer' }) => void>()
  #requests = 0

  constructor(net: SmallNet, name: string) {
    this.#net = net
    this.name = name
    const { copies = 2, settings, memory, parts = settledParts } = net.options
    this.#rings = new RingOfView({ seed, copies })
    const options = {
      self: name,
      fleet: { seed, copies },
      store: this.store,
      clock: new HybridClock(name),
      limits: defaultLimits,
      counters: this.counters,
      random: () => 0.5,
      answers: () => this.answers,
      ...(memory && { memory }),
    }
    this.copies = new Copies(settings === undefined ? options : { ...options, settings }, parts)
  }

  get moment() {
    return { now: this.#net.now, wallMs: wallMs + this.#net.now }
  }

  view(statuses: Record<string, Status>): void {
    const view: View = new Map(Object.entries(statuses).map(([name, status]) => [name, memberOf(name, status)]))
    this.#rings.update(view)
    const { ring } = this.#rings
    this.perform(this.copies.viewChanged({ view, ring, incarnation: this.incarnation }, this.moment))
  }

  tick(): void {
    if (!this.isDown) this.perform(this.copies.tick(this.moment))
  }

  /** execute returns a box that holds the answer once it is there. */
  execute(command: ByteCommand, origin: Origin = 'plain'): { answer: Answer | undefined } {
    const box: { answer: Answer | undefined } = { answer: undefined }
    const set = (answer: Answer) => {
      if (box.answer !== undefined) throw new Error('a command was answered twice')
      box.answer = answer
    }
    const done = { succeed: (executed: Executed) => set(executed), fail: (error: RingholdError) => set(error) }
    try {
      const executed = this.copies.execute(command, origin, this.moment, done)
      if (executed !== undefined && executed !== HIT_IN_SINK) set(executed)
    } catch (error) {
      if (!(error instanceof RingholdError)) throw error
      set(error)
    }
    this.perform(this.copies.takeEffects())
    return box
  }

  set(key: string, value: string, more: Partial<ByteCommand & { type: 'set' }> = {}, origin: Origin = 'plain') {
    const content = { value: Buffer.from(value), contentType: 'text/plain' }
    return this.execute({ type: 'set', cache: 'default', key: Buffer.from(key), ...content, ...more }, origin)
  }

  get(key: string, origin: Origin = 'plain') {
    return this.execute({ type: 'get', cache: 'default', key: Buffer.from(key) }, origin)
  }

  remove(key: string, more: Partial<ByteCommand & { type: 'delete' }> = {}) {
    return this.execute({ type: 'delete', cache: 'default', key: Buffer.from(key), ...more })
  }

  /** holding is what lies in the store under a key. */
  holding(key: string): string | undefined {
    const place = { token: this.copies.ring.token(key), cache: 'default', key: Buffer.from(key) }
    const entry = this.store.read(place, this.#net.now)
    return entry && Buffer.from(entry.value).toString()
  }

  perform(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.type === 'answer') this.#replies.get(effect.requestId)?.(effect)
      else if (effect.type === 'ask') this.#ask(effect)
    }
  }

  #ask({ id, to, envelope, request }: Effect & { type: 'ask' }): void {
    const net = this.#net
    const settle = (outcome: AskSettled & { envelope?: Envelope }) => {
      if (!this.isDown) this.perform(this.copies.settled(id, outcome, this.moment))
    }
    const sent = { from: this.name, to, request, isReply: false }
    net.sent.push(sent)
    const fate = net.fate(sent)
    const peer = net.nodes.get(to)
    if (fate === 'lost') return
    if (fate === 'refused' || peer === undefined || peer.isDown) {
      net.later(1, () => settle({ type: 'refused' }))
      return
    }
    net.later(fate, () => {
      if (peer.isDown) return settle({ type: 'failed' })
      peer.#serve(envelope, request, (reply) => {
        const back = net.fate({ from: to, to: this.name, request, isReply: true })
        if (typeof back === 'number') net.later(back, () => settle({ type: 'reply', ...reply }))
      })
    })
  }

  #serve(
    envelope: Envelope,
    request: PeerRequest,
    answered: (reply: Pick<Effect & { type: 'answer' }, 'envelope' | 'reply'>) => void,
  ): void {
    const requestId = ++this.#requests
    this.#replies.set(requestId, (reply) => {
      this.#replies.delete(requestId)
      answered({ envelope: reply.envelope, reply: reply.reply })
    })
    this.perform(this.copies.receive(requestId, envelope, request, this.moment))
  }
}

function memberOf(name: string, status: Status): Member {
  const urls = { client: `http://${name}`, peer: `http://${name}` }
  return { name, urls, incarnation: 1, status, zone: '', weight: 1, instance: name }
}
