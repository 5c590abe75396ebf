/**
 * The hash of keys: MurmurHash3 x86_32 over the UTF-8 bytes of a string.
 *
 * It is written in 32-bit integer arithmetic alone (no Buffer, no TextEncoder, no BigInt), so that the same file runs
 * in Node, in k6 and in a browser and gives the same bits everywhere. A string is never turned into bytes: its code
 * units are encoded on the fly and fed to the hash four bytes at a time.
 *
 * Guarantees: the value for a given (text, seed) never changes between releases; the golden vectors keep it so.
 * It does not guard against flooding: whoever knows the seed can build colliding keys. Tables that must not degrade
 * use a hash with a secret seed of their own.
 *
 * Source: Austin Appleby, MurmurHash3, public domain (github.com/aappleby/smhasher).
 */

const c1 = 0xcc9e2d51
const c2 = 0x1b873593
const replacementCharacter = 0xfffd

/** hash32 returns the 32-bit unsigned hash of the UTF-8 bytes of `text`. A lone surrogate counts as U+FFFD, as in TextEncoder. */
export function hash32(text: string, seed: number): number {
  let hash = seed | 0
  let block = 0
  let shift = 0
  let bytes = 0
  const length = text.length
  for (let index = 0; index < length; index++) {
    let code = text.charCodeAt(index)
    if (code < 0x80) {
      block |= code << shift
      bytes++
      if (shift === 24) {
        hash = mixBlock(hash, block)
        block = 0
        shift = 0
      } else shift += 8
      continue
    }
    if (code >= 0xd800 && code <= 0xdfff) {
      const next = index + 1 < length ? text.charCodeAt(index + 1) : 0
      if (code < 0xdc00 && next >= 0xdc00 && next <= 0xdfff) {
        code = 0x10000 + ((code - 0xd800) << 10) + (next - 0xdc00)
        index++
      } else code = replacementCharacter
    }
    // The encoded character as one little-endian number of `size` bytes, first byte lowest.
    const size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
    const encoded = utf8LittleEndian(code)
    block |= encoded << shift
    const room = 32 - shift
    bytes += size
    if (size * 8 >= room) {
      hash = mixBlock(hash, block)
      block = room === 32 ? 0 : encoded >>> room
      shift = size * 8 - room
    } else shift += size * 8
  }
  if (shift > 0) hash ^= scramble(block)
  return finalMix(hash ^ bytes)
}

/** ByteRange is a part of an array. */
export interface ByteRange {
  readonly bytes: Uint8Array
  readonly from: number
  readonly to: number
}

/** hash32Bytes returns the hash of bytes: of the UTF-8 of a text it is what hash32 returns for the text. */
export function hash32Bytes(bytes: Uint8Array, seed: number): number {
  return hash32Range({ bytes, from: 0, to: bytes.length }, seed)
}

/** hash32Range does the same for a part of an array. */
export function hash32Range({ bytes, from, to }: ByteRange, seed: number): number {
  let hash = seed | 0
  const length = to - from
  const tail = from + (length & ~3)
  let at = from
  for (; at < tail; at += 4) {
    const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
    const high = (bytes[at + 2] as number) | ((bytes[at + 3] as number) << 8)
    hash = mixBlock(hash, low | (high << 16))
  }
  if (at < to) {
    let block = 0
    for (let shift = 0; at < to; at++, shift += 8) block |= (bytes[at] as number) << shift
    hash ^= scramble(block)
  }
  return finalMix(hash ^ length)
}

/** finalMix is the finaliser of MurmurHash3: it spreads every input bit over all 32 output bits. Its result is unsigned. */
export function finalMix(value: number): number {
  let mixed = value
  mixed ^= mixed >>> 16
  mixed = Math.imul(mixed, 0x85ebca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2ae35)
  mixed ^= mixed >>> 16
  return mixed >>> 0
}

function utf8LittleEndian(code: number): number {
  if (code < 0x800) return 0xc0 | (code >>> 6) | ((0x80 | (code & 0x3f)) << 8)
  if (code < 0x10000) {
    return 0xe0 | (code >>> 12) | ((0x80 | ((code >>> 6) & 0x3f)) << 8) | ((0x80 | (code & 0x3f)) << 16)
  }
  return (
    0xf0 |
    (code >>> 18) |
    ((0x80 | ((code >>> 12) & 0x3f)) << 8) |
    ((0x80 | ((code >>> 6) & 0x3f)) << 16) |
    ((0x80 | (code & 0x3f)) << 24)
  )
}

function scramble(block: number): number {
  const mixed = Math.imul(block, c1)
  return Math.imul((mixed << 15) | (mixed >>> 17), c2)
}

function mixBlock(hash: number, block: number): number {
  const mixed = hash ^ scramble(block)
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}
