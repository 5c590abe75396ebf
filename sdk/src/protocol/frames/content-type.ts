/** Content types in frames: one byte for the known ones, text for all others. */
import type { FrameReader } from './frame-reader.ts'
import type { FrameWriter } from './frame-writer.ts'
import { knownContentTypes, namedContentType } from './layout.ts'

const [bytesType, jsonType, textType] = knownContentTypes

/** contentTypeNumber returns the byte that stands for a content type. */
export function contentTypeNumber(contentType: string): number {
  if (contentType === textType) return 2
  if (contentType === jsonType) return 1
  return contentType === bytesType ? 0 : namedContentType
}

/** contentTypeBytes returns how many bytes the text of a content type takes, 0 for a known one. */
export function contentTypeBytes(number: number, contentType: string): number {
  return number === namedContentType ? 1 + contentType.length : 0
}

/** writeContentType writes the text of a content type that is not a known one. */
export function writeContentType(writer: FrameWriter, number: number, contentType: string): void {
  if (number !== namedContentType) return
  writer.u8(contentType.length)
  writer.latin1(contentType)
}

/** readContentType reads what the number stands for. */
export function readContentType(reader: FrameReader, number: number): string {
  if (number === namedContentType) return reader.latin1(reader.u8())
  const known = knownContentTypes[number]
  if (known === undefined) throw reader.bad(`there is no content type ${number}`)
  return known
}
