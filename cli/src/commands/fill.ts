/** `ringhold fill`: many entries through the SDK, as an application would write them. */
import { checkCacheName, checkKey, checkTtlMs, defaultLimits } from '@ringhold/sdk/protocol'
import { SingleBar } from 'cli-progress'
import type { Command } from 'commander'
import { wholeNumber } from '../arguments.ts'
import type { Context, Shell } from '../context.ts'
import { exitCodes } from '../exit-code.ts'
import { type FillPlan, fill, keyOf } from '../fleet/fill-run.ts'
import { withCache } from '../fleet/with-cache.ts'
import { examples } from '../output/examples.ts'
import { countText, plural, secondsText } from '../output/figures.ts'
import type { Report } from '../output/report.ts'

interface FillOptions extends Omit<FillPlan, 'entries'> {
  readonly cache: string
  readonly ttlMs?: number
}

const entriesMax = 100_000_000
const concurrencyMax = 10_000

export function addFill(program: Command, shell: Shell): void {
  program
    .command('fill')
    .summary('store many entries through the SDK')
    .description(
      'Stores the entries <prefix>1 to <prefix>N, the same ones every time. Counts failures and exits with 1 if there were any.',
    )
    .argument('<count>', 'how many entries', wholeNumber(1, entriesMax))
    .option('--cache <name>', 'the cache', 'default')
    .option('--value-bytes <count>', 'size of each value', wholeNumber(0, defaultLimits.valueBytesMax), 100)
    .option('--prefix <text>', 'what the keys begin with', 'key:')
    .option('--concurrency <count>', 'writes under way at once', wholeNumber(1, concurrencyMax), 64)
    .option('--ttl-ms <ms>', 'milliseconds to live (default: for ever)', Number)
    .addHelpText(
      'before',
      examples('ringhold fill 5000', 'ringhold fill 100000 --cache load --value-bytes 1000 --ttl-ms 60000'),
    )
    .action((entries: number, options: FillOptions, command: Command) =>
      shell.run(command, (context) => fillFleet(context, { entries, ...options })),
    )
}

/** fillFleet connects, writes and counts. */
export async function fillFleet(context: Context, plan: FillPlan & FillOptions): Promise<Report> {
  const { cache, ttlMs, entries } = plan
  checkCacheName(cache)
  checkKey(keyOf(plan, entries))
  if (ttlMs !== undefined) checkTtlMs(ttlMs)
  const options = ttlMs === undefined ? {} : { ttlMs }
  const bar = progressBar(context, entries)
  const startedAt = performance.now()
  const result = await withCache(context, cache, (target) =>
    fill(plan, {
      set: (key, value) => target.set(key, value, options),
      onProgress: (done) => bar?.update(done),
    }),
  ).finally(() => bar?.stop())
  const ms = Math.max(1, Math.round(performance.now() - startedAt))
  const perSecond = Math.round((entries * 1000) / ms)
  return {
    document: { cache, entries, ...result, ms, perSecond },
    text: `${plural(result.stored, 'entry', 'entries')} stored in ${cache} in ${secondsText(ms)} (${countText(perSecond)}/s), ${countText(result.failed)} failed`,
    ...(result.failed > 0 && { note: failuresText(result.failures), exitCode: exitCodes.failure }),
  }
}

/** The bar is for people who wait: on stderr, and only where that is a terminal. */
function progressBar({ format, terminal }: Context, total: number): SingleBar | undefined {
  const { stderr } = terminal
  if (format === 'json' || !('isTTY' in stderr) || stderr.isTTY !== true) return undefined
  const bar = new SingleBar({
    format: '{bar} {value}/{total}',
    stream: stderr as NodeJS.WriteStream,
    clearOnComplete: true,
  })
  bar.start(total, 0)
  return bar
}

function failuresText(failures: Readonly<Record<string, number>>): string {
  return Object.entries(failures)
    .map(([code, count]) => `${code}: ${countText(count)}`)
    .join('\n')
}
