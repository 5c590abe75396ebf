/** What is said of a node that does not stay up: its own last words, since they say what to do. */
import { RingholdError } from '@ringhold/sdk/protocol'
import { lastLines } from './node-process.ts'
import type { NodeRecord } from './state-folder.ts'

/** How far up the log the node's own message is looked for: stack traces may follow it. */
const linesSearched = 50

export function nodeFailure({ name, log }: Pick<NodeRecord, 'name' | 'log'>): RingholdError {
  const lines = lastLines(log, linesSearched)
  const said = lines.findLast((line) => line.startsWith('ringhold: ')) ?? lines.at(-1) ?? 'nothing'
  return new RingholdError('RINGHOLD_NODE_FAILED', {
    detail: `${name} does not stay up. Its log ${log} ends with: ${said.replace(/\.$/, '')}`,
  })
}
