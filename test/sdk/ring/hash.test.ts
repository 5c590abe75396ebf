import fc from 'fast-check'
import { test } from 'tap'
import { hash32, hash32Bytes, hash32Range } from '#sdk/ring/hash.js'
import { tokenOf, tokenOfBytes } from '#sdk/ring/token.js'
import { holds } from '../../property.ts'

test('the hash is MurmurHash3 x86_32, so that other languages can compute the ring too', async (t) => {
  // Published test vectors of the reference implementation.
  const vectors: [text: string, seed: number, hash: number][] = [
    ['', 0, 0],
    ['', 1, 0x514e28b7],
    ['', 0xffffffff, 0x81f16f39],
    ['hello', 0, 0x248bfa47],
    ['hello, world', 0, 0x149bbb7f],
    ['The quick brown fox jumps over the lazy dog', 0, 0x2e4ff723],
    ['ππππππππ', 0x9747b28c, 0xd58063c1],
  ]
  for (const [text, seed, hash] of vectors) t.equal(hash32(text, seed), hash, JSON.stringify(text))
})

test('any text hashes as its UTF-8 bytes do, wherever the characters fall in the four-byte blocks', async (t) => {
  const bytewise = (bytes: Uint8Array, seed: number): number => {
    const padded = new DataView(new ArrayBuffer((bytes.length + 3) & ~3))
    for (const [at, byte] of bytes.entries()) padded.setUint8(at, byte)
    const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by))
    let hash = seed
    for (let at = 0; at < padded.byteLength; at += 4) {
      const block = Math.imul(rotate(Math.imul(padded.getUint32(at, true), 0xcc9e2d51), 15), 0x1b873593)
      hash ^= block
      if (at + 4 <= bytes.length) hash = (Math.imul(rotate(hash, 13), 5) + 0xe6546b64) | 0
    }
    hash ^= bytes.length
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
    return (hash ^ (hash >>> 16)) >>> 0
  }
  const property = fc.property(fc.string({ unit: 'binary' }), fc.nat(), (text, seed) => {
    return hash32(text, seed) === bytewise(new TextEncoder().encode(text), seed)
  })
  holds(t, 'equal to the hash of the bytes', property, 2_000)
})

test('bytes have the hash and the token of the text that they are the UTF-8 of', async (t) => {
  const seed = fc.nat({ max: 0xffff_ffff })
  const property = fc.property(fc.string({ unit: 'binary', maxLength: 64 }), seed, (text, number) => {
    const bytes = new TextEncoder().encode(text)
    // A view of a larger buffer, as keys are.
    const larger = new Uint8Array(bytes.length + 8).fill(7)
    larger.set(bytes, 3)
    const hashes = [bytes, larger.subarray(3, 3 + bytes.length)].map((each) => hash32Bytes(each, number))
    hashes.push(hash32Range({ bytes: larger, from: 3, to: 3 + bytes.length }, number))
    const isSameHash = hashes.every((hash) => hash === hash32(text, number))
    return isSameHash && tokenOfBytes(bytes, number) === tokenOf(text, number)
  })
  holds(t, 'equal for text and bytes', property, 2_000)
})
