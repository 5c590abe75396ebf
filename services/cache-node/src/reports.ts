/** What a node tells of itself and of its fleet. */
import type { Topology } from '@ringhold/sdk/protocol'
import { hash32, tokenCount } from '@ringhold/sdk/ring'
import type { Explanation } from './http/explain-route.ts'
import type { Unreadiness } from './http/health-routes.ts'
import type { NodeStats } from './http/stats-route.ts'
import type { CacheNode } from './node.ts'
import type { CacheStats } from './store/store.ts'

/** topologyOf reports the fleet as this node sees it. */
export function topologyOf({ config, ring, view }: CacheNode): Topology {
  const members = [...view.values()]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, urls, status, incarnation, zone, weight }) => {
      return { name, url: urls.client, status, incarnation, zone, weight }
    })
  const { fleet, copies, name: node } = config
  return { fleet, ringSeed: ring.seed, copies, tokens: tokenCount, ring: ring.checksum, node, members }
}

/** statsOf reports what this node holds and did. */
export function statsOf(node: CacheNode): NodeStats {
  const now = performance.now()
  const copies = node.copies
  const { tokens, entries: held } = copies
  const { caches, bytesMax, entries: _entries, bytes, evictions, expirations, ...details } = node.store.stats(now)
  const { bytesByKind, hits: _hits, ...store } = details
  return {
    node: node.config.name,
    fleet: node.config.fleet,
    status: node.self?.status ?? 'joining',
    incarnation: node.self?.incarnation ?? 0,
    ring: node.ring.checksum,
    uptimeMs: Math.floor(now - node.startedAt),
    entries: held.coordinated,
    bytes,
    evictions,
    expirations,
    store: { ...store, bytes: bytesByKind },
    memoryBytesMax: bytesMax,
    caches: Object.fromEntries([...caches].map(([name, cache]) => [name, coordinatedOf(cache)])),
    tokens: tokens.held + tokens.provisional,
    copies,
    streams: node.streams,
    unsentBytes: node.unsentBytes,
    ...node.counters,
    gossip: node.gossip,
  }
}

/** What a node tells of a cache: as everywhere, entries are those that it coordinates. */
function coordinatedOf({ entries, replicas, bytes }: CacheStats): CacheStats {
  return { entries: entries - replicas, replicas, bytes }
}

/** explanationOf tells where a key belongs. */
export function explanationOf(node: CacheNode, cache: string, key: string): Explanation {
  const { ring, view, config } = node
  const token = ring.token(key)
  const coordinator = ring.coordinator(token)
  const owners = ring.owners(token).map((name) => {
    const member = view.get(name)
    return { name, url: member?.urls.client ?? '', status: member?.status ?? 'dead' }
  })
  return {
    cache,
    key,
    hash: hash32(key, ring.seed),
    token,
    owners,
    ...(coordinator !== undefined && { coordinator }),
    answeredBy: config.name,
    isCoordinator: coordinator === config.name,
    ring: ring.checksum,
  }
}

/** unreadinessOf tells why the node should get no requests now, if so. */
export function unreadinessOf(node: CacheNode): Unreadiness {
  const answers = node.answers(performance.now())
  if (answers !== 'yes') return answers
  const status = node.self?.status
  if (status === 'leaving' || status === 'left') return 'leaving'
  return node.hasClaimed ? undefined : 'joining'
}
