/** Waiting until the fleet has noticed: every node is asked for its own view until all say the same. */
import type { Topology } from '@ringhold/sdk/protocol'
import { isSettled, statusIn } from './agreement.ts'
import { fetchTopology } from './node-api.ts'
import { waitUntil } from './wait-until.ts'

/** A node that takes longer to answer is asked again. */
const answerMsMax = 1_000

export interface NodeAddress {
  readonly name: string
  readonly url: string
}

export interface SettleOptions {
  readonly deadlineMs: number
  readonly signal?: AbortSignal | undefined
}

/** waitSettled returns the views once all nodes hold each other alive on one ring; undefined past the deadline. */
export function waitSettled(nodes: readonly NodeAddress[], options: SettleOptions): Promise<Topology[] | undefined> {
  return waitUntil(() => settledViews(nodes), options)
}

/** settledViews asks once: the views of all nodes if they hold each other alive on one ring, else undefined. */
export async function settledViews(nodes: readonly NodeAddress[]): Promise<Topology[] | undefined> {
  const views = await askAll(nodes)
  const names = nodes.map(({ name }) => name)
  return isSettled(names, views) ? views : undefined
}

/**
 * waitGone returns the views once all survivors have taken a member off their ring for good; undefined past the
 * deadline. Who survives is asked each time: another node may go meanwhile, and sees nothing any more.
 */
export function waitGone(
  name: string,
  survivorsNow: () => Promise<readonly NodeAddress[]>,
  options: SettleOptions,
): Promise<Topology[] | undefined> {
  return waitUntil(async () => {
    const survivors = await survivorsNow()
    const views = await askAll(survivors)
    const isGone = views.every((view) => ['dead', 'left', undefined].includes(statusIn(view, name)))
    return isGone && views.length === survivors.length ? views : undefined
  }, options)
}

async function askAll(nodes: readonly NodeAddress[]): Promise<Topology[]> {
  const answers = await Promise.allSettled(nodes.map(({ url }) => fetchTopology(url, answerMsMax)))
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
}
