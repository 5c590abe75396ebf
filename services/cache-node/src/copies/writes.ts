/**
 * Writes: replicate, apply, acknowledge.
 *
 *      condition ─► version ─► to the other owners ──► the first holds it: apply here ──► all answered: acknowledge
 *
 * So nobody ever reads a value that one crash could erase, as long as another owner is there. Without one it is applied
 * and acknowledged at once. Unconditional writes of a key overtake each other as they like, the higher version wins;
 * a conditional one waits until no write of its key is in flight, and those that come after it wait behind it.
 *
 * Whether two keys are one is judged by 16 bits of a hash: keys that share them wait for each other, which is harmless.
 */
import {
  ackOf,
  type ByteCommand,
  type Outcome,
  type PlainSet,
  RingholdError,
  type Version,
} from '@ringhold/sdk/protocol'
import { hash32Bytes } from '@ringhold/sdk/ring'
import { holds } from '../core/condition.ts'
import type { Counters } from '../core/counters.ts'
import type { Answers } from '../core/decide.ts'
import type { Done, Executed } from '../core/executed.ts'
import { type KeyRange, rangeOf } from '../store/key-range.ts'
import type { Change, Place, Reading, Written } from '../store/store.ts'
import { copyOf } from './copy.ts'
import type { Core } from './core.ts'
import type { Errand } from './errand.ts'
import { ownedCommand } from './owned-command.ts'
import type { Evictions } from './parts.ts'
import type { Replicas } from './replicas.ts'
import type { Tenure } from './tenure.ts'
import type { ValueMemory } from './value-memory.ts'
import { Write, type WriteOutcome } from './write.ts'

export type WriteCommand = Exclude<ByteCommand, { type: 'get' }>

const slots = 65_536
/** Any seed but the ring's, so that the keys of a token spread over all slots. */
const slotSeed = 0x5107
const retryAfterMs = 1_000
const accepted: Outcome = { type: 'accepted' }
const absent: Outcome = { type: 'absent' }

/** Begun is a write that begins. */
export interface Begun {
  readonly command: WriteCommand
  readonly token: number
  readonly done: Done
  /** Whether the bytes of the command are good only until begin() returns. Default: false. */
  readonly isBorrowed?: boolean
}

export interface WritesOptions {
  readonly core: Core
  readonly tenure: Tenure
  readonly replicas: Replicas
  readonly evictions: Pick<Evictions, 'overwrote' | 'hasListeners'>
  readonly counters: Counters
  readonly answers: (now: number) => Answers
  readonly memory: ValueMemory
  /** Called when an errand that was queued behind a write may go on. */
  readonly resume: (errand: Errand) => void
}

export class Writes {
  readonly #options: WritesOptions
  readonly #core: Core
  /** Writes in flight, by slot. */
  readonly #inFlight = new Uint32Array(slots)
  readonly #queues = new Map<number, Errand[]>()
  /** The last write applied while others of its slot are in flight: they must not follow it when it is evicted meanwhile. */
  readonly #applied = new Map<number, Write>()
  readonly #presence: Reading = newPresence()
  #size = 0

  constructor(options: WritesOptions) {
    this.#options = options
    this.#core = options.core
  }

