/** What a spot is called in a Map, and about how many bytes it and what hangs on it take in a message. */
import type { Copy, Spot } from './peer-request.ts'

/** What version, times and lengths take. */
const overheadBytes = 32

export function spotBytes({ cache, key }: Spot): number {
  return overheadBytes + cache.length + key.length
}

export function copyBytes(copy: Copy): number {
  return spotBytes(copy) + (copy.type === 'entry' ? copy.value.length + copy.contentType.length : 0)
}

export function spotText({ cache, key }: Spot): string {
  let text = `${cache}/`
  for (const byte of key) text += String.fromCharCode(byte)
  return text
}
