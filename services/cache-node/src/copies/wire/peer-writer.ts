/** A peer writer puts requests and replies one behind the other, for one write to the socket. */
import {
  FrameWriter,
  type HandedOver,
  type WriterMemory,
  writeCommand,
  writeError,
  writeOutcome,
} from '@ringhold/sdk/protocol'
import type { Copy, Envelope, PeerReply, PeerRequest, Spot, TokenDigest } from '../peer-request.ts'
import type { TokenSet } from '../token-set.ts'
import {
  copyBytes,
  digestsBytes,
  envelopeBytes,
  stampBytes,
  tokenSetBytes,
  writeCopy,
  writeDigests,
  writeEnvelope,
  writeStamp,
} from './fields.ts'
import { blockBytes, blockSumBytes, frameFlags, messageBytesMax, peerFrames, results, u53Bytes } from './layout.ts'

/** Head is what comes back with the reply, and who speaks. */
export interface Head {
  readonly id: number
  readonly envelope: Envelope
}

/** What the number of digests that differ takes: there are no more than tokens. */
const countBytes = 2

type Kind = keyof typeof peerFrames
type Versioned = Spot & { readonly version?: number }

/** Extras is what only some frames have. */
interface Extras {
  readonly cursor?: number | undefined
  readonly flags?: number
}

const none: Extras = {}
const nobody: Head = { id: 0, envelope: { from: '', incarnation: 0, clock: 0 } }

export class PeerWriter {
  readonly #writer: FrameWriter
  /** For the frames within frames. */
  readonly #inner = new FrameWriter()
  /** Of the message at hand. */
  #head: Head = nobody

  /** `memory` lends what is needed beyond 16 KiB. Default: it gets memory of its own. */
  constructor(memory?: WriterMemory) {
    this.#writer = new FrameWriter(undefined, memory)
  }

  /** length is how many bytes are written. */
  get length(): number {
    return this.#writer.length
  }

  /** bytes is what was written: a view that is good until the next write. */
  get bytes(): Uint8Array {
    return this.#writer.bytes
  }

  /** isLent tells whether what is written lies in lent memory. */
  get isLent(): boolean {
    return this.#writer.isLent
  }

  /** handOver passes on what was written to lent memory, which is to be given back. */
  handOver(): HandedOver {
    return this.#writer.handOver()
  }

  /** take hands over what was written, for good. Not for lent memory. */
  take(): Uint8Array {
    return this.#writer.take()
  }

  /** clear forgets what was written. */
  clear(): void {
    this.#writer.clear()
  }

