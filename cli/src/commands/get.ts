/** `ringhold get`: the bytes of a value, and nothing else, on stdout. */
import type { Entry } from '@ringhold/sdk'
import { checkCacheName, checkKey, RingholdError } from '@ringhold/sdk/protocol'
import type { Command } from 'commander'
import type { Context, Shell } from '../context.ts'
import { exitCodes } from '../exit-code.ts'
import { withCache } from '../fleet/with-cache.ts'
import { examples } from '../output/examples.ts'
import { errorLine, type Report } from '../output/report.ts'

export function addGet(program: Command, shell: Shell): void {
  program
    .command('get')
    .summary('write a value to stdout as it is')
    .description('Writes the bytes of a value to stdout. Exit code 3 when the key is not there.')
    .argument('<key>')
    .option('--cache <name>', 'the cache', 'default')
    .addHelpText('before', examples('ringhold get user:42', 'ringhold get logo --cache images > logo.png'))
    .action((key: string, options: { cache: string }, command: Command) =>
      shell.run(command, (context) => getValue(context, key, options.cache)),
    )
}

/** getValue reads one key from its owner. */
export async function getValue(context: Context, key: string, cache: string): Promise<Report> {
  checkKey(key)
  checkCacheName(cache)
  const entry = await withCache(context, cache, (target) => target.getBytes(key))
  if (entry) return { document: { cache, key, found: true, ...entryDocument(entry) }, text: entry.value }
  const absent = new RingholdError('RINGHOLD_KEY_NOT_FOUND', { detail: `${JSON.stringify(key)} is not in ${cache}` })
  return { document: { cache, key, found: false }, note: errorLine(absent).trimEnd(), exitCode: exitCodes.keyNotFound }
}

/** JSON has text only, so bytes that are not UTF-8 go as base64. */
function entryDocument({ value, contentType, version, ttlMs }: Entry<Uint8Array>) {
  const text = asText(value)
  const content = text === undefined ? { base64: Buffer.from(value).toString('base64') } : { text }
  return { ...content, bytes: value.length, contentType, version, ttlMs }
}

function asText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
