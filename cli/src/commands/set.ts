/** `ringhold set`: stores an argument as text, or stdin as bytes. */
import {
  checkCacheName,
  checkKey,
  checkTtlMs,
  defaultContentType,
  defaultLimits,
  RingholdError,
} from '@ringhold/sdk/protocol'
import type { Command } from 'commander'
import type { Context, Shell } from '../context.ts'
import { withCache } from '../fleet/with-cache.ts'
import { examples } from '../output/examples.ts'
import type { Report } from '../output/report.ts'

interface SetOptions {
  readonly cache: string
  readonly ttlMs?: number
  readonly contentType?: string
}

/** Content type of values that are given as an argument. */
const textType = 'text/plain; charset=utf-8'

export function addSet(program: Command, shell: Shell): void {
  program
    .command('set')
    .summary('store a value')
    .description('Stores a value: the text of the argument, or with - the bytes of stdin.')
    .argument('<key>')
    .argument('<value>', 'text, or - for stdin')
    .option('--cache <name>', 'the cache', 'default')
    .option('--ttl-ms <ms>', 'milliseconds to live (default: for ever)', Number)
    .option('--content-type <type>', `content type (default: ${textType}, for stdin ${defaultContentType})`)
    .addHelpText(
      'before',
      examples(
        'ringhold set greeting Hello',
        `ringhold set user:42 '{"name":"Ada"}' --content-type application/json --ttl-ms 60000`,
        'ringhold set logo - --cache images --content-type image/png < logo.png',
      ),
    )
    .action((key: string, value: string, options: SetOptions, command: Command) =>
      shell.run(command, (context) => setValue(context, { key, value, ...options })),
    )
}

/** setValue writes one key to its owner. */
export async function setValue(context: Context, wish: SetOptions & { key: string; value: string }): Promise<Report> {
  const { key, cache, ttlMs } = wish
  checkKey(key)
  checkCacheName(cache)
  if (ttlMs !== undefined) checkTtlMs(ttlMs)
  const value = wish.value === '-' ? await readStdin() : Buffer.from(wish.value)
  const contentType = wish.contentType ?? (wish.value === '-' ? defaultContentType : textType)
  const options = ttlMs === undefined ? { contentType } : { contentType, ttlMs }
  const result = await withCache(context, cache, (target) => target.set(key, value, options))
  return {
    document: { cache, key, bytes: value.length, contentType, ttlMs, ...result },
    note: `${result.stored && result.created ? 'created' : 'replaced'}: ${JSON.stringify(key)} in ${cache}, ${value.length} bytes`,
  }
}

/** Nothing larger than a value is kept in memory: what comes after its limit is not read. */
async function readStdin(): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > stdinBytesMax) {
      throw new RingholdError('RINGHOLD_VALUE_TOO_LARGE', { detail: `stdin has more than ${stdinBytesMax} bytes` })
    }
  }
  return Buffer.concat(chunks)
}

/** Nodes may be set to take larger values than by default; they decide, this only bounds the memory of the command. */
const stdinBytesMax = 64 * defaultLimits.valueBytesMax
