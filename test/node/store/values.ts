/** Values that tell on their own whether they are the right ones: bytes that follow from key, version and length. */
import type { Place } from '#node/store/store.js'

export function bytesFor({ key }: Place, version: number, length: number): Uint8Array {
  const value = new Uint8Array(length)
  let state = (version * 2_654_435_761) >>> 0
  for (const byte of key) state = Math.imul(state ^ byte, 0x01000193) >>> 0
  for (let at = 0; at < length; at++) {
    // A new number every 64 bytes: bytes that moved to a wrong place differ.
    if ((at & 63) === 0) state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    value[at] = (state >>> ((at & 3) * 8)) + at
  }
  return value
}
