/**
 * Many commands as one call: each goes straight to the owner of its key, and as all are sent in one turn of the event
 * loop, the commands for one node leave in one write. One promise for all of them; every key is routed, retried and
 * failing for itself. Of several writes to one key only the last is sent, since two at once could overtake each other;
 * all of them get its result.
 *
 * What lives as long as a call is made by constructors and by map(), not by literals or `new Array()`. Those V8 takes note
 * of: where most of the first calls are under way as the young collector comes, it makes these objects in the old space from
 * then on, and all that they refer to follows them there. One process in five took twice the time for its calls, as long
 * as it lived.
 */
import type { Errand } from './errand.ts'
import type { Executor } from './executor.ts'
import type { Peer } from './fleet.ts'
import type { Carrier, Unanswered } from './lane/attempt.ts'
import { type Command, type Outcome, type OutcomeOf, RingholdError } from './protocol/index.ts'
import type { Routes } from './router.ts'
import type { Interruption, Scope } from './scope.ts'

/** roomPauseMs is how long a multi-key call waits when others fill the client. */
const roomPauseMs = 10

export interface ManyOptions<C extends Command, R> {
  readonly executor: Executor
  readonly scope: Scope
  /** Turns an outcome into what the caller gets; what it throws is the failure of the key. */
  readonly read: (outcome: OutcomeOf<C>) => R
}

/** ManyResult is what became of each key. Order and length of `values` are those of the commands. */
export interface ManyResult<R> {
  readonly values: (R | undefined)[]
  readonly failures: Map<string, RingholdError>
}

/** executeMany runs commands. Rejects only where the whole call is over: aborted or closed. */
export async function executeMany<C extends Command, R>(
  commands: readonly C[],
  options: ManyOptions<C, R>,
): Promise<ManyResult<R>> {
  const sent = commands[0]?.type === 'get' ? commands : lastOfEachKey(commands)
  const many = new Many(sent, options)
  await many.run()
  const { values, failures } = many
  if (sent.length === commands.length) return { values, failures }
  const valueOfKey = new Map(sent.map(({ key }, index) => [key, values[index]]))
  return { values: commands.map(({ key }) => valueOfKey.get(key)), failures }
}

function lastOfEachKey<C extends Command>(commands: readonly C[]): readonly C[] {
  const last = new Map(commands.map((command) => [command.key, command]))
  return last.size === commands.length ? commands : [...last.values()]
}

class Many<C extends Command, R> {
  readonly failures = new Map<string, RingholdError>()
  readonly #parts: readonly Part<C, R>[]
  readonly #executor: Executor
  readonly #scope: Scope
  readonly #read: (outcome: OutcomeOf<C>) => R
  #underWay = 0
  #next = 0
  #left: number
  #isPumping = false
  #isOver = false
  #resolve: () => void = () => {}
  #reject: (reason: unknown) => void = () => {}

  constructor(commands: readonly C[], { executor, scope, read }: ManyOptions<C, R>) {
    this.#executor = executor
    this.#scope = scope
    this.#read = read
    this.#parts = commands.map((command) => new Part(command, this))
    this.#left = commands.length
  }

  /** values are those of the commands, in their order; undefined where one failed. */
  get values(): (R | undefined)[] {
    return this.#parts.map(({ value }) => value)
  }

  async run(): Promise<void> {
    const scope = this.#scope
    const onInterrupt = () => this.#interrupt()
    if (!scope.interruption) scope.enter(onInterrupt)
    const done = new Promise<void>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    if (scope.interruption) this.#interrupt()
    else void this.#pump()
    await done
    scope.leave(onInterrupt)
  }

  succeeded(part: Part<C, R>, outcome: Outcome): void {
    this.#executor.succeeded(part.peer as Peer)
    this.#settle(part, outcome)
  }

  failed(part: Part<C, R>, failure: Unanswered): void {
    this.#goOn(part, this.#executor.finish(part, failure, this.#scope))
  }

  /** Sends what there is room for. Where there is none, the end of a part brings it here again, or time does. */
  async #pump(): Promise<void> {
    if (this.#isPumping) return
    this.#isPumping = true
    const begunMs = performance.now()
    while (this.#next < this.#parts.length && !this.#isOver) {
      const part = this.#parts[this.#next] as Part<C, R>
      if (this.#executor.hasRoomFor(part.command)) this.#start(part, begunMs)
      else if (this.#underWay > 0) break
      else await this.#scope.pause(roomPauseMs)
    }
    this.#isPumping = false
    if (this.#left === 0) this.#resolve()
  }

  #start(part: Part<C, R>, begunMs: number): void {
    const executor = this.#executor
    part.begunMs = begunMs
    executor.admit(part)
    this.#next++
    this.#underWay++
    if (!executor.send(part)) this.#goOn(part, executor.execute(part.command, this.#scope))
  }

  #goOn(part: Part<C, R>, outcome: Promise<Outcome>): void {
    part.isOnItsWay = true
    outcome.then(
      (value) => this.#settle(part, value),
      (error: unknown) => this.#settleFailed(part, error),
    )
  }

  #settle(part: Part<C, R>, outcome: Outcome): void {
    try {
      part.value = this.#read(outcome as OutcomeOf<C>)
    } catch (error) {
      this.#fail(part.command, error)
    }
    this.#ended(part)
  }

  #settleFailed(part: Part<C, R>, error: unknown): void {
    this.#fail(part.command, error)
    this.#ended(part)
  }

  #fail({ key }: C, error: unknown): void {
    this.#executor.counters.failures++
    if (error instanceof RingholdError && this.#scope.interruption?.type !== 'closed') {
      this.failures.set(key, error)
      return
    }
    this.#isOver = true
    this.#reject(error)
  }

  #ended(part: Part<C, R>): void {
    part.isOver = true
    this.#underWay--
    this.#executor.release(part)
    this.#left--
    if (this.#isPumping) return
    if (this.#left === 0) this.#resolve()
    else if (this.#next < this.#parts.length && !this.#isOver) void this.#pump()
  }

  /** The scope is over: what waits for its first answer ends here, what is being sent again by itself. */
  #interrupt(): void {
    const executor = this.#executor
    const interruption = this.#scope.interruption as Interruption
    for (const part of this.#parts.slice(0, this.#next)) {
      if (!part.isOver && !part.isOnItsWay) this.#settleFailed(part, executor.expired(part, interruption))
    }
    for (const { command } of this.#parts.slice(this.#next)) {
      this.#fail(command, executor.interrupted(interruption, { isSent: false }))
      this.#left--
    }
    this.#next = this.#parts.length
    if (this.#left === 0) this.#resolve()
  }
}

/** A part has no deadline of its own: that of the whole call is its. */
class Part<C extends Command, R> implements Errand<C> {
  readonly command: C
  readonly isDirect = true
  id = 0
  isCancelled = false
  carrier: Carrier | undefined = undefined
  bytes = 0
  peer: Peer | undefined = undefined
  routes: Routes | undefined = undefined
  begunMs = 0
  value: R | undefined = undefined
  isOver = false
  /** Whether it is sent again where its first attempt failed: it ends by itself then. */
  isOnItsWay = false
  readonly #many: Many<C, R>

  constructor(command: C, many: Many<C, R>) {
    this.command = command
    this.#many = many
  }

  succeed(outcome: Outcome): void {
    this.#many.succeeded(this, outcome)
  }

  fail(failure: Unanswered): void {
    this.#many.failed(this, failure)
  }
}
