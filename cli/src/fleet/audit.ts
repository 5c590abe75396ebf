/**
 * The audit of the ring: computes it here from what each node says its members are, and compares.
 *
 * Every node and every client computes the ring for itself; nothing ever hands it out. So this is the question that
 * matters: does the same arithmetic give the same table everywhere, and does every token have its owners?
 */
import { ringOf, type Topology } from '@ringhold/sdk/protocol'
import { type Ring, tokenCount } from '@ringhold/sdk/ring'
import { byName } from './survey.ts'

export interface Share {
  readonly node: string
  /** Tokens that it coordinates. */
  readonly tokens: number
  /** Tokens that it owns behind the coordinator. */
  readonly replicas: number
  /** Its tokens over the mean by weight: 1.05 is the most that the ring allows. */
  readonly ofMean: number
}

export interface Audit {
  readonly ring: string | undefined
  readonly tokens: number
  readonly unowned: number
  readonly shares: readonly Share[]
  /** A sentence for each fault; none when all is well. */
  readonly faults: readonly string[]
}

/** auditOf takes the topologies of all nodes that answered. */
export function auditOf(views: readonly Topology[]): Audit {
  const first = views[0]
  if (!first)
    return { ring: undefined, tokens: tokenCount, unowned: tokenCount, shares: [], faults: ['no node answers'] }
  const ring = ringOf(first)
  const faults: string[] = []
  const checksums = new Set(views.map((view) => view.ring))
  if (checksums.size > 1) faults.push(`${checksums.size} different checksums: ${[...checksums].join(', ')}`)
  for (const view of views) {
    const computed = view === first ? ring : ringOf(view)
    if (computed.checksum !== view.ring)
      faults.push(`${view.node} has ${view.ring}, its members give ${computed.checksum}`)
    if (view.tokens !== tokenCount) faults.push(`${view.node} has ${view.tokens} tokens instead of ${tokenCount}`)
  }
  const unowned = unownedOf(ring)
  if (unowned > 0) faults.push(`${unowned} tokens without all their owners`)
  return {
    ring: checksums.size === 1 ? first.ring : undefined,
    tokens: tokenCount,
    unowned,
    shares: sharesOf(ring),
    faults,
  }
}

/** unownedOf counts the tokens that lack an owner, or have one twice. */
export function unownedOf(ring: Ring): number {
  if (ring.members.length === 0) return tokenCount
  let unowned = 0
  for (let token = 0; token < tokenCount; token++) {
    const owners = ring.owners(token)
    if (owners.length === 0 || new Set(owners).size !== ring.ownersPerToken) unowned++
  }
  return unowned
}

/** sharesOf lists what each member owns, in order of names. */
export function sharesOf(ring: Ring): Share[] {
  const ranks = Array.from({ length: ring.ownersPerToken }, (_, rank) => ring.tokensOf(rank))
  const weights = ring.members.reduce((sum, { weight }) => sum + weight, 0)
  return ring.members
    .map(({ name, weight }) => {
      const [tokens = 0, ...replicas] = ranks.map((counts) => counts.get(name) ?? 0)
      const ofMean = tokens / ((tokenCount * weight) / weights)
      return { node: name, tokens, replicas: replicas.reduce((sum, count) => sum + count, 0), ofMean }
    })
    .sort((a, b) => byName(a.node, b.node))
}
