import {
  type ByteCommand,
  checkCacheName,
  checkContentType,
  checkKeyBytes,
  checkTtlMs,
  type FrameKey,
  isTtlMs,
  isUtf8,
  type Limits,
  type PlainSet,
  RingholdError,
} from '@ringhold/sdk/protocol'

/** CommandCheck holds commands against the limits of the node. */
export class CommandCheck {
  readonly #limits: Limits
  /** The names of cache and content type that were checked last: a comparison instead of a pattern for most commands. Undefined, not empty: that a client may send. */
  #checkedCache: string | undefined
  #checkedType: string | undefined

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** isInOrder tells whether check would pass a command without more than this key; false also of a cache that was not the last one checked. */
  isInOrder({ cache, bytes, from, to }: FrameKey): boolean {
    return cache === this.#checkedCache && to > from && to - from <= this.#limits.keyBytesMax && isUtf8(bytes, from, to)
  }

  /** isSetInOrder tells whether check would pass a set of a key that is in order. */
  isSetInOrder({ value, ttlMs }: PlainSet): boolean {
    return value.length <= this.#limits.valueBytesMax && (ttlMs === undefined || isTtlMs(ttlMs))
  }

  /** check throws what is wrong with a command, as a RingholdError. */
  check(command: ByteCommand): void {
    if (command.cache !== this.#checkedCache) {
      checkCacheName(command.cache)
      this.#checkedCache = command.cache
    }
    checkKeyBytes(command.key, this.#limits)
    if (command.type !== 'set') return
    if (command.ttlMs !== undefined) checkTtlMs(command.ttlMs)
    if (command.value.length > this.#limits.valueBytesMax) {
      const detail = `the value exceeds ${this.#limits.valueBytesMax} bytes`
      throw new RingholdError('RINGHOLD_VALUE_TOO_LARGE', { detail })
    }
    if (command.contentType === this.#checkedType) return
    checkContentType(command.contentType, this.#limits)
    this.#checkedType = command.contentType
  }
}
