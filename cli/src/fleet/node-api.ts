/** The read-only endpoints of one node. Nodes are asked over plain HTTP, so asking never changes any view. */
import { errorOf, RingholdError, readTopology, type Topology } from '@ringhold/sdk/protocol'
import type { Load } from './totals.ts'

/** NodeStats is the part of GET /v1/stats that commands show. */
export interface NodeStats {
  readonly node: string
  readonly entries: number
  readonly bytes: number
  readonly memoryBytesMax: number
  readonly caches: Readonly<Record<string, Load>>
  readonly copies: {
    readonly tokens: { readonly claiming: number; readonly provisional: number }
    readonly underReplicatedTokens: number
    readonly syncingTokens: number
    readonly entriesLeft: number
    readonly pulledBytesPerSecond: number
    readonly entries: { readonly replicas: number; readonly strays: number }
  }
}

export async function fetchTopology(url: string, timeoutMs: number): Promise<Topology> {
  return readTopology(await fetchBody(`${url}/v1/topology`, timeoutMs))
}

/** fetchStats rejects with RINGHOLD_BAD_REPLY for anything that is not the statistics of a node. */
export async function fetchStats(url: string, timeoutMs: number): Promise<NodeStats> {
  const body = await fetchBody(`${url}/v1/stats`, timeoutMs)
  const stats = JSON.parse(new TextDecoder().decode(body)) as Partial<NodeStats> | null
  const isStats = typeof stats?.entries === 'number' && typeof stats.caches === 'object'
  if (isStats && typeof stats.copies === 'object') return stats as NodeStats
  throw new RingholdError('RINGHOLD_BAD_REPLY', { detail: `what answers at ${url} is no node` })
}

/** silenceOf says in a word or two why a node did not answer. */
export function silenceOf(error: unknown): string {
  if (error instanceof RingholdError) return error.facts.detail ?? error.code
  if (error instanceof Error && error.name === 'TimeoutError') return 'no answer in time'
  const cause = error instanceof Error ? error.cause : undefined
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : 'not reachable'
  return code === 'ECONNREFUSED' ? 'connection refused' : code
}

async function fetchBody(url: string, timeoutMs: number): Promise<Uint8Array> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), redirect: 'error' })
  const body = new Uint8Array(await response.arrayBuffer())
  if (response.ok) return body
  throw errorOf({ status: response.status, headers: Object.fromEntries(response.headers), body })
}
