/** The process of one node: environment in, exit code out. */
import { keepTicksFast } from '@ringhold/sdk/lane'
import { RingholdError } from '@ringhold/sdk/protocol'
import closeWithGrace from 'close-with-grace'
import { configOf } from './config.ts'
import { collectOnce } from './first-collection.ts'
import { helpText } from './help.ts'
import { inlineMore } from './inlining.ts'
import { rehearse } from './rehearsal.ts'
import { newNode, oneLine } from './start-node.ts'
import { allowTierUp } from './tier-up.ts'
import { letGrow } from './young-generation.ts'

/** Above what a stop can take beside the leave timeout: 0.5 s to announce, 2 s to drain, 0.5 s to depart, 2 s for peers. */
const stopMsMax = 8_000

/** runNode runs the node that the environment describes, until it is told to stop. */
export async function runNode(): Promise<void> {
  if (process.argv.includes('--help')) {
    process.stdout.write(helpText())
  } else {
    try {
      const config = configOf(process.env)
      keepTicksFast()
      await collectOnce()
      letGrow(config.memoryBytesMax)
      rehearse({ now: () => performance.now() })
      const node = newNode(config, { onFatal: fail })
      closeWithGrace({ delay: config.leaveTimeoutMs + stopMsMax }, async ({ err }) => {
        if (err) process.stderr.write(`${oneLine(err)}\n`)
        await node.stop()
      })
      await node.start()
      allowTierUp()
      inlineMore()
    } catch (error) {
      fail(error)
    }
  }
}

function fail(error: unknown): void {
  process.stderr.write(`${oneLine(error)}\n`)
  process.exit(error instanceof RingholdError && error.code === 'RINGHOLD_BAD_CONFIG' ? 2 : 1)
}
