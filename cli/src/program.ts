/** The command line as a whole: global options, commands, and what becomes of usage errors. */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { wholeNumber } from './arguments.ts'
import { addDel } from './commands/del.ts'
import { addFill } from './commands/fill.ts'
import { addGet } from './commands/get.ts'
import { addKill, addStop } from './commands/kill.ts'
import { addMembers } from './commands/members.ts'
import { addOwner } from './commands/owner.ts'
import { addRing } from './commands/ring.ts'
import { addSet } from './commands/set.ts'
import { addAdd, addStart } from './commands/start.ts'
import { addStats } from './commands/stats.ts'
import { addUp } from './commands/up.ts'
import { requestTimeoutMs, Shell, settleTimeoutMs } from './context.ts'
import { type ExitCode, exitCodeOf, exitCodes } from './exit-code.ts'
import { defaultSeed } from './fleet/seeds.ts'
import { examples } from './output/examples.ts'
import { errorLine, type Terminal } from './output/report.ts'

const timeoutMsMax = 3_600_000

const localCommands = [addUp, addAdd, addKill, addStart, addStop]
const fleetCommands = [addMembers, addStats, addRing, addOwner, addFill]
const keyCommands = [addGet, addSet, addDel]

/** run performs a command line (without the first two words of process.argv) and returns the exit code. It never rejects. */
export async function run(words: readonly string[], terminal: Terminal, env: NodeJS.ProcessEnv): Promise<ExitCode> {
  const shell = new Shell(terminal, env)
  try {
    await programFor(shell, terminal).parseAsync(words, { from: 'user' })
    return shell.exitCode
  } catch (error) {
    if (error instanceof CommanderError) return usageCodeOf(error, terminal)
    terminal.stderr.write(errorLine(error))
    return exitCodeOf(error)
  }
}

function programFor(shell: Shell, terminal: Terminal): Command {
  const program = new Command('ringhold')
    .description(
      'Ringhold, a distributed in-memory cache: start a fleet, fill it, watch it, kill its nodes and grow it.',
    )
    .version(versionText(), '-V, --version')
    .option('--json', 'one JSON document on stdout; a line for each event where the command goes on')
    .option('--seeds <urls>', `nodes to ask, with commas (default: $RINGHOLD_NODES, the local fleet, ${defaultSeed})`)
    .option(
      '--timeout-ms <ms>',
      `longest wait for a node (${requestTimeoutMs}), or for the fleet to notice (${settleTimeoutMs})`,
      wholeNumber(1, timeoutMsMax),
    )
    .addHelpText('before', examples('ringhold up', 'ringhold fill 5000', 'ringhold stats', 'ringhold kill node-2'))
    .addHelpText('after', notes)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      // Usage errors are shown by `run`, in the form of all other errors.
      outputError: () => undefined,
    })
    .exitOverride()
  addGroup(program, 'Local fleet:', localCommands, shell)
  addGroup(program, 'Fleet:', fleetCommands, shell)
  addGroup(program, 'Keys:', keyCommands, shell)
  return program
}

type AddCommand = (program: Command, shell: Shell) => void

function addGroup(program: Command, heading: string, commands: readonly AddCommand[], shell: Shell): void {
  program.commandsGroup(heading)
  for (const add of commands) add(program, shell)
}

function usageCodeOf(error: CommanderError, terminal: Terminal): ExitCode {
  if (error.exitCode === 0) return exitCodes.ok
  // Without a command the help has been shown on stderr, which says it all.
  if (error.code === 'commander.help') return exitCodes.usage
  const detail = error.message
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ')
    .replace(/\.$/, '')
  terminal.stderr.write(`ringhold: RINGHOLD_BAD_OPTION: ${detail}. ringhold --help lists commands and options.\n`)
  return exitCodes.usage
}

function versionText(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
  return manifest.version
}

const notes = `
Exit codes:
  ${exitCodes.ok}  done
  ${exitCodes.failure}  failed
  ${exitCodes.usage}  wrong command line or environment; nothing was done
  ${exitCodes.keyNotFound}  the key is not in the cache
  ${exitCodes.degraded}  the fleet is not whole: a member is dead or unreachable, or not all nodes agree

Environment:
  RINGHOLD_NODES      nodes to ask, with commas
  RINGHOLD_STATE_DIR  folder of the local fleet's state (default: ringhold-<uid> in the folder for temporary files)
  NO_COLOR            no colours; they are off anyway where the output is no terminal

Data goes to stdout, messages go to stderr.`
