/**
 * Rehearsal: before a node joins, it plays what will be asked of it the moment it has joined, with another one that exists
 * in its memory only. The code of claims, copies and repair is compiled then while nobody waits: on a busy machine a
 * cold node took more than a second to take its tokens over, and their commands waited for it.
 *
 *      a node has entries ─► it holds all tokens ─► keys are written
 *           ─► a second joins: claims, pulls, comparisons ─► keys are read, written and deleted
 *
 * With two residents and eight times the entries it took twice as long, and tokens were not taken over any sooner for it.
 * Time is made up, so a rehearsal takes as long as its computing; it ends early when that takes too long.
 */
import type { Member } from '@ringhold/sdk/membership'
import { type ByteCommand, defaultLimits } from '@ringhold/sdk/protocol'
import { Ring, seedOfFleet } from '@ringhold/sdk/ring'
import { HybridClock } from './clock/hybrid-clock.ts'
import { Copies, type Moment } from './copies/copies.ts'
import type { Effect } from './copies/effect.ts'
import type { Copy } from './copies/peer-request.ts'
import { defaultCopiesSettings } from './copies/settings.ts'
import { PeerReader } from './copies/wire/peer-reader.ts'
import { PeerWriter } from './copies/wire/peer-writer.ts'
import { newCounters } from './core/counters.ts'
import { ByteStore, bytesMaxMin } from './store/byte-store.ts'

export interface RehearsalOptions {
  /** The monotonic clock. */
  readonly now: () => number
  /** When no further part of the rehearsal is begun, in milliseconds. Default: 1,000. */
  readonly msMax?: number
}

/** Rehearsed is what came to pass. */
export interface Rehearsed {
  readonly messages: number
  /** What the newcomer took over from the others. */
  readonly entriesPulled: number
}

const names = ['first', 'second'] as const
const residents = names.slice(0, 1)
const newcomer = 'second'
const keys = 60
/** What is there before: a claim is answered with what is held of its tokens, and that is most of what it costs. */
const entries = 256
/** Virtual ticks after each change: until everything is where it belongs. */
const ticks = 8
const incarnation = 1
const fleet = { seed: seedOfFleet('rehearsal'), copies: 2 }
const nobodyWaits = { succeed: () => undefined, fail: () => undefined }

/** rehearse leaves nothing but compiled code. */
export function rehearse({ now, msMax = 1_000 }: RehearsalOptions): Rehearsed {
  const stage = new Stage()
  const parts = [
    () => stage.fill(residents),
    () => stage.show(residents),
    () => stage.command('set'),
    () => stage.show(names),
    () => stage.command('get'),
    () => stage.command('set'),
    () => stage.command('delete'),
  ]
  const endAt = now() + msMax
  for (const play of parts) if (now() < endAt) play()
  return { messages: stage.messages, entriesPulled: stage.entriesPulled }
}

interface Letter {
  readonly from: Actor
  readonly to: Actor
  readonly bytes: Uint8Array
  /** Of the request, at the one that asked. */
  readonly id: number
  readonly isReply: boolean
}

interface Actor {
  readonly name: string
  readonly copies: Copies
  readonly writer: PeerWriter
}

class Stage {
  messages = 0
  readonly #actors: readonly Actor[] = names.map(newActor)
  readonly #letters: Letter[] = []
  /** Who asked what is not answered yet. */
  readonly #askers = new Map<number, { readonly asker: Actor; readonly id: number }>()
  #requests = 0
  #moment: Moment = { now: 0, wallMs: 0 }

  /** What the newcomer took over. */
  get entriesPulled(): number {
    return this.#actors.find(({ name }) => name === newcomer)?.copies.status.pulledEntries ?? 0
  }

  /** show lets these nodes, and no others, be the fleet. */
  show(members: readonly string[]): void {
    const view = new Map(members.map((name) => [name, memberOf(name)]))
    const ring = new Ring({ ...fleet, members: [...view.values()] })
    for (const actor of this.#present(members)) {
      this.#perform(actor, actor.copies.viewChanged({ view, ring, incarnation }, this.#moment))
    }
    this.#play()
  }

