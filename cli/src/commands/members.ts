/** `ringhold members`: what each node sees, and whether all see the same. */
import type { Command } from 'commander'
import type { Context, Shell } from '../context.ts'
import { exitCodes } from '../exit-code.ts'
import { type Agreement, agreementOf } from '../fleet/agreement.ts'
import { isWhole, type Survey, type SurveyedMember, shownStatus, surveyFleet, viewsOf } from '../fleet/survey.ts'
import { examples } from '../output/examples.ts'
import type { Report } from '../output/report.ts'
import { type Painter, statusCell } from '../output/style.ts'
import { tableOf } from '../output/table.ts'

export function addMembers(program: Command, shell: Shell): void {
  program
    .command('members')
    .summary("each node's own view, and whether all agree")
    .description(
      'Asks every node for its own view of the fleet and compares. Exit code 4 when they differ or a member is missing.',
    )
    .addHelpText('before', examples('ringhold members', "ringhold members --json | jq '.agree'"))
    .action((_options, command: Command) => shell.run(command, listMembers))
}

/** listMembers surveys the fleet and compares the views. */
export async function listMembers(context: Context): Promise<Report> {
  const survey = await surveyFleet(context.seeds, context.requestTimeoutMs)
  const agreement = agreementOf(viewsOf(survey))
  const isHealthy = agreement.agree && isWhole(survey)
  return {
    document: documentOf(survey, agreement),
    text: `${tableText(survey, context.paint)}\n\n${verdict(survey, agreement)}`,
    exitCode: isHealthy ? exitCodes.ok : exitCodes.degraded,
  }
}

function documentOf(survey: Survey, { agree, ring, differences }: Agreement) {
  const members = survey.members.map((member) => ({
    name: member.name,
    url: member.url,
    status: shownStatus(member),
    ring: member.view?.ring,
    silence: member.silence,
    sees: member.view && Object.fromEntries(member.view.members.map(({ name, status }) => [name, status])),
  }))
  return { fleet: survey.fleet, agree, ring, differences, members }
}

function tableText(survey: Survey, paint: Painter): string {
  const columns = ['NODE', 'STATUS', 'URL', 'ITS OWN VIEW', 'RING'].map((title) => ({ title }))
  const rows = survey.members.map((member) => [
    member.name,
    statusCell(paint, shownStatus(member)),
    member.url,
    viewText(member),
    member.view?.ring ?? '-',
  ])
  return tableOf(columns, rows)
}

/** What a node sees in sum, as `4 alive, 1 dead`, or why it does not say. */
function viewText({ view, silence }: SurveyedMember): string {
  if (!view) return silence === undefined ? '-' : `- (${silence})`
  const counts = new Map<string, number>()
  for (const { status } of view.members) counts.set(status, (counts.get(status) ?? 0) + 1)
  return [...counts].map(([status, count]) => `${count} ${status}`).join(', ')
}

function verdict(survey: Survey, { agree, differences }: Agreement): string {
  const answering = viewsOf(survey).length
  if (!agree) return ['The nodes do not agree:', ...differences.map((line) => `  ${line}`)].join('\n')
  if (answering === 1) return 'Only one node answers.'
  return `All ${answering} nodes that answer agree on one ring.`
}