  /** Whether a command must wait for a write of its key in flight. */
  mustWait({ key, condition }: WriteCommand): boolean {
    if (condition === undefined && this.#queues.size === 0) return false
    const slot = slotOf(key)
    return this.#queues.has(slot) || (condition !== undefined && (this.#inFlight[slot] as number) > 0)
  }

  /** queue keeps an errand until the writes of its key in flight are done. */
  queue(errand: Errand): void {
    const slot = slotOf(errand.command.key)
    const queue = this.#queues.get(slot)
    if (queue === undefined) this.#queues.set(slot, [errand])
    else queue.push(errand)
  }

  /** begin returns the outcome where nothing is waited for; undefined: `done` is told. Throws what refuses the write. */
  begin({ command: asked, token, done, isBorrowed = false }: Begun): Executed | undefined {
    const { replicas, memory } = this.#options
    const others = replicas.of(token)
    if (asked.condition !== undefined) {
      const failed = this.#judge(asked, { token, cache: asked.cache, key: asked.key })
      if (failed !== undefined) return this.#executed(failed)
    }
    if (others.length === 0 && this.#size === 0) return this.#executed(this.#alone(asked, token))
    if (others.length > 0) this.#admit()
    // While others are in flight, a write is remembered that waits for nobody itself.
    const command = isBorrowed ? ownedCommand(asked, memory) : asked
    const write = this.#newWrite(command, token, isBorrowed)
    if (others.length > 0) this.#send(write, others)
    if (write.waits === 0) {
      const outcome = this.#acked(write, command)
      if (others.length === 0) this.#options.evictions.overwrote(write.place, write.change.version)
      return this.#executed(outcome)
    }
    this.#begun(write)
    const ack = ackOf(command)
    if (ack === 'all') write.done = done
    if (ack === 'none') return this.#executed(accepted)
    return ack === 'one' ? this.#executed(this.#apply(write)) : undefined
  }

  /**
   * setAlone is begin for what most writes of a fleet with one copy are: a set that no other node is to hold or hear of, while
   * none is in flight. Undefined: it is none of these, and nothing has happened.
   */
  setAlone(token: number, key: KeyRange, { value, contentType, ttlMs }: PlainSet): Outcome | undefined {
    const { replicas, evictions } = this.#options
    const { store, clock, now, wallMs } = this.#core
    if (this.#size > 0 || this.#core.mayBeOutrun) return undefined
    if (evictions.hasListeners || replicas.of(token).length > 0) return undefined
    const expiresAt = ttlMs === undefined ? undefined : now + ttlMs
    const entry = { value, contentType, version: clock.next(wallMs), expiresAt }
    return this.#stored(store.supersede(token, key, entry, now), entry)
  }

  /** A write that no other node is to hold, while none is in flight: nothing about it has to be remembered. */
  #alone(command: WriteCommand, token: number): Outcome {
    const place = { token, cache: command.cache, key: command.key }
    const change = this.#change(command, place)
    const outcome = change.type === 'entry' ? this.#put(place, change) : this.#bury(place, change)
    this.#options.evictions.overwrote(place, change.version)
    return ackOf(command) === 'none' ? accepted : outcome
  }

  /** An outcome that says why the command is not executed; undefined: it is. RFC 9110 §13.2.1 lets the 404 of a delete go first. */
  #judge({ type, condition }: WriteCommand, place: Place): Outcome | undefined {
    const present = this.#present(place)
    if (type === 'delete' && present === undefined) return absent
    if (condition === undefined || holds(condition, present)) return undefined
    return { type: 'condition-failed', version: present }
  }

  /** The version of the entry that a place has; undefined: none, or a tombstone. */
  #present(place: Place): number | undefined {
    const { store, now } = this.#core
    const found = store.readInto(place.token, rangeOf(place), now, this.#presence)
    return found === 'hit' ? this.#presence.version : undefined
  }

  #newWrite(command: WriteCommand, token: number, isOwned: boolean): Write {
    const place = { token, cache: command.cache, key: command.key }
    const change = this.#change(command, place)
    const lent = isOwned && command.type === 'set' ? command.value : undefined
    return new Write({ place, change, epoch: this.#options.tenure.epoch, settled: this.#settled, lent })
  }

  #change(command: WriteCommand, place: Place): Change {
    const { now, settings } = this.#core
    const version = this.#core.nextVersion(place)
    if (command.type === 'delete') return { type: 'tombstone', version, keptUntil: now + settings.tombstoneGraceMs }
    const { value, contentType, ttlMs } = command
    const expiresAt = ttlMs === undefined ? undefined : now + ttlMs
    return { type: 'entry', value, contentType, version, expiresAt }
  }

  #admit(): void {
    if (this.#size < this.#core.settings.writesMax) return
    const detail = `${this.#size} writes wait for replicas already`
    throw new RingholdError('RINGHOLD_OVERLOADED', { detail, node: this.#core.self, retryAfterMs })
  }

  #send(write: Write, others: ReturnType<Replicas['of']>): void {
    const copy = copyOf(write.place, write.change, this.#core.now)
    if (copy === undefined) return
    for (const other of others) if (this.#options.replicas.send(other, copy, write)) write.waits++
  }

  #begun(write: Write): void {
    this.#size++
    write.slot = slotOf(write.place.key)
    this.#inFlight[write.slot] = (this.#inFlight[write.slot] as number) + 1
    this.#options.tenure.writeBegan(write.place.token)
  }

  /** A replica answered, or is given up. */
  readonly #settled = (write: Write, isHeld: boolean): void => {
    write.waits--
    if (isHeld) write.copies++
    try {
      if (isHeld || write.waits === 0) this.#apply(write)
    } catch (error) {
      write.error = error as RingholdError
    }
    if (write.waits > 0) return
    this.#tell(write)
    // What has fewer copies than there should be does not yet stand in for what was there before.
    if (write.copies > 1 && write.error === undefined) {
      this.#options.evictions.overwrote(write.place, write.change.version)
    }
    this.#ended(write)
  }

  #tell(write: Write): void {
    const { done, error, outcome, epoch } = write
    if (done === undefined) return
    const { tenure, answers } = this.#options
    const { self, now } = this.#core
    if (epoch !== tenure.epoch || answers(now) === 'fenced') {
      const detail = `${self} was cut off while the write was in flight`
      done.fail(new RingholdError('RINGHOLD_OWNER_TIMEOUT', { detail, node: self }))
    } else if (error !== undefined) done.fail(error)
    else {
      const acked = outcome as WriteOutcome
      acked.copies = write.copies
      done.succeed(this.#executed(acked))
    }
  }

  #ended(write: Write): void {
    const { slot, place } = write
    this.#release(write)
    this.#size--
    this.#inFlight[slot] = (this.#inFlight[slot] as number) - 1
    this.#options.tenure.writeEnded(place.token)
    if (this.#inFlight[slot] === 0) this.#applied.delete(slot)
    const queue = this.#inFlight[slot] === 0 && this.#queues.size > 0 ? this.#queues.get(slot) : undefined
    if (queue === undefined) return
    this.#queues.delete(slot)
    for (const errand of queue) this.#options.resume(errand)
  }

  #acked(write: Write, command: WriteCommand): Outcome {
    try {
      const outcome = this.#apply(write)
      return ackOf(command) === 'none' ? accepted : outcome
    } finally {
      this.#release(write)
    }
  }

  /** Every replica that was asked has its copy, or is given up, and it is applied here. */
  #release({ lent }: Write): void {
    if (lent !== undefined) this.#options.memory.release(lent)
  }