  /** fill gives these nodes the same entries, as if they had brought them along. */
  fill(members: readonly string[]): void {
    const copies = Array.from({ length: entries }, (_, count) => copyOf(count))
    for (const { name, copies: core } of this.#present(members)) {
      core.receive(++this.#requests, { from: name, incarnation, clock: 0 }, { type: 'apply', copies }, this.#moment)
    }
  }

  command(type: 'get' | 'set' | 'delete'): void {
    for (let count = 0; count < keys; count++) {
      const actor = this.#actors[count % this.#actors.length] as Actor
      if (actor.copies.ring.members.length === 0) continue
      actor.copies.execute(commandOf(type, count), 'plain', this.#moment, nobodyWaits)
      this.#perform(actor, actor.copies.takeEffects())
    }
    this.#play()
  }

  #present(members: readonly string[]): Actor[] {
    return this.#actors.filter(({ name }) => members.includes(name))
  }

  #play(): void {
    for (let tick = 0; tick < ticks; tick++) {
      this.#deliver()
      const now = this.#moment.now + defaultCopiesSettings.tickIntervalMs
      this.#moment = { now, wallMs: now }
      for (const actor of this.#actors) this.#perform(actor, actor.copies.tick(this.#moment))
    }
  }

  #perform(actor: Actor, effects: readonly Effect[]): void {
    const { writer } = actor
    for (const effect of effects) {
      if (effect.type === 'ask') {
        const to = this.#actors.find(({ name }) => name === effect.to)
        if (to === undefined || !writer.request(effect, effect.request)) continue
        this.#letters.push({ from: actor, to, bytes: ownBytes(writer), id: effect.id, isReply: false })
      } else if (effect.type === 'answer') {
        const asked = this.#askers.get(effect.requestId)
        if (asked === undefined || !writer.reply({ id: asked.id, envelope: effect.envelope }, effect.reply)) continue
        this.#askers.delete(effect.requestId)
        this.#letters.push({ from: actor, to: asked.asker, bytes: ownBytes(writer), id: asked.id, isReply: true })
      }
    }
  }

  #deliver(): void {
    for (let letter = this.#letters.shift(); letter !== undefined; letter = this.#letters.shift()) {
      this.messages++
      const { from, to, bytes, id, isReply } = letter
      const reader = new PeerReader({ limits: defaultLimits, fault: 'RINGHOLD_BAD_REPLY' })
      reader.feed(bytes)
      if (!reader.next()) continue
      if (isReply) {
        this.#perform(to, to.copies.settled(id, { type: 'reply', ...reader.reply() }, this.#moment))
      } else {
        const requestId = ++this.#requests
        this.#askers.set(requestId, { asker: from, id })
        const { envelope, request } = reader.request()
        this.#perform(to, to.copies.receive(requestId, envelope, request, this.#moment))
      }
    }
  }
}

/** What was written, in no more memory than it takes: the buffers of hundreds of letters would stay with the process. */
function ownBytes(writer: PeerWriter): Uint8Array {
  const bytes = new Uint8Array(writer.bytes)
  writer.clear()
  return bytes
}

function newActor(name: string): Actor {
  const copies = new Copies({
    self: name,
    fleet,
    store: new ByteStore({ bytesMax: bytesMaxMin, secret: [1, 2], now: 0 }),
    clock: new HybridClock(name),
    limits: defaultLimits,
    counters: newCounters(),
    random: () => 0.5,
    answers: () => 'yes',
  })
  return { name, copies, writer: new PeerWriter() }
}

function memberOf(name: string): Member {
  const url = `http://${name}.invalid`
  return {
    ...{ name, urls: { client: url, peer: url }, incarnation, status: 'alive' },
    ...{ zone: '', weight: 1, instance: name },
  }
}

const encoder = new TextEncoder()

function copyOf(count: number): Copy {
  const key = encoder.encode(`before:${count}`)
  return { type: 'entry', cache: 'default', key, version: 1, value: key, contentType: 'text/plain', ttlMs: undefined }
}

function commandOf(type: 'get' | 'set' | 'delete', count: number): ByteCommand {
  const key = encoder.encode(`rehearsal:${count}`)
  const common = { cache: 'default', key }
  if (type === 'set') return { type, ...common, value: key, contentType: 'text/plain', ttlMs: undefined }
  return { type, ...common }
}
