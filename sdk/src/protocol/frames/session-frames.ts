/** What two parties tell each other besides commands and answers: who they are, that the ring changed, that one leaves. */
import type { Limits } from '../limits.ts'
import type { FrameReader } from './frame-reader.ts'
import type { FrameWriter } from './frame-writer.ts'
import { frameTypes, protocolRelease } from './layout.ts'

/** Hello is the first frame in each direction. */
export interface Hello {
  /** Release of the protocol that the sender speaks. */
  readonly release: number
  /** What the sender takes: a node in commands, a client in answers. */
  readonly limits: Limits
  /** Name of the node; of a client empty. */
  readonly name: string
  /** Checksum of the sender's ring; empty where it has none. */
  readonly ring: string
}

const helloBytes = 16
const textCharsMax = 255

/** writeHello appends the greeting of this release of the protocol. */
export function writeHello(writer: FrameWriter, { limits, name, ring }: Omit<Hello, 'release'>): void {
  writer.begin(frameTypes.hello, 0, 0, helloBytes + name.length + ring.length)
  writer.u16(protocolRelease)
  writer.u32(limits.keyBytesMax)
  writer.u32(limits.valueBytesMax)
  writer.u32(limits.contentTypeCharsMax)
  writeText(writer, name)
  writeText(writer, ring)
  writer.end()
}

/** readHello reads a greeting. What a later release adds behind it is left alone. */
export function readHello(reader: FrameReader): Hello {
  const release = reader.u16()
  const limits = { keyBytesMax: reader.u32(), valueBytesMax: reader.u32(), contentTypeCharsMax: reader.u32() }
  return { release, limits, name: reader.latin1(reader.u8()), ring: reader.latin1(reader.u8()) }
}

/** writeRing appends the news that the sender has another ring now. */
export function writeRing(writer: FrameWriter, ring: string): void {
  writer.begin(frameTypes.ring, 0, 0, 1 + ring.length)
  writeText(writer, ring)
  writer.end()
}

/** readRing reads the checksum of the sender's new ring. */
export function readRing(reader: FrameReader): string {
  const ring = reader.latin1(reader.u8())
  reader.done()
  return ring
}

/** writeSignal appends a frame without a body. */
export function writeSignal(writer: FrameWriter, type: 'goodbye' | 'ping' | 'pong'): void {
  writer.begin(frameTypes[type], 0, 0)
  writer.end()
}

function writeText(writer: FrameWriter, text: string): void {
  const short = text.slice(0, textCharsMax)
  writer.u8(short.length)
  writer.latin1(short)
}
