/**
 * ContentTypes: the content types that are met first are kept once and referred to by number; any further ones are
 * written in front of each value, so that whatever clients send, the table stays small.
 */
const knownMax = 1_024

/** The number that says: the type stands before the value, its length in the first byte. */
export const inlineType = 0xffff

/** The longest content type that can stand before a value. */
export const inlineTypeCharsMax = 255

export class ContentTypes {
  readonly #numbers = new Map<string, number>()
  readonly #types: string[] = []
  /** The one asked for last: most writes in a row are of the same. */
  #last = { type: '', number: inlineType }

  numberOf(type: string): number {
    if (type !== this.#last.type) this.#last = { type, number: this.#numbers.get(type) ?? this.#add(type) }
    return this.#last.number
  }

  of(number: number): string {
    return this.#types[number] as string
  }

  #add(type: string): number {
    const number = this.#types.length
    if (number >= knownMax) return inlineType
    this.#types.push(type)
    this.#numbers.set(type, number)
    return number
  }
}

/** withInlineType puts a type, one byte a character as in HTTP headers, before a value. */
export function withInlineType(type: string, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + type.length + value.length)
  bytes[0] = type.length
  for (let index = 0; index < type.length; index++) bytes[1 + index] = type.charCodeAt(index)
  bytes.set(value, 1 + type.length)
  return bytes
}

/** splitInlineType is the way back. */
export function splitInlineType(bytes: Uint8Array): { type: string; value: Uint8Array } {
  const length = bytes[0] as number
  const type = String.fromCharCode(...bytes.subarray(1, 1 + length))
  return { type, value: bytes.subarray(1 + length) }
}
