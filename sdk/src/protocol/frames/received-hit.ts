/**
 * A hit as it was received. Its value is a view of the received bytes that is made when somebody asks for it: most readers
 * want a text, which is read from those bytes directly, and a view costs as much as all the rest of a hit.
 */
import type { Hit, Version } from '../command.ts'

export class ReceivedHit implements Hit {
  readonly type = 'hit'
  readonly contentType: string
  readonly version: Version
  readonly ttlMs: number | undefined
  /** What the value lies in, from `at` to `end`. */
  readonly bytes: Uint8Array
  readonly at: number
  readonly end: number

  constructor(
    { contentType, version, ttlMs }: Omit<Hit, 'type' | 'value'>,
    { bytes, at, end }: { readonly bytes: Uint8Array; readonly at: number; readonly end: number },
  ) {
    this.contentType = contentType
    this.version = version
    this.ttlMs = ttlMs
    this.bytes = bytes
    this.at = at
    this.end = end
  }

  get value(): Uint8Array {
    return this.bytes.subarray(this.at, this.end)
  }

  /** kept is the hit with a value of its own, which stays when what was received is overwritten. */
  kept(): Hit {
    const { type, contentType, version, ttlMs } = this
    return { type, value: new Uint8Array(this.value), contentType, version, ttlMs }
  }
}
