/**
 * Tier-up: when the engine compiles a function with its last compiler, the one that takes longest and makes the fastest code.
 *
 * While a node starts, a function has to be four times as hot for that. Building rings and claiming tokens go over 16,384
 * tokens, so that all of their code becomes hot within the first second, and most of it has done its work before its fast code
 * is ready. Compiling it took a node as much processor time as all the rest of its start, and took it from the nodes beside
 * it too, while commands waited for its claims.
 */
import { setFlagsFromString } from 'node:v8'

/** How hot a function must be: what the engine has by itself, and while a node starts. */
interface Threshold {
  readonly flag: string
  readonly usual: number
  readonly starting: number
}

/** In bytes of byte code that are run of it between two looks. */
const byBytes: Threshold = { flag: '--interrupt-budget', usual: 67_584, starting: 300_000 }
/** In runs of it, or of its loops. */
const byRuns: Threshold = { flag: '--invocation-count-for-turbofan', usual: 3_000, starting: 13_500 }
/** By major version of V8: of Node 20, 22, and 24. An engine that is not known is left alone. */
const thresholds = new Map([
  ['11', byBytes],
  ['12', byRuns],
  ['13', byRuns],
])

const threshold = thresholds.get(process.versions.v8.split('.')[0] as string)

/** putOffTierUp has less compiled from now on. */
export function putOffTierUp(): void {
  if (threshold !== undefined) setFlagsFromString(`${threshold.flag}=${threshold.starting}`)
}

/** allowTierUp has as much compiled as usual, for the rest of the process. */
export function allowTierUp(): void {
  if (threshold !== undefined) setFlagsFromString(`${threshold.flag}=${threshold.usual}`)
}
