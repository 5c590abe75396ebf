import { type ByteRange, hash32, hash32Bytes, hash32Range } from './hash.ts'

/** tokenCount is the number of tokens of every ring. */
export const tokenCount = 16_384

/** tokenBits is how many bits a token has. */
export const tokenBits = 14

/** tokenOf returns the token of a key: a whole number from 0 to 16,383. */
export function tokenOf(key: string, seed: number): number {
  return hash32(key, seed) >>> (32 - tokenBits)
}

/** tokenOfBytes returns the token of a key that is there as its UTF-8 bytes. */
export function tokenOfBytes(key: Uint8Array, seed: number): number {
  return hash32Bytes(key, seed) >>> (32 - tokenBits)
}

/** tokenOfRange returns the token of a key that is part of an array. */
export function tokenOfRange(key: ByteRange, seed: number): number {
  return hash32Range(key, seed) >>> (32 - tokenBits)
}
