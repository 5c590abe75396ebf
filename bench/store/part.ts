/** The process that alone.ts starts: it runs one part and sends what came of it. */
import '#node/young-generation.js'
import { fuzz } from './fuzz.ts'
import { pauses } from './pauses.ts'
import { roleChange } from './role-change.ts'

const parts = { fuzz, pauses, roleChange } as const
export type Parts = typeof parts

const [name, options] = [process.argv[2] as keyof Parts, JSON.parse(process.argv[3] as string)]
const result = await parts[name](options)
process.send?.(result)
