/** Commands as frames. The writer takes keys as text or as bytes; the reader returns them as bytes and makes no text of them. */
import type { ByteCommand, Command, Condition } from '../command.ts'
import { utf8BytesPerUnit } from '../key.ts'
import { conditionVersionsMax } from '../limits.ts'
import { contentTypeBytes, contentTypeNumber, readContentType, writeContentType } from './content-type.ts'
import type { FrameReader } from './frame-reader.ts'
import type { FrameWriter } from './frame-writer.ts'
import { commandHeadBytes, conditionTypes, frameFlags, frameTypes } from './layout.ts'
import type { Names } from './names.ts'

const u53Bytes = 8
const conditionHeadBytes = 3

/** isCommand tells whether a frame of this type is a command. */
export function isCommand(type: number): boolean {
  return type >= frameTypes.get && type <= frameTypes.delete
}

/** writeCommand appends a command whose fields have been checked. */
export function writeCommand(
  writer: FrameWriter,
  command: Command<string | Uint8Array>,
  { id, isDirect }: { readonly id: number; readonly isDirect: boolean },
): void {
  const direct = isDirect ? frameFlags.direct : 0
  if (command.type === 'get') writeKey(writer, command, { type: frameTypes.get, id, flags: direct, more: 0 })
  else {
    const { condition } = command
    const flags = direct | (condition === undefined ? 0 : frameFlags.condition) | ackFlag(command.ack)
    const more = condition === undefined ? 0 : conditionBytes(condition)
    if (command.type === 'delete') {
      writeKey(writer, command, { type: frameTypes.delete, id, flags, more })
      if (condition !== undefined) writeCondition(writer, condition)
    } else writeSet(writer, command, { id, flags, more })
  }
  writer.end()
}

function writeSet(
  writer: FrameWriter,
  { cache, key, value, contentType, ttlMs, condition }: Extract<Command<string | Uint8Array>, { type: 'set' }>,
  { id, flags, more }: { readonly id: number; readonly flags: number; readonly more: number },
): void {
  const number = contentTypeNumber(contentType)
  writeKey(
    writer,
    { cache, key },
    {
      type: frameTypes.set,
      id,
      flags: flags | (ttlMs === undefined ? 0 : frameFlags.ttl),
      more: more + u53Bytes + contentTypeBytes(number, contentType) + bytesAtMost(value),
      contentType: number,
    },
  )
  if (ttlMs !== undefined) writer.u53(ttlMs)
  if (condition !== undefined) writeCondition(writer, condition)
  writeContentType(writer, number, contentType)
  if (typeof value === 'string') writer.text(value)
  else writer.raw(value)
}

function bytesAtMost(value: Uint8Array | string): number {
  return typeof value === 'string' ? value.length * utf8BytesPerUnit : value.length
}

interface KeyFrame {
  readonly type: number
  readonly id: number
  readonly flags: number
  /** Bytes that follow behind the key. */
  readonly more: number
  readonly contentType?: number
}

function writeKey(
  writer: FrameWriter,
  { cache, key }: { readonly cache: string; readonly key: string | Uint8Array },
  { type, id, flags, more, contentType = 0 }: KeyFrame,
): void {
  const isText = typeof key === 'string'
  writer.begin(
    type,
    id,
    flags,
    commandHeadBytes + cache.length + (isText ? key.length * utf8BytesPerUnit : key.length) + more,
  )
  writer.u8(cache.length)
  writer.u8(contentType)
  const at = writer.length
  writer.u16(0)
  writer.latin1(cache)
  let bytes = key.length
  if (isText) bytes = writer.utf8(key)
  else writer.raw(key)
  writer.patchU16(at, bytes)
}

/**
 * readCommand reads the command in which the reader stands. Key and value are views of what was received. Of the fields
 * it only knows whether they can be read: what they may be is checked where commands are executed.
 */
export function readCommand(reader: FrameReader, names: Names): ByteCommand {
  const { type, flags } = reader
  const cacheChars = reader.u8()
  const contentType = reader.u8()
  const keyBytes = reader.u16()
  const cache = names.read(reader, cacheChars)
  const key = reader.view(keyBytes)
  if (type === frameTypes.get) {
    reader.done()
    return { type: 'get', cache, key }
  }
  const ttlMs = (flags & frameFlags.ttl) === 0 ? undefined : reader.u53()
  const condition = (flags & frameFlags.condition) === 0 ? undefined : readCondition(reader)
  const ack = ackOf(flags)
  if (type === frameTypes.delete) {
    reader.done()
    return { type: 'delete', cache, key, condition, ack }
  }
  const named = readContentType(reader, contentType)
  return { type: 'set', cache, key, value: reader.rest(), contentType: named, ttlMs, condition, ack }
}

function ackFlag(ack: 'one' | 'none' | undefined): number {
  if (ack === undefined) return 0
  return ack === 'one' ? frameFlags.ackOne : frameFlags.ackNone
}

function ackOf(flags: number): 'one' | 'none' | undefined {
  if ((flags & frameFlags.ackOne) !== 0) return 'one'
  return (flags & frameFlags.ackNone) === 0 ? undefined : 'none'
}

function conditionBytes(condition: Condition): number {
  return conditionHeadBytes + ('versions' in condition ? condition.versions.length * u53Bytes : 0)
}

function writeCondition(writer: FrameWriter, condition: Condition): void {
  const versions = 'versions' in condition ? condition.versions : []
  writer.u8(conditionTypes.indexOf(condition.type))
  writer.u16(versions.length)
  for (const version of versions) writer.u53(version)
}

function readCondition(reader: FrameReader): Condition {
  const type = conditionTypes[reader.u8()]
  const count = reader.u16()
  if (type === undefined) throw reader.bad('there is no such condition')
  if (count > conditionVersionsMax) throw reader.bad(`a condition has at most ${conditionVersionsMax} versions`)
  const versions: number[] = []
  for (let index = 0; index < count; index++) versions.push(reader.u53())
  if (type === 'absent' || type === 'present') {
    if (count > 0) throw reader.bad(`the condition ${type} takes no versions`)
    return { type }
  }
  return { type, versions }
}