  /** request appends a request; false, and nothing is written, when it is longer than messageBytesMax. */
  request(head: Head, request: PeerRequest): boolean {
    this.#head = head
    switch (request.type) {
      case 'apply':
        return this.#copies('apply', request.copies)
      case 'command':
        writeCommand(this.#inner, request.command, { id: 0, isDirect: false })
        return this.#whole('command', request.failover ? frameFlags.failover : 0)
      case 'claim':
        return this.#claim(request.ring, request.tokens)
      case 'recall':
        return this.#tokens('recall', request.tokens, [])
      case 'compare':
        return this.#digests('compare', request.digests)
      case 'compare-blocks':
        return this.#compareBlocks(request)
      case 'list':
      case 'pull':
        return this.#page(request)
      case 'fetch':
        return this.#stamps('fetch', request.spots)
      case 'evict':
        return this.#stamps('evict', request.stamps)
    }
  }

  /** reply appends the reply to the request of this id; false, and nothing is written, when it is longer than messageBytesMax. */
  reply(head: Head, reply: PeerReply): boolean {
    this.#head = head
    switch (reply.type) {
      case 'applied':
        return this.#applied(reply.results)
      case 'outcome':
        writeOutcome(this.#inner, 0, reply.outcome)
        return this.#whole('answer')
      case 'refused':
        writeError(this.#inner, 0, reply.error)
        return this.#whole('answer')
      case 'released':
        return this.#tokens('released', reply.held, reply.digests)
      case 'other-ring':
        return this.#otherRing(reply.ring)
      case 'compared':
        return this.#compared(reply.differing, reply.known)
      case 'compared-blocks':
        return this.#comparedBlocks(reply.differing)
      case 'stamps':
        return this.#stamps('stamps', reply.stamps, reply.cursor)
      case 'copies':
        return this.#copies('copies', reply.copies, reply.cursor)
      case 'noted':
        return this.#begin('noted', 0) && this.#end()
    }
  }

  /** Appends what the inner writer has. */
  #whole(kind: Kind, flags = 0): boolean {
    const { bytes } = this.#inner
    const fits = this.#begin(kind, bytes.length, { flags })
    if (fits) {
      this.#writer.raw(bytes)
      this.#end()
    }
    this.#inner.clear()
    return fits
  }

  #applied(applied: readonly (typeof results)[number][]): boolean {
    if (!this.#begin('applied', applied.length)) return false
    for (const result of applied) this.#writer.u8(results.indexOf(result))
    return this.#end()
  }

  #copies(kind: Kind, copies: readonly Copy[], cursor?: number): boolean {
    let bytes = 0
    for (const copy of copies) bytes += copyBytes(copy)
    if (!this.#begin(kind, bytes, { cursor })) return false
    for (const copy of copies) writeCopy(this.#writer, copy)
    return this.#end()
  }

  #stamps(kind: Kind, stamps: readonly Versioned[], cursor?: number): boolean {
    let bytes = 0
    for (const stamp of stamps) bytes += stampBytes(stamp)
    if (!this.#begin(kind, bytes, { cursor })) return false
    for (const stamp of stamps) writeStamp(this.#writer, stamp, stamp.version ?? 0)
    return this.#end()
  }

  #tokens(kind: Kind, tokens: TokenSet, digests: readonly TokenDigest[]): boolean {
    if (!this.#begin(kind, tokenSetBytes + digestsBytes(digests))) return false
    this.#writer.raw(tokens.bits)
    writeDigests(this.#writer, digests)
    return this.#end()
  }

  #digests(kind: Kind, digests: readonly TokenDigest[]): boolean {
    if (!this.#begin(kind, digestsBytes(digests))) return false
    writeDigests(this.#writer, digests)
    return this.#end()
  }

  #compared(differing: readonly TokenDigest[], known: readonly TokenDigest[]): boolean {
    if (!this.#begin('compared', countBytes + digestsBytes(differing) + digestsBytes(known))) return false
    this.#writer.u16(differing.length)
    writeDigests(this.#writer, differing)
    writeDigests(this.#writer, known)
    return this.#end()
  }

  #compareBlocks({ ring, width, sums }: Extract<PeerRequest, { type: 'compare-blocks' }>): boolean {
    if (!this.#begin('compare-blocks', 3 + ring.length + sums.length * blockSumBytes)) return false
    this.#text(ring)
    this.#writer.u16(width)
    for (const { block, low, high } of sums) {
      this.#writer.u16(block)
      this.#writer.u32(low)
      this.#writer.u32(high)
    }
    return this.#end()
  }

  #comparedBlocks(blocks: readonly number[]): boolean {
    if (!this.#begin('compared-blocks', blocks.length * blockBytes)) return false
    for (const block of blocks) this.#writer.u16(block)
    return this.#end()
  }

  #claim(ring: string, tokens: TokenSet): boolean {
    if (!this.#begin('claim', 1 + ring.length + tokenSetBytes)) return false
    this.#text(ring)
    this.#writer.raw(tokens.bits)
    return this.#end()
  }

  #otherRing(ring: string): boolean {
    if (!this.#begin('other-ring', 1 + ring.length)) return false
    this.#text(ring)
    return this.#end()
  }

  #page({ type, cursor, bytesMax, tokens }: Extract<PeerRequest, { type: 'list' | 'pull' }>): boolean {
    if (!this.#begin(type, 4 + tokenSetBytes, { cursor })) return false
    this.#writer.u32(bytesMax)
    this.#writer.raw(tokens.bits)
    return this.#end()
  }

  #text(text: string): void {
    this.#writer.u8(text.length)
    this.#writer.latin1(text)
  }

  #begin(kind: Kind, bytes: number, { cursor, flags = 0 }: Extras = none): boolean {
    const { id, envelope } = this.#head
    const whole = envelopeBytes(envelope) + u53Bytes + bytes
    if (whole > messageBytesMax) return false
    this.#writer.begin(peerFrames[kind], id, flags | (cursor === undefined ? 0 : frameFlags.cursor), whole)
    writeEnvelope(this.#writer, envelope)
    if (cursor !== undefined) this.#writer.u53(cursor)
    return true
  }

  #end(): true {
    this.#writer.end()
    return true
  }
}
