/** The options of a command that a developer runs: benchmarks and chaos. */
import { type ParseArgsConfig, parseArgs } from 'node:util'

const usageExitCode = 2
const helpOptions = ['--help', '-h']

type Options = NonNullable<ParseArgsConfig['options']>
/** Values are what parseArgs makes of Options: those with a default are always there. */
export type Values<Chosen extends Options> = ReturnType<typeof parseArgs<{ options: Chosen }>>['values']

/** optionsOf reads the options of this process. `--help` prints its usage and ends it, an unknown option ends it with 2. */
export function optionsOf<Chosen extends Options>(usage: string, options: Chosen): Values<Chosen> {
  if (process.argv.some((argument) => helpOptions.includes(argument))) {
    process.stdout.write(`Usage: ${usage}\n`)
    process.exit(0)
  }
  try {
    return parseArgs({ options }).values
  } catch (error) {
    return giveUp(usage, error instanceof Error ? error.message : String(error))
  }
}

/** giveUp says what is wrong with how this process was called, and ends it with 2. */
export function giveUp(usage: string, complaint: string): never {
  process.stderr.write(`${complaint}\nUsage: ${usage}\n`)
  process.exit(usageExitCode)
}
