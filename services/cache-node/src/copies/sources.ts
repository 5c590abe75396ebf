/**
 * Sources: who holds what this node may lack of a token. Peers with equal digests hold the same, so that one of them is
 * enough and the others stand in for it; peers that differ are pulled one after another.
 *
 *      token 17   [ node-2 = node-5 ]   then   [ node-4 ]
 */
import type { TokenDigest } from './peer-request.ts'

/** Source is what several peers hold alike. */
export interface Source {
  readonly digest: TokenDigest
  /** The one that is pulled from comes first. */
  readonly peers: string[]
}

/** sourcesOf groups what peers hold of each token; the fullest first. Tokens of which nobody holds anything are left out. */
export function sourcesOf(digests: ReadonlyMap<string, readonly TokenDigest[]>): Map<number, Source[]> {
  const byToken = new Map<number, Source[]>()
  for (const [peer, held] of digests) {
    for (const digest of held) {
      if (digest.entries === 0) continue
      const sources = byToken.get(digest.token)
      const alike = sources?.find((source) => isEqual(source.digest, digest))
      if (alike !== undefined) alike.peers.push(peer)
      else if (sources === undefined) byToken.set(digest.token, [{ digest, peers: [peer] }])
      else sources.push({ digest, peers: [peer] })
    }
  }
  for (const [token, sources] of byToken) {
    sources.sort((a, b) => b.digest.entries - a.digest.entries)
    // Each of those alike takes its part of the work.
    for (const { peers } of sources) peers.push(...peers.splice(0, token % peers.length))
  }
  return byToken
}

/** isEqual tells whether two digests stand for the same entries. */
export function isEqual(a: Omit<TokenDigest, 'token'>, b: Omit<TokenDigest, 'token'>): boolean {
  return a.entries === b.entries && a.low === b.low && a.high === b.high
}
