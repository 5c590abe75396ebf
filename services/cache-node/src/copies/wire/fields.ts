/** The parts that several kinds of message have: who speaks, copies, stamps, digests, sets of tokens. */
import {
  checkCacheName,
  type FrameReader,
  type FrameWriter,
  type Limits,
  Names,
  type Version,
} from '@ringhold/sdk/protocol'
import { tokenCount } from '@ringhold/sdk/ring'
import type { Copy, Envelope, Spot, Stamp, TokenDigest } from '../peer-request.ts'
import { TokenSet } from '../token-set.ts'
import { copyFlags, copyHeadBytes, digestBytes, envelopeHeadBytes, stampHeadBytes, u53Bytes } from './layout.ts'

export const tokenSetBytes = tokenCount / 8

export function envelopeBytes({ from }: Envelope): number {
  return envelopeHeadBytes + from.length
}

export function writeEnvelope(writer: FrameWriter, { from, incarnation, clock }: Envelope): void {
  writer.u8(from.length)
  writer.u53(incarnation)
  writer.u53(clock)
  writer.latin1(from)
}

export function copyBytes(copy: Copy): number {
  const head = copyHeadBytes + u53Bytes + copy.cache.length + copy.key.length
  return copy.type === 'tombstone' ? head : head + copy.contentType.length + copy.value.length
}

export function writeCopy(writer: FrameWriter, copy: Copy): void {
  const { cache, key, version, ttlMs } = copy
  const contentType = copy.type === 'tombstone' ? '' : copy.contentType
  writer.u8((copy.type === 'tombstone' ? copyFlags.tombstone : 0) | (ttlMs === undefined ? 0 : copyFlags.ttl))
  writer.u8(cache.length)
  writer.u8(contentType.length)
  writer.u16(key.length)
  writer.u32(copy.type === 'tombstone' ? 0 : copy.value.length)
  writer.u53(version)
  // Whole milliseconds, never fewer than there are: an entry may not expire early.
  if (ttlMs !== undefined) writer.u53(Math.max(0, Math.ceil(ttlMs)))
  writer.latin1(cache)
  writer.raw(key)
  writer.latin1(contentType)
  if (copy.type === 'entry') writer.raw(copy.value)
}

export function stampBytes({ cache, key }: Spot): number {
  return stampHeadBytes + cache.length + key.length
}

export function writeStamp(writer: FrameWriter, { cache, key }: Spot, version: Version): void {
  writer.u8(cache.length)
  writer.u16(key.length)
  writer.u53(version)
  writer.latin1(cache)
  writer.raw(key)
}

export function writeDigests(writer: FrameWriter, digests: readonly TokenDigest[]): void {
  for (const { token, entries, low, high } of digests) {
    writer.u16(token)
    writer.u32(entries)
    writer.u32(low)
    writer.u32(high)
  }
}

export function digestsBytes(digests: readonly TokenDigest[]): number {
  return digests.length * digestBytes
}

/** Fields reads these parts from where a reader stands. Keys and values are views of what was received. */
export class Fields {
  readonly #reader: FrameReader
  readonly #limits: Limits
  readonly #names = new Names()
  readonly #caches = new Names()
  readonly #contentTypes = new Names()
  #checkedCache: string | undefined

  constructor(reader: FrameReader, limits: Limits) {
    this.#reader = reader
    this.#limits = limits
  }

  /** more tells whether the frame goes on. */
  get more(): boolean {
    return this.#reader.at < this.#reader.end
  }

  envelope(): Envelope {
    const chars = this.#reader.u8()
    const incarnation = this.number()
    const clock = this.number()
    return { from: this.#names.read(this.#reader, chars), incarnation, clock }
  }

  number(): number {
    const number = this.#reader.u53()
    if (Number.isNaN(number)) throw this.#reader.bad('a number is out of range')
    return number
  }

  text(): string {
    return this.#names.read(this.#reader, this.#reader.u8())
  }

  copy(): Copy {
    const reader = this.#reader
    const flags = reader.u8()
    const cacheChars = reader.u8()
    const contentTypeChars = reader.u8()
    const keyBytes = reader.u16()
    const valueBytes = reader.u32()
    if (valueBytes > this.#limits.valueBytesMax) throw reader.bad(`a value has ${valueBytes} bytes`)
    const version = this.number()
    const ttlMs = (flags & copyFlags.ttl) === 0 ? undefined : this.number()
    const cache = this.#cache(cacheChars)
    const key = this.#key(keyBytes)
    const contentType = this.#contentTypes.read(reader, contentTypeChars)
    const value = reader.view(valueBytes)
    if ((flags & copyFlags.tombstone) === 0) return { type: 'entry', cache, key, version, value, contentType, ttlMs }
    if (ttlMs === undefined) throw reader.bad('a tombstone has no end')
    return { type: 'tombstone', cache, key, version, ttlMs }
  }

  stamp(): Stamp {
    const cacheChars = this.#reader.u8()
    const keyBytes = this.#reader.u16()
    const version = this.number()
    return { cache: this.#cache(cacheChars), key: this.#key(keyBytes), version }
  }

  digests(): TokenDigest[] {
    const digests: TokenDigest[] = []
    const reader = this.#reader
    while (this.more) {
      const token = reader.u16()
      if (token >= tokenCount) throw reader.bad(`there is no token ${token}`)
      digests.push({ token, entries: reader.u32(), low: reader.u32(), high: reader.u32() })
    }
    return digests
  }

  tokenSet(): TokenSet {
    return new TokenSet(new Uint8Array(this.#reader.view(tokenSetBytes)))
  }

  #cache(chars: number): string {
    const name = this.#caches.read(this.#reader, chars)
    if (name !== this.#checkedCache) {
      checkCacheName(name)
      this.#checkedCache = name
    }
    return name
  }

  #key(bytes: number): Uint8Array {
    if (bytes < 1 || bytes > this.#limits.keyBytesMax) throw this.#reader.bad(`a key has ${bytes} bytes`)
    return this.#reader.view(bytes)
  }
}
