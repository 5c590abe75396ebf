/**
 * A peer reader finds requests and replies in the chunks of a stream. What it returns has been checked as far as it can be
 * without knowing the node: sizes, numbers, names. Keys and values are views of the chunks, which must not change any more
 * where `isKept` says so; those of copies to apply are good only until next() where memory is lent.
 * What cannot be read throws a RingholdError of the given code, and the reader is of no use then.
 */
import {
  type ByteCommand,
  type ErrorCode,
  FrameReader,
  type FrameRoom,
  isCommand,
  type Limits,
  Names,
  RingholdError,
  readAnswer,
  readCommand,
} from '@ringhold/sdk/protocol'
import { tokenCount } from '@ringhold/sdk/ring'
import type { BlockSum, Copy, Envelope, PeerReply, PeerRequest, Stamp } from '../peer-request.ts'
import { Fields } from './fields.ts'
import { frameFlags, messageBytesMax, peerFrames, results } from './layout.ts'

export interface PeerReaderOptions {
  readonly limits: Limits
  /** Code of the errors: whose fault a bad frame is depends on the side. */
  readonly fault: ErrorCode
  /** Lends the memory for messages across chunks. Default: each gets memory of its own. */
  readonly room?: FrameRoom
}

/** The requests that name keys which are looked at again when they are answered. */
const naming: ReadonlySet<number> = new Set([peerFrames.command, peerFrames.fetch, peerFrames.evict])
/** The replies that are done with when they are taken: copies are in the store then. */
const settled: ReadonlySet<number> = new Set([peerFrames.applied, peerFrames.copies])

export class PeerReader {
  readonly #reader: FrameReader
  readonly #fields: Fields
  /** For the frames within frames. */
  readonly #inner: FrameReader
  readonly #names = new Names()
  /** Copies to apply, and results of that, read since the last chunk was fed; and whether anything else was: that may be needed for longer. */
  copiesRead = 0
  isKept = false

  constructor({ limits, fault, room }: PeerReaderOptions) {
    this.#reader = new FrameReader({ frameBytesMax: messageBytesMax, fault, ...(room && { room }) })
    this.#inner = new FrameReader({ frameBytesMax: messageBytesMax, fault })
    this.#fields = new Fields(this.#reader, limits)
  }

  /** feed adds a chunk. The one before must be used up: next() has returned false. */
  feed(chunk: Uint8Array): void {
    this.#reader.feed(chunk)
    this.copiesRead = 0
    this.isKept = false
  }

  /** next goes to the next message; false when it needs another chunk for that. */
  next(): boolean {
    return this.#reader.next()
  }

  /** close gives back what is lent. The reader is of no use then. */
  close(): void {
    this.#reader.close()
  }

  /** id is that of the message in which the reader stands. */
  get id(): number {
    return this.#reader.id
  }

