/** `ringhold ring`: who owns how much, and whether all compute the same ring. */
import type { Command } from 'commander'
import type { Context, Shell } from '../context.ts'
import { exitCodes } from '../exit-code.ts'
import { type Audit, auditOf } from '../fleet/audit.ts'
import { isWhole, surveyFleet, viewsOf } from '../fleet/survey.ts'
import { examples } from '../output/examples.ts'
import { countText, percentText, plural } from '../output/figures.ts'
import type { Report } from '../output/report.ts'
import { tableOf } from '../output/table.ts'

export function addRing(program: Command, shell: Shell): void {
  program
    .command('ring')
    .summary('tokens per node, and an audit of the ring')
    .description(
      'Computes the ring from what each node says its members are and audits it: every token owned, one checksum everywhere, the checksum computed here equal to those of the nodes. Exit code 4 otherwise, or when a member is missing.',
    )
    .addHelpText('before', examples('ringhold ring', "ringhold ring --json | jq '.faults'"))
    .action((_options, command: Command) => shell.run(command, auditRing))
}

/** auditRing surveys the fleet and audits the ring. */
export async function auditRing(context: Context): Promise<Report> {
  const survey = await surveyFleet(context.seeds, context.requestTimeoutMs)
  const views = viewsOf(survey)
  const audit = auditOf(views)
  const isHealthy = audit.faults.length === 0 && isWhole(survey)
  return {
    document: { fleet: survey.fleet, checkedNodes: views.map(({ node }) => node), ...audit },
    text: `${tableText(audit)}\n\n${verdict(audit, views.length)}`,
    exitCode: isHealthy ? exitCodes.ok : exitCodes.degraded,
  }
}

function tableText({ shares, tokens }: Audit): string {
  const columns = [
    { title: 'NODE' },
    { title: 'TOKENS', align: 'right' },
    { title: 'OF ALL', align: 'right' },
    { title: 'OF MEAN', align: 'right' },
    { title: 'REPLICAS', align: 'right' },
  ] as const
  const rows = shares.map((share) => [
    share.node,
    countText(share.tokens),
    percentText(share.tokens / tokens),
    percentText(share.ofMean),
    countText(share.replicas),
  ])
  return tableOf(columns, rows)
}

function verdict({ faults, ring, tokens }: Audit, nodes: number): string {
  if (faults.length > 0) return ['The audit found:', ...faults.map((fault) => `  ${fault}`)].join('\n')
  return `All ${countText(tokens)} tokens have their owners. Checksum ${ring} at ${plural(nodes, 'node')} and as computed here.`
}
