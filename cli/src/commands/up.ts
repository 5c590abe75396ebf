/** `ringhold up`: a local fleet in the foreground, until Ctrl-C. */
import { ringOf, type Topology } from '@ringhold/sdk/protocol'
import type { Command } from 'commander'
import { wholeNumber } from '../arguments.ts'
import type { Context, Shell } from '../context.ts'
import { LocalFleet } from '../local-fleet/local-fleet.ts'
import { nodesMax } from '../local-fleet/node-plan.ts'
import type { NodeRecord } from '../local-fleet/state-folder.ts'
import { StopSignals } from '../local-fleet/stop-signals.ts'
import type { NodeEvent } from '../local-fleet/supervised-node.ts'
import { examples } from '../output/examples.ts'
import { countText, plural, secondsText } from '../output/figures.ts'
import { jsonLine, type Report } from '../output/report.ts'
import { type Painter, statusCell } from '../output/style.ts'
import { tableOf } from '../output/table.ts'

interface UpOptions {
  readonly nodes: number
  readonly port: number
  readonly peerPort: number
  readonly fleet: string
  readonly memory?: string
  readonly logDir?: string
}

export function addUp(program: Command, shell: Shell): void {
  program
    .command('up')
    .summary('start a local fleet and stay with it until Ctrl-C')
    .description(
      'Starts nodes on 127.0.0.1, waits until all agree on one ring, and restarts those that die by themselves. Ctrl-C stops all; a second one at once. The other commands find this fleet through its state folder (RINGHOLD_STATE_DIR). RINGHOLD_COPIES, RINGHOLD_LOG_LEVEL and RINGHOLD_JOIN_TIMEOUT_MS are passed on to the nodes.',
    )
    .option('--nodes <count>', 'how many nodes', wholeNumber(1, nodesMax), 5)
    .option('--port <port>', 'first port for clients; the other nodes count up', wholeNumber(1, 65_535), 7001)
    .option('--peer-port <port>', 'first port between nodes; the other nodes count up', wholeNumber(1, 65_535), 7101)
    .option('--fleet <name>', 'name of the fleet', 'ringhold')
    .option('--memory <size>', 'memory for entries per node, like 64MiB (default: that of the node)')
    .option('--log-dir <folder>', 'where the logs of the nodes go (default: the state folder)')
    .addHelpText('before', examples('ringhold up', 'ringhold up --nodes 3 --port 9001 --peer-port 9101 --memory 64MiB'))
    .action((options: UpOptions, command: Command) => shell.run(command, (context) => runFleet(context, options)))
}

/** runFleet starts the fleet, shows it and returns when it has been stopped. */
export async function runFleet(context: Context, options: UpOptions): Promise<Report> {
  const { nodes, port, peerPort, fleet: name, memory, logDir } = options
  const startedAt = performance.now()
  const show = showEvents(context)
  const settings = { fleet: name, memory, env: context.env }
  const fleet = await LocalFleet.open(context.stateFolder, {
    nodes,
    range: { port, peerPort },
    settings,
    logDir,
    onEvent: show,
  })
  const stop = new StopSignals(() => fleet.killAll())
  try {
    show({ event: 'starting', nodes, fleet: name })
    const views = await fleet.start({ deadlineMs: context.settleTimeoutMs, signal: stop.signal })
    if (views) showFleet(context, { fleet, views, startedAt })
    await stop.received()
    show({ event: 'stopping' })
  } finally {
    await fleet.close()
    stop.dispose()
  }
  return { document: { event: 'stopped' }, note: 'All nodes are stopped.' }
}

type UpEvent =
  | NodeEvent
  | { readonly event: 'starting'; readonly nodes: number; readonly fleet: string }
  | { readonly event: 'stopping' }

/** Events are messages for people on stderr, and a stream of documents on stdout for programs. */
function showEvents({ format, terminal }: Context): (event: UpEvent) => void {
  if (format === 'json') return (event) => terminal.stdout.write(jsonLine(event))
  return (event) => terminal.stderr.write(`${eventText(event)}\n`)
}

function eventText(event: UpEvent): string {
  switch (event.event) {
    case 'starting':
      return `Starting ${plural(event.nodes, 'node')} of the fleet "${event.fleet}" …`
    case 'stopping':
      return 'Stopping all nodes … (Ctrl-C again: at once)'
    case 'died':
      return `${event.node} ended by itself (${exitText(event.exit)}); it is started again in ${event.restartInMs} ms`
    case 'restarted':
      return `${event.node} is started again (process ${event.pid})`
    case 'failed':
      return [
        `${event.node} ended (${exitText(event.exit)}) and is given up, ${event.reason}. The end of its log:`,
        ...event.log.map((line) => `  ${line}`),
      ].join('\n')
  }
}

function exitText({ code, signal }: { code: number | undefined; signal: string | undefined }): string {
  return signal ?? `exit code ${code}`
}

function showFleet(context: Context, facts: { fleet: LocalFleet; views: Topology[]; startedAt: number }): void {
  const { fleet, views, startedAt } = facts
  const view = views[0] as Topology
  const ms = Math.round(performance.now() - startedAt)
  const { nodes } = fleet
  if (context.format === 'json') {
    context.terminal.stdout.write(jsonLine({ event: 'ready', fleet: view.fleet, ring: view.ring, ms, nodes }))
    return
  }
  const logs = fleet.logPath('node-*')
  context.terminal.stdout.write(`
${plural(nodes.length, 'node')} of the fleet "${view.fleet}" ${nodes.length === 1 ? 'is up' : 'agree on one ring'} (${view.ring}) after ${secondsText(ms)}.

${membersTable(nodes, view, context.paint)}

Try this in another terminal, in this folder:
${tryThis(nodes, context.env)
  .map((line) => `  ${line}`)
  .join('\n')}

Logs: ${logs}
Ctrl-C stops all nodes.
`)
}

function membersTable(nodes: readonly NodeRecord[], view: Topology, paint: Painter): string {
  const tokens = ringOf(view).tokensOf()
  const columns = [
    { title: 'NODE' },
    { title: 'STATUS' },
    { title: 'CLIENTS' },
    { title: 'PEERS' },
    { title: 'PROCESS', align: 'right' },
    { title: 'TOKENS', align: 'right' },
  ] as const
  const rows = nodes.map(({ name, url, peerUrl, pid }) => [
    name,
    statusCell(paint, 'alive'),
    url,
    peerUrl,
    String(pid),
    countText(tokens.get(name) ?? 0),
  ])
  return tableOf(columns, rows)
}

/** Four commands that work as they stand, whatever the ports and the state folder. */
export function tryThis(nodes: readonly Pick<NodeRecord, 'name' | 'url'>[], env: NodeJS.ProcessEnv): string[] {
  const folder = env.RINGHOLD_STATE_DIR
  const ringhold = folder ? `RINGHOLD_STATE_DIR=${shellQuoted(folder)} npx ringhold` : 'npx ringhold'
  const first = nodes[0] as { url: string }
  const other = nodes[Math.min(2, nodes.length - 1)] as { url: string }
  const victim = nodes[Math.min(1, nodes.length - 1)] as { name: string }
  const path = '/v1/caches/default/keys/greeting'
  return [
    `curl -i -X PUT -H 'content-type: text/plain' -d 'Hello' ${first.url}${path}`,
    `curl -i ${other.url}${path}`,
    `${ringhold} fill 5000 && ${ringhold} stats`,
    `${ringhold} kill ${victim.name} && ${ringhold} members; ${ringhold} start ${victim.name}`,
  ]
}

function shellQuoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