  /** Applies a write to the own store, once. */
  #apply(write: Write): WriteOutcome {
    if (write.outcome !== undefined) return write.outcome
    const { change } = write
    if (change.type === 'tombstone') write.outcome = this.#bury(write.place, change)
    else if (this.#isOvertaken(write)) write.outcome = this.#stored('stale', change)
    else write.outcome = this.#put(write.place, change)
    this.#noteApplied(write)
    return write.outcome
  }

  #noteApplied(write: Write): void {
    if (this.#size === 0) return
    const slot = slotOf(write.place.key)
    const others = (this.#inFlight[slot] as number) - (write.slot >= 0 ? 1 : 0)
    if (others > 0 && !this.#isFollowed(slot, write)) this.#applied.set(slot, write)
  }

  /** Whether a higher version of its key was applied while it was in flight. */
  #isFollowed(slot: number, { change, place }: Write): boolean {
    const last = this.#applied.get(slot)
    return last !== undefined && last.change.version > change.version && isSame(last.place, place)
  }

  /** Whether a higher version of the key was here when this write was in flight already, and is evicted since. */
  #isOvertaken(write: Write): boolean {
    return write.slot >= 0 && this.#applied.size > 0 && this.#isFollowed(write.slot, write)
  }

  #put(place: Place, entry: Change & { type: 'entry' }): WriteOutcome {
    const { store, now } = this.#core
    return this.#stored(store.supersede(place.token, rangeOf(place), entry, now), entry)
  }

  #stored(written: Written | 'stale', { version }: { readonly version: Version }): WriteOutcome {
    const type = written === 'stale' ? 'replaced' : written
    if (type === 'too-large' || type === 'full') throw refusal(type)
    this.#options.counters.sets++
    return { type, version, copies: 1 }
  }

  #bury(place: Place, tombstone: Change & { type: 'tombstone' }): WriteOutcome {
    const { store, now } = this.#core
    const type = this.#present(place) === undefined ? 'absent' : 'deleted'
    const applied = store.apply(place, tombstone, now)
    if (applied === 'too-large' || applied === 'full') throw refusal(applied)
    if (type === 'deleted') this.#options.counters.deletes++
    return { type, version: tombstone.version, copies: 1 }
  }

  #executed(outcome: Outcome): Executed {
    return { outcome, by: this.#core.self }
  }
}

function isSame(a: Place, b: Place): boolean {
  return a.cache === b.cache && a.key.length === b.key.length && a.key.every((byte, at) => byte === b.key[at])
}

function slotOf(key: Uint8Array): number {
  return hash32Bytes(key, slotSeed) & (slots - 1)
}

function refusal(why: 'too-large' | 'full'): RingholdError {
  return why === 'full'
    ? new RingholdError('RINGHOLD_OVERLOADED', { detail: 'deletes that must be kept for a while fill the memory' })
    : new RingholdError('RINGHOLD_VALUE_TOO_LARGE', { detail: 'the value is larger than the memory of the node' })
}

/** A reading that takes no value: whether an entry is there, and its version. */
function newPresence(): Reading {
  return { target: new Uint8Array(0), at: 0, length: 0, contentType: '', version: 0, expiresAt: undefined }
}
