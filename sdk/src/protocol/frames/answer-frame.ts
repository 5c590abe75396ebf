/** Outcomes and errors as frames. */
import { type Hit, type Miss, type MissReason, missReasons, type Outcome } from '../command.ts'
import { type ErrorCode, type ErrorFacts, isErrorCode, RingholdError } from '../errors.ts'
import { contentTypeBytes, contentTypeNumber, readContentType, writeContentType } from './content-type.ts'
import type { FrameReader } from './frame-reader.ts'
import type { FrameWriter } from './frame-writer.ts'
import { frameFlags, frameTypes } from './layout.ts'
import { ReceivedHit } from './received-hit.ts'

const hitHeadBytes = 9
const u53Bytes = 8
const writtenBytes = 10

/** A detail is a sentence or two; what is longer than this is cut off. */
const detailCharsMax = 1_024

/** isAnswer tells whether a frame of this type answers a command. */
export function isAnswer(type: number): boolean {
  return type >= frameTypes.hit && type <= frameTypes.accepted
}

/** writeOutcome appends the outcome of the command of this id. */
export function writeOutcome(writer: FrameWriter, id: number, outcome: Outcome): void {
  switch (outcome.type) {
    case 'hit':
      writeHit(writer, id, outcome)
      return
    case 'miss':
      writeMiss(writer, id, outcome)
      break
    case 'created':
    case 'replaced':
      writer.begin(outcome.type === 'created' ? frameTypes.created : frameTypes.replaced, id, 0, writtenBytes)
      writer.u53(outcome.version)
      writer.u16(outcome.copies)
      break
    case 'condition-failed': {
      const { version } = outcome
      writer.begin(frameTypes.conditionFailed, id, version === undefined ? 0 : frameFlags.version, u53Bytes)
      if (version !== undefined) writer.u53(version)
      break
    }
    case 'deleted':
    case 'absent': {
      const { version, copies = 0 } = outcome
      writer.begin(frameTypes[outcome.type], id, version === undefined ? 0 : frameFlags.version, writtenBytes)
      if (version !== undefined) {
        writer.u53(version)
        writer.u16(copies)
      }
      break
    }
    default:
      writer.begin(frameTypes[outcome.type], id, 0)
  }
  writer.end()
}

function writeHit(writer: FrameWriter, id: number, hit: Hit): void {
  const { value } = hit
  const at = writeHitHead(writer, id, hit, value.length)
  // An array whose buffer was transferred away has no bytes, and set() would throw.
  if (value.length > 0) writer.buffer.set(value, at)
}

/** HitHead is a hit without its value. */
export type HitHead = Omit<Hit, 'type' | 'value'>

/** writeHitHead appends a hit whose value the caller puts into the buffer of the writer, where this returns, before anything else is written. */
export function writeHitHead(writer: FrameWriter, id: number, head: HitHead, valueBytes: number): number {
  const { contentType, version, ttlMs } = head
  const number = contentTypeNumber(contentType)
  const more = hitHeadBytes + u53Bytes + contentTypeBytes(number, contentType) + valueBytes
  writer.begin(frameTypes.hit, id, ttlMs === undefined ? 0 : frameFlags.ttl, more)
  writer.u8(number)
  writer.u53(version)
  if (ttlMs !== undefined) writer.u53(ttlMs)
  writeContentType(writer, number, contentType)
  const at = writer.skip(valueBytes)
  writer.end()
  return at
}

/** writeError appends an error as the answer to the command of this id; id 0: it concerns the whole connection. */
export function writeError(writer: FrameWriter, id: number, error: RingholdError): void {
  const { detail, node, ring, owner, version, retryAfterMs } = error.facts
  const facts = { detail: detail?.slice(0, detailCharsMax), node, ring, owner, version, retryAfterMs }
  const json = new TextEncoder().encode(JSON.stringify({ code: error.code, executed: error.executed, ...facts }))
  writer.begin(frameTypes.error, id, 0, json.length)
  writer.raw(json)
  writer.end()
}

function writeMiss(writer: FrameWriter, id: number, { reason }: Miss): void {
  if (reason === undefined) {
    writer.begin(frameTypes.miss, id, 0)
    return
  }
  writer.begin(frameTypes.miss, id, frameFlags.reason, 1)
  writer.u8(missReasons.indexOf(reason))
}

