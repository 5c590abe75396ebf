/**
 * What a message is worth once it left: on the wire it is bytes, which nobody changes any more. And what it is worth once it
 * was taken: the memory of copies that were read is used again at once, so whoever keeps them must have bytes of their own.
 */
import type { Copy, PeerReply, PeerRequest } from '#node/copies/peer-request.js'
import { TokenSet } from '#node/copies/token-set.js'
import type { ValueMemory } from '#node/copies/value-memory.js'

const spoilt = 0x21

/** Memory that spoils what is released, as the next who uses it would. */
export const spoilingMemory: ValueMemory = {
  copy: (value) => new Uint8Array(value),
  release: (copy) => {
    copy.fill(spoilt)
  },
}

/** lent passes a message on to whoever takes it, with copies in memory that is good for no longer than that. */
export function lent<Message extends PeerRequest | PeerReply>(
  message: Message,
  take: (message: Message) => void,
): void {
  const hasCopies = message.type === 'apply' || message.type === 'copies'
  const copies = hasCopies ? message.copies.map(copyOfCopy) : []
  take(hasCopies ? { ...message, copies } : message)
  for (const copy of copies) {
    copy.key.fill(spoilt)
    if (copy.type === 'entry') copy.value.fill(spoilt)
  }
}

/** copyOfRequest returns what the other end reads. */
export function copyOfRequest(request: PeerRequest): PeerRequest {
  switch (request.type) {
    case 'claim':
    case 'recall':
    case 'list':
    case 'pull':
      return { ...request, tokens: copyOf(request.tokens) }
    case 'apply':
      return { ...request, copies: request.copies.map(copyOfCopy) }
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
      return { ...reply, copies: reply.copies.map(copyOfCopy) }
    default:
      return reply
  }
}

function copyOfCopy(copy: Copy): Copy {
  const key = new Uint8Array(copy.key)
  return copy.type === 'entry' ? { ...copy, key, value: new Uint8Array(copy.value) } : { ...copy, key }
}

function copyOf(tokens: TokenSet): TokenSet {
  return new TokenSet(tokens.bits.slice())
}
