/** What a message is worth once it left: on the wire it is bytes, which nobody changes any more. */
import type { PeerReply, PeerRequest } from '#node/copies/peer-request.js'
import { TokenSet } from '#node/copies/token-set.js'

/** copyOfRequest returns what the other end reads. Values and keys are taken as they are: nobody writes into them. */
export function copyOfRequest(request: PeerRequest): PeerRequest {
  switch (request.type) {
    case 'claim':
    case 'recall':
    case 'list':
    case 'pull':
      return { ...request, tokens: copyOf(request.tokens) }
    case 'apply':
      return { ...request, copies: request.copies.slice() }
    case 'compare':
      return { ...request, digests: request.digests.slice() }
    case 'compare-blocks':
      return { ...request, sums: request.sums.slice() }
    case 'fetch':
      return { ...request, spots: request.spots.slice() }
    case 'evict':
      return { ...request, stamps: request.stamps.slice() }
    default:
      return request
  }
}

export function copyOfReply(reply: PeerReply): PeerReply {
  switch (reply.type) {
    case 'released':
      return { ...reply, held: copyOf(reply.held), digests: reply.digests.slice() }
    case 'compared':
      return { ...reply, differing: reply.differing.slice(), known: reply.known.slice() }
    case 'compared-blocks':
      return { ...reply, differing: reply.differing.slice() }
    case 'stamps':
      return { ...reply, stamps: reply.stamps.slice() }
    case 'copies':
      return { ...reply, copies: reply.copies.slice() }
    default:
      return reply
  }
}

function copyOf(tokens: TokenSet): TokenSet {
  return new TokenSet(tokens.bits.slice())
}
