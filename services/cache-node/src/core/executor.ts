/**
 * The one entrance of faces: execute(command, origin) → outcome. REST, streams and whatever comes later are thin faces
 * on it. It checks the command and hands it to Copies, which knows who executes it (copies/routing.ts).
 *
 * Reads, and writes that wait for nobody, are answered in the call; a promise is made only where the answer comes later.
 */
import {
  type ByteCommand,
  type FrameKey,
  KeysAhead,
  type Limits,
  type Outcome,
  type PlainSet,
  type RingholdError,
} from '@ringhold/sdk/protocol'
import { type Copies, HIT_IN_SINK, type Moment } from '../copies/copies.ts'
import type { Store } from '../store/store.ts'
import { CommandCheck } from './command-check.ts'
import type { Origin } from './decide.ts'
import type { Done, Executed } from './executed.ts'
import type { HitSink } from './hit-sink.ts'

export type { Executed } from './executed.ts'

/** Surroundings is what the executor needs of the node around it. */
export interface Surroundings {
  readonly copies: Copies
  readonly store: Store
  readonly limits: Limits
  /** Milliseconds on the monotonic clock. */
  readonly now: () => number
  /** Milliseconds since 1970 on the wall clock. */
  readonly wallMs: () => number
  /** Called when there are effects to take from the copies: at the end of the turn is early enough, and cheaper. */
  readonly onEffects: () => void
}

/** Ahead is what prepares for commands that are about to come to execute. */
export interface Ahead {
  /** Where whoever has several commands finds their keys first. */
  readonly keysAhead: KeysAhead
  /** prepare does for the keys that were found what can be done for all of them at a time: a hint, see Store.expect. */
  prepare(): void
}

/** The wall clock is read again after so long: versions count in milliseconds, and asking it takes longer than a look-up. */
const wallReadEveryMs = 1

export class Executor implements Ahead {
  readonly keysAhead = new KeysAhead()
  readonly #around: Surroundings
  readonly #check: CommandCheck
  readonly #moment: { now: number; wallMs: number } & Moment = { now: 0, wallMs: 0 }
  #wallReadAt = Number.NEGATIVE_INFINITY
  /** For the next command whose outcome is not known at once. */
  #later = new Later()

  constructor(around: Surroundings) {
    this.#around = around
    this.#check = new CommandCheck(around.limits)
  }

  /**
   * execute runs a command here or where it belongs. Throws, or rejects with, a RingholdError. With a sink, a hit of this
   * node goes there before it returns, and it returns undefined; everything else is returned as without one. `heardAt` is
   * when the command was in this process at the latest, in milliseconds on the monotonic clock. Default: now.
   */
  execute(command: ByteCommand, origin: Origin): Executed | Promise<Executed>
  execute(
    command: ByteCommand,
    origin: Origin,
    sink: HitSink,
    heardAt?: number,
  ): Executed | Promise<Executed> | undefined
  execute(
    command: ByteCommand,
    origin: Origin,
    sink?: HitSink,
    heardAt?: number,
  ): Executed | Promise<Executed> | undefined {
    this.#check.check(command)
    const { copies, onEffects } = this.#around
    this.#look(command.type === 'get' ? heardAt : undefined)
    const executed = copies.execute(command, origin, this.#moment, this.#later, sink)
    if (copies.hasEffects) onEffects()
    if (executed === HIT_IN_SINK) return undefined
    if (executed !== undefined) return executed
    const later = this.#later
    this.#later = new Later()
    return later.outcome()
  }

  /**
   * get is execute for a get of this node's own: straight from where the key was received, and with nothing left behind. A
   * hit goes to the sink. Undefined: the command needs a decision, or is not in order; then it is one for execute.
   */
  get(key: FrameKey, sink: HitSink, heardAt: number): Outcome | typeof HIT_IN_SINK | undefined {
    if (!this.#check.isInOrder(key)) return undefined
    this.#look(heardAt)
    return this.#around.copies.get(key, this.#moment, sink)
  }

  /** set is the same for a set, where no other node is to hold it and nothing waits. */
  set(key: FrameKey, set: PlainSet): Outcome | undefined {
    if (!this.#check.isInOrder(key) || !this.#check.isSetInOrder(set)) return undefined
    this.#look()
    return this.#around.copies.set(key, set, this.#moment)
  }

  prepare(): void {
    const { copies, store } = this.#around
    const { ring } = copies
    const { keys, frames } = this.keysAhead
    for (let at = 0; at < frames; at++) {
      const key = keys[at] as FrameKey
      if (key.to === 0) continue
      key.token = ring.tokenOfRange(key)
      store.expect(key.token, key, key.isWrite)
    }
    store.prefetch()
  }

  /**
   * A get may be answered as of when it was heard, for it was under way by then: of many that came together one look at the
   * clock is enough, and they take a tenth less. Whatever changes something is stamped and fenced as of now: the process may
   * have been stopped between two commands.
   */
  #look(heardAt?: number): void {
    const { now, wallMs } = this.#around
    const moment = this.#moment
    moment.now = heardAt === undefined ? now() : Math.max(heardAt, moment.now)
    if (moment.now - this.#wallReadAt < wallReadEveryMs) return
    this.#wallReadAt = moment.now
    moment.wallMs = wallMs()
  }
}

/** Later makes a promise of an outcome, once somebody wants it: before it is told, since that happens in a later turn. */
class Later implements Done {
  #resolve: (executed: Executed) => void = () => {}
  #reject: (error: RingholdError) => void = () => {}

  outcome(): Promise<Executed> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  succeed(executed: Executed): void {
    this.#resolve(executed)
  }

  fail(error: RingholdError): void {
    this.#reject(error)
  }
}
