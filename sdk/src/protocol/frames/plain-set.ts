/** A plain set is what nearly all writes are: no condition, a content type that travels by its number, acknowledged as usual. */
import type { FrameKey } from './frame-key.ts'
import type { FrameReader } from './frame-reader.ts'
import { frameFlags, frameTypes, knownContentTypes } from './layout.ts'

const plainFlags = frameFlags.direct | frameFlags.ttl
/** Behind how many bytes of the body the number of the content type is. */
const contentTypeAt = 1

/** PlainSet is a set but for its key. The value is a view of what was received; what ttlMs may be is not checked. */
export interface PlainSet {
  readonly value: Uint8Array
  readonly contentType: string
  readonly ttlMs: number | undefined
}

/**
 * readPlainSet reads the set in which the reader stands and of which `key` is the key. Undefined, and the reader stands where it
 * stood: it is no plain set, or the key was not found; readCommand is what judges. Throws where the frame is too short.
 */
export function readPlainSet(reader: FrameReader, key: FrameKey): PlainSet | undefined {
  const { type, flags, bytes, at } = reader
  if (type !== frameTypes.set || (flags & ~plainFlags) !== 0 || !key.isIn(reader)) return undefined
  const number = bytes[at + contentTypeAt] as number
  if (number >= knownContentTypes.length) return undefined
  reader.at = key.to
  const ttlMs = (flags & frameFlags.ttl) === 0 ? undefined : reader.u53()
  return { value: reader.rest(), contentType: knownContentTypes[number] as string, ttlMs }
}
