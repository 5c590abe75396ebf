/**
 * Many commands as one call: grouped by the node that owns each key, a bounded number at a time for each node, every
 * key routed, retried and failing for itself. Of several commands for one key only the last is sent, since two at once
 * could overtake each other; all of them get its result.
 */
import type { Executor } from './executor.ts'
import { type Command, type OutcomeOf, RingholdError } from './protocol/index.ts'
import type { Scope } from './scope.ts'

/** roomPauseMs is how long a multi-key call waits when the client has no room for more calls. */
const roomPauseMs = 10

export interface ManyOptions<C extends Command, R> {
  readonly executor: Executor
  readonly scope: Scope
  /** Groups the keys: the name of the owner. */
  readonly ownerOf: (key: string) => string | undefined
  /** Most commands at a time for each owner. */
  readonly perOwner: number
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
  const { ownerOf, perOwner, scope } = options
  const lastOfKey = new Map(commands.map((command) => [command.key, command]))
  const queues = new Map<string | undefined, C[]>()
  for (const command of lastOfKey.values()) {
    const owner = ownerOf(command.key)
    const queue = queues.get(owner)
    if (queue) queue.push(command)
    else queues.set(owner, [command])
  }
  const results = new Map<string, R>()
  const failures = new Map<string, RingholdError>()
  const work = async (pending: Iterator<C>) => {
    for (let next = pending.next(); !next.done; next = pending.next()) {
      try {
        results.set(next.value.key, options.read(await withRoom(next.value, options)))
      } catch (error) {
        if (!(error instanceof RingholdError)) throw error
        if (scope.interruption?.type === 'closed') throw error
        failures.set(next.value.key, error)
      }
    }
  }
  const workers: Promise<void>[] = []
  for (const queue of queues.values()) {
    const pending = queue.values()
    for (let count = Math.min(perOwner, queue.length); count > 0; count--) workers.push(work(pending))
  }
  await Promise.all(workers)
  return { values: commands.map(({ key }) => results.get(key)), failures }
}

/** Many keys are to be patient with each other: where the client is full they wait, until the scope is over. */
async function withRoom<C extends Command, R>(command: C, options: ManyOptions<C, R>): Promise<OutcomeOf<C>> {
  const { executor, scope } = options
  for (;;) {
    try {
      return await executor.execute(command, scope)
    } catch (error) {
      const isFull = error instanceof RingholdError && error.code === 'RINGHOLD_QUEUE_FULL'
      if (!isFull || scope.interruption) throw error
      await scope.pause(performance.now() + roomPauseMs)
    }
  }
}
