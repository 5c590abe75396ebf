/** Real node processes on free ports, each ended by its own id whatever happens to the test. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import type { Topology } from '@ringhold/sdk/protocol'
import type { Test } from 'tap'
import { patienceMs, waitUntil } from '#chaos/wait-until.js'

const main = createRequire(import.meta.url).resolve('@ringhold/cache-node/main')

/** NodeProcess is one running cache node of a test. */
export interface NodeProcess {
  readonly name: string
  readonly url: string
  readonly peerUrl: string
  readonly child: ChildProcess
  /** Everything that it has written to stderr. */
  readonly stderr: () => string
}

/** startProcess starts a node and has the test end it. It does not wait until the node is ready. */
export function startProcess(t: Test, env: Record<string, string>): NodeProcess {
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env.PATH, RINGHOLD_LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  t.teardown(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  const url = `http://127.0.0.1:${env.RINGHOLD_PORT}`
  const peerUrl = `http://127.0.0.1:${env.RINGHOLD_PEER_PORT}`
  return { name: env.RINGHOLD_NAME ?? '', url, peerUrl, child, stderr: () => stderr }
}

/** startFleet starts `size` nodes that are each other's seeds and waits until all agree on one ring of all of them, and hold its tokens. */
export async function startFleet(t: Test, size: number, env: Record<string, string> = {}): Promise<NodeProcess[]> {
  const ports = await freePorts(size * 2)
  const seeds = ports.slice(size).map((port) => `127.0.0.1:${port}`)
  const nodes = seeds.map((_, index) =>
    startProcess(t, {
      RINGHOLD_NAME: `node-${index + 1}`,
      RINGHOLD_PORT: String(ports[index]),
      RINGHOLD_PEER_PORT: String(ports[size + index]),
      RINGHOLD_SEEDS: seeds.join(','),
      ...env,
    }),
  )
  await waitUntil(`${size} nodes agree on one ring`, patienceMs, () => agree(nodes, size))
  await waitUntil('every token has its coordinator', patienceMs, async () =>
    (await Promise.all(nodes.map(tokensClaiming))).every((tokens) => tokens === 0),
  )
  return nodes
}

async function tokensClaiming({ url }: NodeProcess): Promise<number> {
  const reply = await fetch(`${url}/v1/stats`, { signal: AbortSignal.timeout(2_000) })
  const { copies } = (await reply.json()) as { copies: { tokens: { claiming: number } } }
  return copies.tokens.claiming
}

/** agree tells whether all nodes have the same ring, of exactly `size` alive members. */
export async function agree(nodes: readonly NodeProcess[], size: number): Promise<boolean> {
  const topologies = await Promise.all(nodes.map(topologyOf))
  return topologies.every(
    ({ ring, members }) =>
      ring === topologies[0]?.ring && members.filter(({ status }) => status === 'alive').length === size,
  )
}

/** topologyOf asks a node for its topology. */
export async function topologyOf(node: Pick<NodeProcess, 'url'>): Promise<Topology> {
  const reply = await fetch(`${node.url}/v1/topology`, { signal: AbortSignal.timeout(2_000) })
  if (!reply.ok) throw new Error(`${node.url} answered ${reply.status}`)
  return (await reply.json()) as Topology
}

/** statusAt asks a node what it thinks of a member. */
export async function statusAt(node: NodeProcess, member: string): Promise<string | undefined> {
  return (await topologyOf(node)).members.find(({ name }) => name === member)?.status
}

/**
 * freePorts returns ports of 127.0.0.1 on which nobody listens. They lie below the range from which the kernel takes
 * the ports of outgoing connections, so that no connection of this machine can take one before it is used.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  for (let attempt = 0; attempt < 1_000 && ports.size < count; attempt++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    if (!ports.has(port) && (await isFree(port))) ports.add(port)
  }
  if (ports.size < count) throw new Error(`found only ${ports.size} of ${count} free ports`)
  return [...ports]
}

/** freePortBlock returns the first of `count` free ports in a row. */
export async function freePortBlock(count: number): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const first = 20_000 + Math.floor(Math.random() * 12_000)
    const free = await Promise.all(Array.from({ length: count }, (_, offset) => isFree(first + offset)))
    if (free.every(Boolean)) return first
  }
  throw new Error(`found no ${count} free ports in a row`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
