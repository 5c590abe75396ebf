/** `ringhold stats`: entries and bytes per node, and how even they are spread. */

import type { Status } from '@ringhold/sdk/membership'
import { checkCacheName } from '@ringhold/sdk/protocol'
import type { Command } from 'commander'
import type { Context, Shell } from '../context.ts'
import { exitCodes } from '../exit-code.ts'
import { fetchStats, type NodeStats } from '../fleet/node-api.ts'
import { isWhole, type SurveyedMember, shownStatus, surveyFleet } from '../fleet/survey.ts'
import { type Load, type Moves, movesOf, type Total, totalOf } from '../fleet/totals.ts'
import { examples } from '../output/examples.ts'
import { bytesText, countText, percentText } from '../output/figures.ts'
import type { Report } from '../output/report.ts'
import { type Painter, statusCell } from '../output/style.ts'
import { tableOf } from '../output/table.ts'

interface NodeFigures {
  readonly node: string
  readonly status: Status | 'unreachable'
  /** undefined when the node does not answer. */
  readonly load: Load | undefined
  readonly moves: Moves | undefined
  /** Tokens of which not all owners are known to hold the same. */
  readonly underReplicatedTokens: number | undefined
}

export function addStats(program: Command, shell: Shell): void {
  program
    .command('stats')
    .summary('entries and bytes per node, what moves, totals')
    .description(
      'Counts what each node coordinates and what replicas it holds, and shows what is on its way: tokens, entries left, rate. Exit code 4 when a member is dead or unreachable.',
    )
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
  const nodes = await Promise.all(present.map((member) => figuresOf(member, cache, context.requestTimeoutMs)))
  const { ofMean, ...total } = totalOf(nodes.map(({ load }) => load))
  const moving = movesOf(nodes.map(({ moves }) => moves))
  const underReplicatedTokens = nodes.reduce((sum, node) => sum + (node.underReplicatedTokens ?? 0), 0)
  const isHealthy = isWhole(survey) && nodes.every(({ load }) => load !== undefined)
  return {
    document: {
      fleet: survey.fleet,
      cache,
      nodes: nodes.map(({ load, moves, ...node }, at) => ({ ...node, ...load, ofMean: ofMean[at], moving: moves })),
      total: { ...total, moving, underReplicatedTokens },
    },
    text: tableText(nodes, { ...total, ofMean }, context.paint),
    exitCode: isHealthy ? exitCodes.ok : exitCodes.degraded,
  }
}

async function figuresOf(member: SurveyedMember, cache: string | undefined, timeoutMs: number): Promise<NodeFigures> {
  const { name: node } = member
  const nothing = { load: undefined, moves: undefined, underReplicatedTokens: undefined }
  if (!member.view) return { node, status: shownStatus(member), ...nothing }
  try {
    const stats = await fetchStats(member.url, timeoutMs)
    const { underReplicatedTokens } = stats.copies
    return {
      node,
      status: shownStatus(member),
      load: loadOf(stats, cache),
      moves: movesTo(stats),
      underReplicatedTokens,
    }
  } catch {
    // It answered a moment ago: shown as what it is now, and no reason to hide the other nodes.
    return { node, status: 'unreachable', ...nothing }
  }
}

function loadOf({ entries, bytes, caches, copies }: NodeStats, cache: string | undefined): Load {
  if (cache !== undefined) return caches[cache] ?? { entries: 0, replicas: 0, bytes: 0 }
  return { entries, replicas: copies.entries.replicas + copies.entries.strays, bytes }
}

function movesTo({ copies }: NodeStats): Moves {
  const { tokens, syncingTokens, entriesLeft, pulledBytesPerSecond } = copies
  return {
    tokens: tokens.claiming + tokens.provisional + syncingTokens,
    entries: entriesLeft,
    bytesPerSecond: pulledBytesPerSecond,
  }
}

const columns = [
  { title: 'NODE' },
  { title: 'STATUS' },
  { title: 'ENTRIES', align: 'right' },
  { title: 'OF MEAN', align: 'right' },
  { title: 'REPLICAS', align: 'right' },
  { title: 'BYTES', align: 'right' },
  { title: 'MOVING', align: 'right' },
  { title: 'LEFT', align: 'right' },
  { title: 'RATE', align: 'right' },
] as const

function tableText(nodes: readonly NodeFigures[], total: Total, paint: Painter): string {
  const rows = nodes.map(({ node, status, load, moves }, at) => {
    const ofMean = total.ofMean[at]
    return [node, statusCell(paint, status), ...cellsOf(load, ofMean === undefined ? '-' : percentText(ofMean), moves)]
  })
  const sum = cellsOf(total, '', movesOf(nodes.map(({ moves }) => moves)))
  return tableOf(columns, [...rows, ['total', '', ...sum]])
}

function cellsOf(load: Load | undefined, ofMean: string, moves: Moves | undefined): string[] {
  if (load === undefined || moves === undefined) return columns.slice(2).map(() => '-')
  const loads = [countText(load.entries), ofMean, countText(load.replicas), bytesText(load.bytes)]
  return [...loads, countText(moves.tokens), countText(moves.entries), `${bytesText(moves.bytesPerSecond)}/s`]
}
