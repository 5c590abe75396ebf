/** An operation as a client saw it: what was asked, when, and what came back. Times are milliseconds on the monotonic clock. */
import { Ringhold, RingholdError } from '@ringhold/sdk'

export interface Operation {
  readonly kind: 'set' | 'get' | 'delete'
  readonly key: string
  /** When it should have begun by the schedule, when it began, and when it ended. */
  readonly dueMs: number
  readonly beganMs: number
  readonly endedMs: number
  /** 'failed': it was not executed. 'unknown': nobody knows whether it was. */
  readonly result: 'done' | 'failed' | 'unknown'
  /** The value that was written, or read; undefined: a miss, or a delete. */
  readonly value: string | undefined
  readonly version: number | undefined
  /** How many nodes confirmed a write. */
  readonly copies: number | undefined
  /** Code of the error of what was not done, and what it says: the node that was asked, and why it did not answer. */
  readonly code: string | undefined
  readonly detail?: string | undefined
}

interface Seen {
  readonly value: string | undefined
  readonly version?: number | undefined
  readonly copies?: number | undefined
}

interface Trouble {
  readonly code: string
  readonly detail?: string | undefined
}

/** Client performs operations and keeps what came of them. */
export class Client {
  readonly sdk: Ringhold
  readonly operations: Operation[] = []

  constructor(sdk: Ringhold) {
    this.sdk = sdk
  }

  static async connect(nodes: readonly string[], options: Omit<Parameters<typeof Ringhold.connect>[0], 'nodes'> = {}) {
    const sdk = await Ringhold.connect({ nodes: [...nodes], inFlightMax: 100_000, ...options })
    sdk.on('error', () => undefined)
    return new Client(sdk)
  }

  set(key: string, value: string, dueMs = performance.now()): Promise<Operation> {
    return this.#perform({ kind: 'set', key, dueMs }, value, async () => {
      const result = await this.sdk.set(key, value)
      return { value, version: result.version, copies: result.stored ? result.copies : 0 }
    })
  }

  get(key: string, dueMs = performance.now()): Promise<Operation> {
    return this.#perform({ kind: 'get', key, dueMs }, undefined, async () => {
      const entry = await this.sdk.getEntry<string>(key)
      return { value: entry?.value, version: entry?.version }
    })
  }

  delete(key: string, dueMs = performance.now()): Promise<Operation> {
    return this.#perform({ kind: 'delete', key, dueMs }, undefined, async () => {
      await this.sdk.delete(key)
      return { value: undefined }
    })
  }

  async close(): Promise<void> {
    await this.sdk.destroy()
  }

  async #perform(
    about: Pick<Operation, 'kind' | 'key' | 'dueMs'>,
    written: string | undefined,
    run: () => Promise<Seen>,
  ): Promise<Operation> {
    const beganMs = performance.now()
    const ended = (result: Operation['result'], { value, version, copies }: Seen, error?: Trouble) => {
      const endedMs = performance.now()
      const { code, detail } = error ?? {}
      const operation = { ...about, beganMs, endedMs, result, value, version, copies, code, detail }
      this.operations.push(operation)
      return operation
    }
    try {
      return ended('done', await run())
    } catch (error) {
      const executed = error instanceof RingholdError ? error.executed : 'unknown'
      return ended(executed === 'no' ? 'failed' : 'unknown', { value: written }, troubleOf(error))
    }
  }
}

function troubleOf(error: unknown): Trouble {
  if (!(error instanceof RingholdError)) return { code: String(error) }
  return { code: error.code, detail: error.facts.detail }
}
