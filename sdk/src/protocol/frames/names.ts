/** Names turns the bytes of cache names into texts, and remembers some: thousands of commands a second name the same few. */
import type { FrameReader } from './frame-reader.ts'

const slots = 16

export class Names {
  readonly #texts: string[] = new Array<string>(slots).fill('')

  /** known returns the name in these bytes where it was read lately, else undefined. */
  known(bytes: Uint8Array, at: number, length: number): string | undefined {
    if (length === 0) return undefined
    const known = this.#texts[(length * 7 + (bytes[at + length - 1] as number)) % slots] as string
    return isAt(known, bytes, at, length) ? known : undefined
  }

  /** read reads a name of `length` characters. */
  read(reader: FrameReader, length: number): string {
    const { bytes, at } = reader
    if (length === 0 || at + length > reader.end) return reader.latin1(length)
    const slot = (length * 7 + (bytes[at + length - 1] as number)) % slots
    const known = this.#texts[slot] as string
    if (isAt(known, bytes, at, length)) {
      reader.at = at + length
      return known
    }
    const text = reader.latin1(length)
    this.#texts[slot] = text
    return text
  }
}

function isAt(text: string, bytes: Uint8Array, at: number, length: number): boolean {
  if (text.length !== length) return false
  for (let index = 0; index < length; index++) if (text.charCodeAt(index) !== bytes[at + index]) return false
  return true
}
