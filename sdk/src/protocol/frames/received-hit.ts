/**
 * A hit as it was received. Its value is a view of the received bytes that is made when somebody asks for it: most readers
 * want a text, which is read from those bytes directly, and a view costs as much as all the rest of a hit. One is filled anew
 * for every hit of a connection, so that hits leave no garbage: whoever wants it for longer keeps a copy.
 */
import type { Hit, Version } from '../command.ts'

const nothing = new Uint8Array(0)

export class ReceivedHit implements Hit {
  readonly type = 'hit'
  contentType = ''
  version: Version = 0
  ttlMs: number | undefined = undefined
  /** What the value lies in, from `at` to `end`. */
  bytes: Uint8Array = nothing
  at = 0
  end = 0

  get value(): Uint8Array {
    return this.bytes.subarray(this.at, this.end)
  }

  /** kept is the hit with a value of its own, which stays when what was received is overwritten. */
  kept(): Hit {
    const { type, contentType, version, ttlMs } = this
    return { type, value: new Uint8Array(this.value), contentType, version, ttlMs }
  }
}
