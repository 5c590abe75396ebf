/** Execution of a command by the node that coordinates its token: reads at once, writes through their replicas. */
import type { Outcome } from '@ringhold/sdk/protocol'
import type { Counters } from '../core/counters.ts'
import type { Executed } from '../core/executed.ts'
import type { HitSink } from '../core/hit-sink.ts'
import { read, readHit } from '../core/read.ts'
import type { KeyRange } from '../store/key-range.ts'
import type { Place } from '../store/store.ts'
import type { Core } from './core.ts'
import type { Errand } from './errand.ts'
import type { Waiting } from './waiting.ts'
import type { Writes } from './writes.ts'

export interface ExecutionOptions {
  readonly core: Core
  readonly writes: Writes
  readonly waiting: Waiting
  readonly counters: Counters
}

export class Execution {
  readonly #core: Core
  readonly #writes: Writes
  readonly #waiting: Waiting
  readonly #counters: Counters

  constructor({ core, writes, waiting, counters }: ExecutionOptions) {
    this.#core = core
    this.#writes = writes
    this.#waiting = waiting
    this.#counters = counters
  }

  /** run executes an errand. Returns undefined when its caller is told later. */
  run(errand: Errand): Executed | undefined {
    const { command, token, done } = errand
    if (command.type === 'get') return this.read({ token, cache: command.cache, key: command.key })
    if (this.#writes.mustWait(command)) {
      this.#waiting.admit(errand)
      this.#writes.queue(errand)
      return undefined
    }
    this.#waiting.dismiss(errand)
    return this.#writes.begin({ command, token, done })
  }

  read(place: Place): Executed {
    const { store, now, self } = this.#core
    const outcome = read(store, place, now)
    if (outcome.type === 'hit') this.#counters.hits++
    else this.#counters.misses++
    return { outcome, by: self }
  }

  /** readInto returns undefined when the sink has the hit. */
  readInto(token: number, key: KeyRange, sink: HitSink): Outcome | undefined {
    sink.now = this.#core.now
    const outcome = readHit(this.#core.store, token, key, sink)
    if (outcome === undefined) this.#counters.hits += sink.isPutOff ? 0 : 1
    else this.#counters.misses++
    return outcome
  }
}
