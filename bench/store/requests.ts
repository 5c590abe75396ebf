/** Requests as bytes: a key of 19 bytes after two bytes of token. What both stores start from and answer to. */

export const keyBytes = 19
export const valueBytes = 100
const headBytes = 2
const zero = 0x30

/** Request is one buffer that is filled anew for every request, as a stream's is. */
export class Request {
  readonly bytes = Buffer.alloc(headBytes + keyBytes, 'key:000000000000000', 'latin1')

  /** The key as bytes. */
  readonly key = this.bytes.subarray(headBytes)

  constructor() {
    this.bytes.write('key:000000000000000', headBytes, 'latin1')
  }

  /** The same as a part of `bytes`. */
  readonly from = headBytes
  readonly to = headBytes + keyBytes
  readonly cache = 'default'
  /** Of the store that looked ahead for it; -1: none did. */
  ticket = -1

  /** ask fills in the key of a number. */
  ask(number: number): void {
    this.ticket = -1
    let rest = number
    for (let at = headBytes + keyBytes - 1; at > headBytes + 10; at--) {
      const next = (rest / 10) | 0
      this.bytes[at] = zero + rest - next * 10
      rest = next
    }
    const token = Math.imul(number, 0x9e3779b1) >>> 18
    this.bytes[0] = token >>> 8
    this.bytes[1] = token & 0xff
  }

  get token(): number {
    return ((this.bytes[0] as number) << 8) | (this.bytes[1] as number)
  }

  /** The key as a string. */
  text(): string {
    return this.bytes.latin1Slice(headBytes, headBytes + keyBytes)
  }
}

declare global {
  interface Buffer {
    latin1Slice(start: number, end: number): string
  }
}
