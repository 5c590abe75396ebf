/** Names turns the bytes of cache names into texts, and remembers some: thousands of commands a second name the same few. */
import type { FrameReader } from './frame-reader.ts'

const slots = 16

export class Names {
  readonly #texts: string[] = new Array<string>(slots).fill('')

  /** read reads a name of `length` characters. */
  read(reader: FrameReader, length: number): string {
    const { at } = reader
    if (at + length > reader.end) return reader.latin1(length)
    reader.at = at + length
    return this.textOf(reader.bytes, at, length)
  }

  /** textOf is the name in bytes that are there. */
  textOf(bytes: Uint8Array, at: number, length: number): string {
    if (length === 0) return ''
    const slot = (length * 7 + (bytes[at + length - 1] as number)) % slots
    const known = this.#texts[slot] as string
    if (isAt(known, bytes, at, length)) return known
    let text = ''
    for (let index = at; index < at + length; index++) text += String.fromCharCode(bytes[index] as number)
    this.#texts[slot] = text
    return text
  }
}

function isAt(text: string, bytes: Uint8Array, at: number, length: number): boolean {
  if (text.length !== length) return false
  for (let index = 0; index < length; index++) if (text.charCodeAt(index) !== bytes[at + index]) return false
  return true
}
