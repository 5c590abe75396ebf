/** The entry of a node's process: the engine is set up before anything else is loaded, which takes memory already. */
import './young-generation.ts'
import { putOffTierUp } from './tier-up.ts'

putOffTierUp()
const { runNode } = await import('./node-process.ts')
await runNode()
