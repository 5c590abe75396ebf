/** What a fleet at rest looks like, when all faults are over: the rules of which each is looked at for all nodes and keys. */
import type { Ring } from '@ringhold/sdk/ring'
import type { Held, History } from './history.ts'
import type { SimNode } from './sim-node.ts'
import type { World } from './world.ts'

/** Copies that expire this soon may be gone in one place and not yet in the other. */
const expiryToleranceMs = 1_500

const countsOf = new WeakMap<Ring, Map<string, number>>()

/** unrest returns what is not yet at rest, in words; undefined when all is. */
export function unrest(world: World): string | undefined {
  return unrestOfFleet(world) ?? unrestOfCopies(world)
}

function unrestOfFleet({ running, coordination, oracle, now }: World): string | undefined {
  const isUneven = oracle.histories.some((history) => isKnownToDiffer(history, now))
  const names = running
    .map(({ name }) => name)
    .sort()
    .join(' ')
  for (const node of running) {
    const members = node.ring.members.map(({ name }) => name).join(' ')
    if (members !== names) return `${node.name} has ${members} on its ring, not ${names}`
    const answers = node.membership.answers(node.localNow)
    if (answers !== 'yes') return `${node.name} is ${answers}`
    const { tokens, underReplicatedTokens, syncingTokens, strayTokens, entries, waiting } = node.copies.status
    const own = tokensOf(node.ring).get(node.name) ?? 0
    if (tokens.held !== own || tokens.claiming > 0 || tokens.provisional > 0) {
      return `${node.name} has ${JSON.stringify(tokens)} of ${own} tokens`
    }
    const differing = { underReplicatedTokens, strayTokens, strays: entries.strays }
    const open = { syncingTokens, waiting, ...(isUneven ? {} : differing) }
    for (const [what, count] of Object.entries(open)) if (count > 0) return `${node.name} has ${count} ${what}`
  }
  const [double] = coordination.doubles()
  return double === undefined ? undefined : `two coordinators of token ${double}`
}

/** Whether some node evicted what others still hold. */
function isKnownToDiffer({ holders, evictedUpTo }: History, now: number): boolean {
  for (const { version, expiresAt } of holders.values()) {
    if (version <= evictedUpTo && expiresAt > now) return true
  }
  return false
}

function unrestOfCopies(world: World): string | undefined {
  for (const history of world.oracle.histories) {
    const wrong = unrestOfKey(world, history)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

function unrestOfKey({ running, now }: World, history: History): string | undefined {
  const { key, holders, excusedUpTo } = history
  const lasting = [...holders].filter(([, { expiresAt }]) => expiresAt > now + expiryToleranceMs)
  const top = Math.max(0, ...lasting.map(([, { version }]) => version))
  if (top === 0) return undefined
  const owners = running[0]?.ring.owners(key.token) ?? []
  if (isKnownToDiffer(history, now)) {
    // A tombstone is not evicted, but goes by itself.
    const names = lasting.filter(([, { type }]) => type === 'entry').map(([{ name }]) => name)
    if (names.includes(owners[0] as string) || !names.some((name) => owners.includes(name))) return undefined
    return `${names.join(', ')} hold ${key.name} at ${top}, which ${owners[0]} coordinates and has evicted`
  }
  for (const [node, { version }] of lasting) {
    if (!owners.includes(node.name)) return `${node.name} keeps ${key.name}, which ${owners.join(', ')} own`
    if (version !== top) return `${node.name} holds ${key.name} at ${version}, others at ${top}`
  }
  if (lasting.length < owners.length && top > excusedUpTo) {
    return `${key.name} at ${top} is held by ${lasting.map(([{ name }]) => name).join(', ')} of ${owners.join(', ')}`
  }
  return undefined
}

/** lost returns what should be there at rest and is not, in words. */
export function lost({ oracle, running, now }: World): string | undefined {
  for (const history of oracle.histories) {
    const { promise, holders, key } = history
    if (promise === undefined || history.isGone(promise.version, now + expiryToleranceMs)) continue
    const owners = running[0]?.ring.owners(key.token) ?? []
    // Where evictions leave owners uneven for a while there may be strays at rest, which nobody reads.
    const isRead = ([{ name }]: [SimNode, Held]) => owners.includes(name) || !isKnownToDiffer(history, now)
    const tops = [...holders].filter(isRead).flatMap(([, held]) => (held.expiresAt > now ? [held] : []))
    const top = Math.max(0, ...tops.map(({ version }) => version))
    if (history.issued.get(promise.version)?.type === 'tombstone') {
      const back = tops.find(({ version, type }) => version < promise.version && type === 'entry')
      if (back) return `${key.name} is back at ${back.version}, it was deleted at ${promise.version}`
    } else if (top < promise.version && !history.isDeletedAbove(promise.version)) {
      return `${key.name} at ${promise.version} was acknowledged and is not there`
    }
  }
  return undefined
}

/** What each member coordinates; the same ring is asked often. */
function tokensOf(ring: Ring): Map<string, number> {
  let counts = countsOf.get(ring)
  if (counts === undefined) {
    counts = ring.tokensOf()
    countsOf.set(ring, counts)
  }
  return counts
}