  /** request reads the request in which the reader stands. */
  request(): { readonly envelope: Envelope; readonly request: PeerRequest } {
    if (naming.has(this.#reader.type)) this.#keep()
    const envelope = this.#fields.envelope()
    const request = this.#request()
    this.#reader.done()
    return { envelope, request }
  }

  /** reply reads the reply in which the reader stands. */
  reply(): { readonly envelope: Envelope; readonly reply: PeerReply } {
    if (!settled.has(this.#reader.type)) this.#keep()
    const envelope = this.#fields.envelope()
    const reply = this.#reply()
    this.#reader.done()
    return { envelope, reply }
  }

  #keep(): void {
    this.#reader.keep()
    this.isKept = true
  }

  #request(): PeerRequest {
    const fields = this.#fields
    switch (this.#reader.type) {
      case peerFrames.apply:
        return { type: 'apply', copies: this.#copies() }
      case peerFrames.command:
        return { type: 'command', command: this.#command(), ...(this.#has(frameFlags.failover) && { failover: true }) }
      case peerFrames.claim:
        return { type: 'claim', ring: fields.text(), tokens: fields.tokenSet() }
      case peerFrames.recall:
        return { type: 'recall', tokens: fields.tokenSet() }
      case peerFrames.compare:
        return { type: 'compare', digests: fields.digests() }
      case peerFrames['compare-blocks']:
        return this.#compareBlocks()
      case peerFrames.list:
        return this.#page('list')
      case peerFrames.pull:
        return this.#page('pull')
      case peerFrames.fetch:
        return { type: 'fetch', spots: this.#stamps().map(({ cache, key }) => ({ cache, key })) }
      case peerFrames.evict:
        return { type: 'evict', stamps: this.#stamps() }
      default:
        throw this.#reader.bad('it is no request')
    }
  }

  #reply(): PeerReply {
    const fields = this.#fields
    switch (this.#reader.type) {
      case peerFrames.applied:
        return this.#applied()
      case peerFrames.answer:
        return this.#answer()
      case peerFrames.released:
        return { type: 'released', held: fields.tokenSet(), digests: fields.digests() }
      case peerFrames['other-ring']:
        return { type: 'other-ring', ring: fields.text() }
      case peerFrames.compared:
        return this.#compared()
      case peerFrames['compared-blocks']:
        return this.#comparedBlocks()
      case peerFrames.stamps: {
        const cursor = this.#cursor()
        return { type: 'stamps', stamps: this.#stamps(), cursor }
      }
      case peerFrames.copies: {
        const cursor = this.#cursor()
        return { type: 'copies', copies: this.#copies(), cursor }
      }
      case peerFrames.noted:
        return { type: 'noted' }
      default:
        throw this.#reader.bad('it is no reply')
    }
  }

  #command(): ByteCommand {
    const inner = this.#innerFrame()
    if (!isCommand(inner.type)) throw this.#reader.bad('it holds no command')
    return readCommand(inner, this.#names)
  }

  #answer(): PeerReply {
    const answer = readAnswer(this.#innerFrame())
    return answer instanceof RingholdError ? { type: 'refused', error: answer } : { type: 'outcome', outcome: answer }
  }

  #innerFrame(): FrameReader {
    const inner = this.#inner
    inner.feed(this.#reader.rest())
    if (!inner.next() || inner.unread > 0) throw this.#reader.bad('it does not hold one whole frame')
    return inner
  }

  #applied(): PeerReply {
    const numbers = this.#reader.rest()
    const applied = new Array<(typeof results)[number]>(numbers.length)
    for (let at = 0; at < numbers.length; at++) {
      const result = results[numbers[at] as number]
      if (result === undefined) throw this.#reader.bad('there is no such result')
      applied[at] = result
    }
    this.copiesRead += applied.length
    return { type: 'applied', results: applied }
  }

  #page(type: 'list' | 'pull'): PeerRequest {
    const cursor = this.#cursor()
    const bytesMax = this.#reader.u32()
    return { type, tokens: this.#fields.tokenSet(), cursor, bytesMax }
  }

  #compareBlocks(): PeerRequest {
    const ring = this.#fields.text()
    const width = this.#reader.u16()
    if (width === 0 || tokenCount % width !== 0) throw this.#reader.bad('blocks have no such width')
    const sums: BlockSum[] = []
    while (this.#fields.more)
      sums.push({ block: this.#reader.u16(), low: this.#reader.u32(), high: this.#reader.u32() })
    return { type: 'compare-blocks', ring, width, sums }
  }

  #compared(): PeerReply {
    const count = this.#reader.u16()
    const digests = this.#fields.digests()
    if (count > digests.length) throw this.#reader.bad('digests are missing')
    return { type: 'compared', differing: digests.slice(0, count), known: digests.slice(count) }
  }

  #comparedBlocks(): PeerReply {
    const differing: number[] = []
    while (this.#fields.more) differing.push(this.#reader.u16())
    return { type: 'compared-blocks', differing }
  }

  #copies(): Copy[] {
    const copies: Copy[] = []
    while (this.#fields.more) copies.push(this.#fields.copy())
    this.copiesRead += copies.length
    return copies
  }

  #stamps(): Stamp[] {
    const stamps: Stamp[] = []
    while (this.#fields.more) stamps.push(this.#fields.stamp())
    return stamps
  }

  #cursor(): number | undefined {
    return this.#has(frameFlags.cursor) ? this.#fields.number() : undefined
  }

  #has(flag: number): boolean {
    return (this.#reader.flags & flag) !== 0
  }
}
