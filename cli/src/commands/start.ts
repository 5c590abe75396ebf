/** `ringhold start` and `ringhold add`: a node comes back, or a new one joins, and all nodes see it alive. */
import type { Command } from 'commander'
import type { Context, Shell } from '../context.ts'
import { exitCodes } from '../exit-code.ts'
import { settledViews } from '../fleet/settle.ts'
import { waitUntil } from '../fleet/wait-until.ts'
import { askSupervisor } from '../local-fleet/control-client.ts'
import { nodeFailure } from '../local-fleet/node-failure.ts'
import type { StateFolder } from '../local-fleet/state-folder.ts'
import type { Change } from '../local-fleet/supervised-node.ts'
import { examples } from '../output/examples.ts'
import { plural, secondsText } from '../output/figures.ts'
import type { Report } from '../output/report.ts'

export function addStart(program: Command, shell: Shell): void {
  program
    .command('start')
    .summary('start a node of the local fleet again')
    .description('Starts a node that is down, or thaws a frozen one, and waits until all nodes see it alive.')
    .argument('<node>', 'its name, or 2 for node-2')
    .addHelpText('before', examples('ringhold start node-2'))
    .action((node: string, _options, command: Command) =>
      shell.run(command, (context) =>
        bringUp(context, () => askSupervisor(context.stateFolder, { action: 'start', node })),
      ),
    )
}

export function addAdd(program: Command, shell: Shell): void {
  program
    .command('add')
    .summary('add a node to the local fleet')
    .description('Starts one more node on the next free ports and waits until all nodes see it alive.')
    .option('--name <name>', 'its name (default: the next node-N)')
    .addHelpText('before', examples('ringhold add', 'ringhold add --name big-one'))
    .action(({ name }: { name?: string }, command: Command) =>
      shell.run(command, (context) =>
        bringUp(context, () =>
          askSupervisor(context.stateFolder, name === undefined ? { action: 'add' } : { action: 'add', name }),
        ),
      ),
    )
}

/** bringUp starts a node and waits until the running nodes agree with it in their midst; exit code 4 when they do not in time. */
export async function bringUp(context: Context, start: () => Promise<Change>): Promise<Report> {
  const startedAt = performance.now()
  const { node, changed } = await start()
  const seenBy = await waitUntil(() => settledWith(context.stateFolder, node.name), {
    deadlineMs: context.settleTimeoutMs,
  })
  const ms = Math.round(performance.now() - startedAt)
  const { name, url, pid } = node
  const document = { node: name, url, pid, changed, settled: seenBy !== undefined, nodes: seenBy, ms }
  if (seenBy === undefined) {
    const note = `${name} is started at ${url}, but not all nodes saw it alive after ${secondsText(ms)}. Its log: ${node.log}`
    return { document, note, exitCode: exitCodes.degraded }
  }
  if (!changed) return { document, note: `${name} is running already, at ${url}.` }
  const text = `${name} is alive at ${url} in the view of ${plural(seenBy, 'node')} after ${secondsText(ms)}.`
  return { document, text }
}

/** The number of nodes once all agree; undefined as long as they do not. */
async function settledWith(folder: StateFolder, name: string): Promise<number | undefined> {
  const nodes = await askSupervisor(folder, { action: 'status' })
  const failed = nodes.find((node) => node.name === name && node.phase === 'failed')
  if (failed) throw nodeFailure(failed)
  const running = nodes.filter(({ phase }) => phase === 'running' || phase === 'waiting')
  return (await settledViews(running))?.length
}
