/**
 * Fetching the topology from whichever address answers first. Addresses are asked one after the other, the next one as
 * soon as one fails and at the latest after a share of the time, so that all get their turn within it. The first
 * topology that the fleet accepts wins, and the requests still open are dropped.
 */
import type { Fleet } from './fleet.ts'
import { RingholdError } from './protocol/index.ts'
import { type Bell, ring, type Scope } from './scope.ts'

/** hedgeMsMax is the longest time that one silent address holds up the next. */
const hedgeMsMax = 100

/** Source is where the newest topology came from, and its ETag there. */
export interface Source {
  readonly url: string
  readonly etag: string | undefined
}

export interface FetchOptions {
  readonly fleet: Fleet
  /** Its end is that of the fetch; the fetch interrupts it when it has what it came for. */
  readonly scope: Scope
  readonly timeoutMs: number
  /** Where an unchanged topology needs not to be sent again. */
  readonly source: Source | undefined
}

/** Fetched says where an accepted topology came from and which addresses in it are not usable. */
export interface Fetched {
  readonly source: Source
  readonly problems: readonly RingholdError[]
}

/** fetchTopology has the fleet adopt the topology of the first address that answers. Rejects with RINGHOLD_NO_NODES, saying what each address did. */
export async function fetchTopology(urls: readonly string[], options: FetchOptions): Promise<Fetched> {
  const { scope, timeoutMs } = options
  const hedgeMs = Math.min(hedgeMsMax, timeoutMs / (urls.length + 1))
  const news: Bell = new Set()
  const reasons = new Map<string, string>()
  let fetched: Fetched | undefined
  const askNext = async (url: string) => {
    const result = await ask(url, options)
    if (typeof result === 'string') reasons.set(url, result)
    else fetched ??= result
    ring(news)
  }
  for (const url of urls) {
    if (fetched || scope.interruption) break
    void askNext(url)
    await scope.pause(hedgeMs, news)
  }
  while (!fetched && !scope.interruption && reasons.size < urls.length) await scope.hear(news)
  scope.interrupt({ type: 'closed' })
  if (fetched) return fetched
  const reports = urls.map((url) => `${url} (${reasons.get(url) ?? `no answer within ${timeoutMs} ms`})`)
  throw new RingholdError('RINGHOLD_NO_NODES', { detail: `no node could be reached: ${reports.join(', ')}` })
}

/** ask returns what came of one address, or as text why nothing did. Nothing is adopted once the fetch is over. */
async function ask(url: string, { scope, fleet, source, timeoutMs }: FetchOptions): Promise<Fetched | string> {
  const { connection, breaker } = fleet.peer(url)
  const etag = source?.url === url ? source.etag : undefined
  const answer = await connection.topology(etag, scope)
  if (answer.type === 'interrupted') return `no answer within ${timeoutMs} ms`
  if (answer.type !== 'outcome') return answer.error.facts.detail ?? answer.error.code
  if (scope.interruption) return 'too late'
  breaker.succeeded()
  if (answer.outcome === undefined) {
    return etag === undefined ? '304 to a request without a condition' : { source: { url, etag }, problems: [] }
  }
  try {
    return { source: { url, etag: answer.outcome.etag }, problems: fleet.adopt(answer.outcome.topology) }
  } catch (error) {
    if (error instanceof RingholdError) return error.facts.detail ?? error.code
    throw error
  }
}
