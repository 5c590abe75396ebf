/** What every command is given besides its own arguments: the global options, the environment and where to write. */
import type { Command } from 'commander'
import { type ExitCode, exitCodes } from './exit-code.ts'
import { findSeeds } from './fleet/seeds.ts'
import { StateFolder } from './local-fleet/state-folder.ts'
import { present, type Report, type Terminal } from './output/report.ts'
import { type Painter, painterFor } from './output/style.ts'

/** What one request to a node may take. */
export const requestTimeoutMs = 5_000
/** How long commands wait for the fleet to notice a change, or to start: both take seconds, on a busy machine some tens of them. */
export const settleTimeoutMs = 60_000

interface GlobalOptions {
  readonly json?: boolean
  readonly seeds?: string
  readonly timeoutMs?: number
}

export class Context {
  readonly terminal: Terminal
  readonly env: NodeJS.ProcessEnv
  readonly format: 'json' | 'text'
  readonly paint: Painter
  readonly #options: GlobalOptions

  constructor(terminal: Terminal, env: NodeJS.ProcessEnv, options: GlobalOptions) {
    this.terminal = terminal
    this.env = env
    this.format = options.json === true ? 'json' : 'text'
    this.paint = painterFor(terminal.stdout)
    this.#options = options
  }

  get seeds(): string[] {
    return findSeeds(this.#options.seeds, this.env)
  }

  get stateFolder(): StateFolder {
    return new StateFolder(this.env)
  }

  get requestTimeoutMs(): number {
    return this.#options.timeoutMs ?? requestTimeoutMs
  }

  get settleTimeoutMs(): number {
    return this.#options.timeoutMs ?? settleTimeoutMs
  }
}

/** Shell runs commands: it makes their context, shows what they report and remembers the exit code. */
export class Shell {
  exitCode: ExitCode = exitCodes.ok
  readonly #terminal: Terminal
  readonly #env: NodeJS.ProcessEnv

  constructor(terminal: Terminal, env: NodeJS.ProcessEnv) {
    this.#terminal = terminal
    this.#env = env
  }

  /** run performs a command; `command` is commander's, from which the global options come. */
  async run(command: Command, perform: (context: Context) => Promise<Report>): Promise<void> {
    const context = new Context(this.#terminal, this.#env, command.optsWithGlobals())
    this.exitCode = present(this.#terminal, await perform(context), context.format)
  }
}