const miss: Outcome = { type: 'miss' }
const deleted: Outcome = { type: 'deleted' }
const absent: Outcome = { type: 'absent' }
const accepted: Outcome = { type: 'accepted' }

/** readAnswer reads the answer in which the reader stands. The value of a hit is a view of what was received. */
export function readAnswer(reader: FrameReader): Outcome | RingholdError {
  const answer = receiveAnswer(reader, new ReceivedHit())
  if (!(answer instanceof ReceivedHit)) return answer
  const { type, value, contentType, version, ttlMs } = answer
  return { type, value, contentType, version, ttlMs }
}

/** receiveAnswer is readAnswer that fills `hit` and returns it where the answer is one: without a view of its value until somebody asks for it. */
export function receiveAnswer(reader: FrameReader, hit: ReceivedHit): Outcome | RingholdError {
  switch (reader.type) {
    case frameTypes.hit:
      receiveHit(reader, hit)
      return hit
    case frameTypes.error:
      return readError(reader)
    default: {
      const outcome = readPlain(reader)
      reader.done()
      return outcome
    }
  }
}

function receiveHit(reader: FrameReader, hit: ReceivedHit): void {
  const number = reader.u8()
  hit.version = wholeNumber(reader)
  hit.ttlMs = (reader.flags & frameFlags.ttl) === 0 ? undefined : wholeNumber(reader)
  hit.contentType = readContentType(reader, number)
  hit.bytes = reader.bytes
  hit.at = reader.at
  hit.end = reader.end
  reader.at = reader.end
}

function readPlain(reader: FrameReader): Outcome {
  switch (reader.type) {
    case frameTypes.miss:
      return (reader.flags & frameFlags.reason) === 0 ? miss : { type: 'miss', reason: readReason(reader) }
    case frameTypes.deleted:
      return isOfVersion(reader) ? { type: 'deleted', version: wholeNumber(reader), copies: reader.u16() } : deleted
    case frameTypes.absent:
      return isOfVersion(reader) ? { type: 'absent', version: wholeNumber(reader), copies: reader.u16() } : absent
    case frameTypes.accepted:
      return accepted
    case frameTypes.created:
      return { type: 'created', version: wholeNumber(reader), copies: reader.u16() }
    case frameTypes.replaced:
      return { type: 'replaced', version: wholeNumber(reader), copies: reader.u16() }
    case frameTypes.conditionFailed: {
      return { type: 'condition-failed', version: isOfVersion(reader) ? wholeNumber(reader) : undefined }
    }
    default:
      throw reader.bad('it is no answer')
  }
}

/** A reason of a later release is as good as none. */
function readReason(reader: FrameReader): MissReason | undefined {
  return missReasons[reader.u8()]
}

function isOfVersion({ flags }: FrameReader): boolean {
  return (flags & frameFlags.version) !== 0
}

function wholeNumber(reader: FrameReader): number {
  const number = reader.u53()
  if (Number.isNaN(number)) throw reader.bad('a number is out of range')
  return number
}

function readError(reader: FrameReader): RingholdError {
  const json = readJson(reader)
  const { code, detail, node, ring, owner, version, retryAfterMs, executed } = json
  if (!isErrorCode(code)) {
    return new RingholdError('RINGHOLD_BAD_REPLY', { detail: `a node answered with the unknown code ${String(code)}` })
  }
  const facts: ErrorFacts = {
    ...(typeof detail === 'string' && { detail }),
    ...(typeof node === 'string' && { node }),
    ...(typeof ring === 'string' && { ring }),
    ...(typeof owner === 'string' && { owner }),
    ...(Number.isSafeInteger(version) && { version: version as number }),
    ...(Number.isFinite(retryAfterMs) && { retryAfterMs: Math.max(0, retryAfterMs as number) }),
    ...((executed === 'no' || executed === 'unknown') && { executed }),
  }
  return new RingholdError(code satisfies ErrorCode, facts)
}

function readJson(reader: FrameReader): Record<string, unknown> {
  let parsed: unknown
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(reader.rest()))
  } catch {
    throw reader.bad('it is not JSON')
  }
  if (typeof parsed !== 'object' || parsed === null) throw reader.bad('it is not an object')
  return parsed as Record<string, unknown>
}
