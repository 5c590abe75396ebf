/** `ringhold del`: deletes a key. */
import { checkCacheName, checkKey, RingholdError } from '@ringhold/sdk/protocol'
import type { Command } from 'commander'
import type { Context, Shell } from '../context.ts'
import { exitCodes } from '../exit-code.ts'
import { withCache } from '../fleet/with-cache.ts'
import { examples } from '../output/examples.ts'
import { errorLine, type Report } from '../output/report.ts'

export function addDel(program: Command, shell: Shell): void {
  program
    .command('del')
    .summary('delete a key')
    .description('Deletes a key. Exit code 3 when it was not there.')
    .argument('<key>')
    .option('--cache <name>', 'the cache', 'default')
    .addHelpText('before', examples('ringhold del user:42', 'ringhold del 6e1c --cache sessions'))
    .action((key: string, options: { cache: string }, command: Command) =>
      shell.run(command, (context) => deleteKey(context, key, options.cache)),
    )
}

/** deleteKey deletes one key at its owner. */
export async function deleteKey(context: Context, key: string, cache: string): Promise<Report> {
  checkKey(key)
  checkCacheName(cache)
  const deleted = await withCache(context, cache, (target) => target.delete(key))
  const document = { cache, key, deleted }
  if (deleted) return { document, note: `deleted: ${JSON.stringify(key)} in ${cache}` }
  const absent = new RingholdError('RINGHOLD_KEY_NOT_FOUND', { detail: `${JSON.stringify(key)} is not in ${cache}` })
  return { document, note: errorLine(absent).trimEnd(), exitCode: exitCodes.keyNotFound }
}
