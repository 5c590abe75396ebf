import type { Test } from 'tap'
import { patienceMs } from '#chaos/wait-until.js'
import { type CacheNode, startNode } from '#node/index.js'

/** startFleet starts nodes `n1`, `n2`, … in this process and resolves when they agree on one ring of all of them. */
export async function startFleet(t: Test, count: number): Promise<CacheNode[]> {
  const nodes: CacheNode[] = []
  for (let at = 1; at <= count; at++) nodes.push(await addNode(t, nodes, `n${at}`))
  await agree(nodes)
  return nodes
}

/** addNode starts one more node; it is cut when the test ends. */
export async function addNode(t: Test, others: readonly CacheNode[], name: string): Promise<CacheNode> {
  const seeds = others.map(({ peerUrl }) => peerUrl)
  const node = await startNode({ name, port: 0, peerPort: 0, seeds, logLevel: 'silent' })
  t.teardown(() => node.cut())
  return node
}

/** agree resolves when exactly these nodes are on the ring of each of them. */
export async function agree(nodes: readonly CacheNode[]): Promise<void> {
  const names = nodes.map(({ config }) => config.name).sort()
  const isAgreed = (): boolean =>
    nodes.every(({ ring }) => ring.members.map(({ name }) => name).join() === names.join()) &&
    new Set(nodes.map(({ ring }) => ring.checksum)).size === 1
  await until(isAgreed, `${names} agree on one ring`)
}

/** settle resolves when these nodes, which agree, have moved all that is to be moved, and know it. */
export async function settle(nodes: readonly CacheNode[]): Promise<void> {
  const isSettled = ({ tokens, entries, ...rest }: CacheNode['copies']): boolean =>
    tokens.claiming + tokens.provisional + entries.strays + rest.strayTokens + rest.syncingTokens === 0 &&
    rest.underReplicatedTokens === 0
  await until(() => nodes.every((node) => isSettled(node.copies)), 'all is moved')
}

/** until resolves once the condition holds; fails when the test's patience ends. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${patienceMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
