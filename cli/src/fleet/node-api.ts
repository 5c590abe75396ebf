/** The read-only endpoints of one node. Nodes are asked over plain HTTP, so asking never changes any view. */
import { errorOf, RingholdError, type Topology } from '@ringhold/sdk/protocol'

/** NodeStats is the part of GET /v1/stats that commands show. */
export interface NodeStats {
  readonly node: string
  readonly entries: number
  readonly bytes: number
  readonly memoryBytesMax: number
  readonly caches: Readonly<Record<string, { readonly entries: number; readonly bytes: number }>>
}

export async function fetchTopology(url: string, timeoutMs: number): Promise<Topology> {
  const topology = await fetchDocument(`${url}/v1/topology`, timeoutMs)
  if (typeof topology.ring === 'string' && Array.isArray(topology.members)) return topology as unknown as Topology
  throw foreign(url)
}

export async function fetchStats(url: string, timeoutMs: number): Promise<NodeStats> {
  const stats = await fetchDocument(`${url}/v1/stats`, timeoutMs)
  if (typeof stats.entries === 'number' && typeof stats.caches === 'object') return stats as unknown as NodeStats
  throw foreign(url)
}

/** silenceOf says in a word or two why a node did not answer. */
export function silenceOf(error: unknown): string {
  if (error instanceof RingholdError) return error.facts.detail ?? error.code
  if (error instanceof Error && error.name === 'TimeoutError') return 'no answer in time'
  const cause = error instanceof Error ? error.cause : undefined
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : 'not reachable'
  return code === 'ECONNREFUSED' ? 'connection refused' : code
}

async function fetchDocument(url: string, timeoutMs: number): Promise<Record<string, unknown>> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), redirect: 'error' })
  const body = new Uint8Array(await response.arrayBuffer())
  if (!response.ok) throw errorOf({ status: response.status, headers: Object.fromEntries(response.headers), body })
  try {
    const document: unknown = JSON.parse(new TextDecoder().decode(body))
    if (typeof document === 'object' && document !== null) return document as Record<string, unknown>
  } catch {
    // Falls through: whatever answers there, it is no node.
  }
  throw foreign(url)
}

function foreign(url: string): RingholdError {
  return new RingholdError('RINGHOLD_BAD_REPLY', { detail: `what answers at ${url} is no node of this protocol` })
}
