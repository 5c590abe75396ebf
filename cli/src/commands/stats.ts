/** `ringhold stats`: entries and bytes per node, and how even they are spread. */

import type { Status } from '@ringhold/sdk/membership'
import { checkCacheName } from '@ringhold/sdk/protocol'
import type { Command } from 'commander'
import type { Context, Shell } from '../context.ts'
import { exitCodes } from '../exit-code.ts'
import { fetchStats } from '../fleet/node-api.ts'
import { isWhole, type SurveyedMember, shownStatus, surveyFleet } from '../fleet/survey.ts'
import { type Load, totalOf } from '../fleet/totals.ts'
import { examples } from '../output/examples.ts'
import { bytesText, countText, percentText } from '../output/figures.ts'
import type { Report } from '../output/report.ts'
import { type Painter, statusCell } from '../output/style.ts'
import { tableOf } from '../output/table.ts'

interface NodeLoad {
  readonly node: string
  readonly status: Status | 'unreachable'
  /** undefined when the node does not answer. */
  readonly load: Load | undefined
}

export function addStats(program: Command, shell: Shell): void {
  program
    .command('stats')
    .summary('entries and bytes per node, total, share of the mean')
    .description('Counts what each node holds. Exit code 4 when a member is dead or unreachable.')
    .option('--cache <name>', 'count this cache only')
    .addHelpText(
      'before',
      examples('ringhold stats', 'ringhold stats --cache sessions', "ringhold stats --json | jq '.total.entries'"),
    )
    .action((options: { cache?: string }, command: Command) =>
      shell.run(command, (context) => countEntries(context, options.cache)),
    )
}

/** countEntries asks all nodes what they hold; of one cache, or of all. */
export async function countEntries(context: Context, cache: string | undefined): Promise<Report> {
  if (cache !== undefined) checkCacheName(cache)
  const survey = await surveyFleet(context.seeds, context.requestTimeoutMs)
  const present = survey.members.filter(({ status }) => status !== 'left')
  const nodes = await Promise.all(present.map((member) => loadOf(member, cache, context.requestTimeoutMs)))
  const total = totalOf(nodes.map(({ load }) => load))
  const isHealthy = isWhole(survey) && nodes.every(({ load }) => load !== undefined)
  return {
    document: {
      fleet: survey.fleet,
      cache,
      nodes: nodes.map(({ node, status, load }, at) => ({ node, status, ...load, ofMean: total.ofMean[at] })),
      total: { entries: total.entries, bytes: total.bytes },
    },
    text: tableText(nodes, total, context.paint),
    exitCode: isHealthy ? exitCodes.ok : exitCodes.degraded,
  }
}

async function loadOf(member: SurveyedMember, cache: string | undefined, timeoutMs: number): Promise<NodeLoad> {
  const { name: node } = member
  if (!member.view) return { node, status: shownStatus(member), load: undefined }
  try {
    const stats = await fetchStats(member.url, timeoutMs)
    const { entries, bytes } = cache === undefined ? stats : (stats.caches[cache] ?? { entries: 0, bytes: 0 })
    return { node, status: shownStatus(member), load: { entries, bytes } }
  } catch {
    // It answered a moment ago: shown as what it is now, and no reason to hide the other nodes.
    return { node, status: 'unreachable', load: undefined }
  }
}

function tableText(nodes: readonly NodeLoad[], total: ReturnType<typeof totalOf>, paint: Painter): string {
  const rows = nodes.map(({ node, status, load }, at) => {
    const ofMean = total.ofMean[at]
    return [
      node,
      statusCell(paint, status),
      load ? countText(load.entries) : '-',
      load ? bytesText(load.bytes) : '-',
      ofMean === undefined ? '-' : percentText(ofMean),
    ]
  })
  const columns = [
    { title: 'NODE' },
    { title: 'STATUS' },
    { title: 'ENTRIES', align: 'right' },
    { title: 'BYTES', align: 'right' },
    { title: 'OF MEAN', align: 'right' },
  ] as const
  return tableOf(columns, [...rows, ['total', '', countText(total.entries), bytesText(total.bytes), '']])
}
