/** Keys as parts of what was received: for whoever reads, a key needs no view of its own. */
import type { ByteRange } from '@ringhold/sdk/ring'

/** KeyRange is the key of a cache in UTF-8, from `from` to `to` in `bytes`. */
export interface KeyRange extends ByteRange {
  readonly cache: string
  /** What the store knows it by that looked ahead for it; -1: none did. The store sets it. */
  ticket: number
}

/** rangeOf is the range of a key that has its bytes for itself. */
export function rangeOf({ cache, key }: { readonly cache: string; readonly key: Uint8Array }): KeyRange {
  return { cache, bytes: key, from: 0, to: key.length, ticket: -1 }
}
