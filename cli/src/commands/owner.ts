/** `ringhold owner`: which nodes own a key, computed here as every client computes it. */

import { checkKey, ringOf } from '@ringhold/sdk/protocol'
import { hash32 } from '@ringhold/sdk/ring'
import type { Command } from 'commander'
import type { Context, Shell } from '../context.ts'
import { surveyFleet, viewsOf } from '../fleet/survey.ts'
import { examples } from '../output/examples.ts'
import type { Report } from '../output/report.ts'
import { statusCell } from '../output/style.ts'
import { tableOf } from '../output/table.ts'

export function addOwner(program: Command, shell: Shell): void {
  program
    .command('owner')
    .summary('which nodes own a key')
    .description('Computes hash, token and owners of a key. The key need not exist; its cache does not matter.')
    .argument('<key>')
    .addHelpText('before', examples('ringhold owner user:42', "ringhold owner user:42 --json | jq -r '.owners[0].url'"))
    .action((key: string, _options, command: Command) => shell.run(command, (context) => findOwners(context, key)))
}

/** findOwners computes the owners of a key by the view of the first node that answers. */
export async function findOwners(context: Context, key: string): Promise<Report> {
  checkKey(key)
  const survey = await surveyFleet(context.seeds, context.requestTimeoutMs)
  const view = viewsOf(survey)[0]
  if (!view) throw new TypeError('a survey has at least one view')
  const ring = ringOf(view)
  const token = ring.token(key)
  const hash = hash32(key, ring.seed)
  const owners = ring.owners(token).map((name, rank) => {
    const member = view.members.find((candidate) => candidate.name === name)
    return { name, role: rank === 0 ? 'coordinator' : 'replica', status: member?.status, url: member?.url }
  })
  const rows = owners.map(({ name, role, status, url }) => [
    name,
    role,
    status ? statusCell(context.paint, status) : '-',
    url ?? '-',
  ])
  const columns = ['OWNER', 'ROLE', 'STATUS', 'URL'].map((title) => ({ title }))
  return {
    document: { key, hash, token, ring: ring.checksum, accordingTo: view.node, owners },
    text: `hash ${hash.toString(16).padStart(8, '0')}, token ${token}\n\n${tableOf(columns, rows)}`,
  }
}
