/** `ringhold kill` and `ringhold stop`: a node goes, by a crash or by a planned leave, and the survivors notice. */
import type { Command } from 'commander'
import { oneOf } from '../arguments.ts'
import type { Context, Shell } from '../context.ts'
import { exitCodes } from '../exit-code.ts'
import { statusIn } from '../fleet/agreement.ts'
import { waitGone } from '../fleet/settle.ts'
import { askSupervisor } from '../local-fleet/control-client.ts'
import { resolveName } from '../local-fleet/node-plan.ts'
import { type KillSignal, killSignals } from '../local-fleet/supervised-node.ts'
import { examples } from '../output/examples.ts'
import { plural, secondsText } from '../output/figures.ts'
import type { Report } from '../output/report.ts'

export function addKill(program: Command, shell: Shell): void {
  program
    .command('kill')
    .summary('kill a node of the local fleet; it stays down until `start`')
    .description('Sends a signal to a node on purpose and waits until all survivors see it dead. SIGSTOP freezes it.')
    .argument('<node>', 'its name, or 2 for node-2')
    .option('--signal <name>', `one of ${killSignals.join(', ')}`, oneOf(killSignals), 'SIGKILL')
    .addHelpText('before', examples('ringhold kill node-2', 'ringhold kill 2 --signal SIGSTOP'))
    .action((node: string, options: { signal: KillSignal }, command: Command) =>
      shell.run(command, (context) => takeDown(context, node, options.signal)),
    )
}

export function addStop(program: Command, shell: Shell): void {
  program
    .command('stop')
    .summary('stop a node of the local fleet by a planned leave')
    .description('Asks a node to leave (SIGTERM), waits until all others see that it left and its process has ended.')
    .argument('<node>', 'its name, or 2 for node-2')
    .addHelpText('before', examples('ringhold stop node-2'))
    .action((node: string, _options, command: Command) =>
      shell.run(command, (context) => takeDown(context, node, 'SIGTERM')),
    )
}

/** takeDown signals a node and waits until those that remain have seen it go; exit code 4 when they do not in time. */
export async function takeDown(context: Context, text: string, signal: KillSignal): Promise<Report> {
  const folder = context.stateFolder
  const nodes = await askSupervisor(folder, { action: 'status' })
  const node = resolveName(
    nodes.map(({ name }) => name),
    text,
  )
  const survivorsNow = async () =>
    (await askSupervisor(folder, { action: 'status' })).filter(
      ({ name, phase }) => name !== node && phase === 'running',
    )
  const startedAt = performance.now()
  // The survivors are watched from the moment of the signal, not from when the process has ended.
  const [{ changed }, seen] = await Promise.all([
    askSupervisor(folder, { action: 'kill', node, signal }),
    waitGone(node, survivorsNow, { deadlineMs: context.settleTimeoutMs }).then((views) => ({
      views,
      ms: Math.round(performance.now() - startedAt),
    })),
  ])
  const survivors = seen.views?.length ?? (await survivorsNow()).length
  const seenAs = seen.views?.[0] && (statusIn(seen.views[0], node) ?? 'gone')
  const document = {
    node,
    signal,
    changed,
    seen: seen.views !== undefined,
    seenAs,
    survivors,
    ms: seen.ms,
  }
  if (!seen.views) {
    const note = `${node} got ${signal}, but not all survivors had seen it go after ${secondsText(seen.ms)}.`
    return { document, note, exitCode: exitCodes.degraded }
  }
  if (!changed) return { document, note: `${node} was down already.` }
  if (survivors === 0) return { document, text: `${node} got ${signal}. No other node is running.` }
  const whose = survivors === 1 ? 'the one survivor' : `all ${plural(survivors, 'survivor')}`
  return { document, text: `${node} got ${signal}; ${seenAs} in the view of ${whose} after ${secondsText(seen.ms)}.` }
}
