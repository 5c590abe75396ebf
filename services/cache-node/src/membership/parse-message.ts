/**
 * The gate for what peers send. A message passes whole, rebuilt field by field from what was checked (so nothing else
 * rides along, __proto__ included), or not at all: a bad one changes nothing.
 */
import { type Member, type Status, statuses } from '@ringhold/sdk/membership'
import { isErrorCode } from '@ringhold/sdk/protocol'
import { maxWeight } from '@ringhold/sdk/ring'
import { jsonBytes, memberBytes } from './json-bytes.ts'
import {
  accusersMax,
  type Envelope,
  fleetBytesMax,
  type PeerMessage,
  type ProbeOutcome,
  type Pulse,
  type Rumour,
  recordBytesMax,
} from './message.ts'

const nameCharsMax = 255
const urlCharsMax = 255
const otherCharsMax = 128
const detailCharsMax = 1_000
/** No message of messageBytesMax holds more records or heartbeats than this. */
const rowsMax = 1_024
/** Far above what restarts and refutations reach, far enough below 2^53 that a node can always raise it again. */
const incarnationMax = 2 ** 40
const deadlineMsMax = 60_000
const ageMsMax = 2 ** 40

const outcomes: readonly ProbeOutcome[] = ['reply', 'refused', 'silent', 'unknown']

type Plain = Record<string, unknown>

/** parsePeerMessage returns the message in `body`, checked and copied; undefined when it is not one. */
export function parsePeerMessage(body: unknown): PeerMessage | undefined {
  try {
    return message(plain(body))
  } catch (error) {
    if (error instanceof Malformed) return undefined
    throw error
  }
}

class Malformed extends Error {}

function message(body: Plain): PeerMessage {
  switch (body.type) {
    case 'gossip':
      return {
        type: 'gossip',
        ...envelope(body),
        digest: whole(body.digest, 0, 0xffffffff),
        rumours: rows(body.rumours).map(rumour),
        heartbeats: rows(body.heartbeats).map(pulse),
        ...(body.page !== undefined && { page: page(plain(body.page)) }),
      }
    case 'probe': {
      const { name, peer } = plain(body.target)
      return {
        type: 'probe',
        ...envelope(body),
        target: { name: text(name, nameCharsMax), peer: url(peer) },
        deadlineMs: whole(body.deadlineMs, 1, deadlineMsMax),
      }
    }
    case 'probed': {
      const outcome = outcomes.find((known) => known === body.outcome)
      if (outcome === undefined) throw new Malformed()
      const target = body.target === undefined ? undefined : plain(body.target)
      return {
        type: 'probed',
        ...envelope(body),
        outcome,
        ...(target && { target: { member: member(target.member), heartbeat: count(target.heartbeat) } }),
      }
    }
    case 'refusal':
      if (!isErrorCode(body.code)) throw new Malformed()
      return { type: 'refusal', code: body.code, detail: text(body.detail, detailCharsMax) }
    default:
      throw new Malformed()
  }
}

function envelope(body: Plain): Envelope {
  const fleet = text(body.fleet, fleetBytesMax)
  if (jsonBytes(fleet) > fleetBytesMax) throw new Malformed()
  return { fleet, copies: whole(body.copies, 1, 100), from: member(body.from), heartbeat: count(body.heartbeat) }
}

function member(value: unknown): Member {
  const record = plain(value)
  const urls = plain(record.urls)
  const checked: Member = {
    name: text(record.name, nameCharsMax),
    urls: { client: url(urls.client), peer: url(urls.peer) },
    incarnation: whole(record.incarnation, 1, incarnationMax),
    status: status(record.status),
    zone: text(record.zone, otherCharsMax, 0),
    weight: whole(record.weight, 1, maxWeight),
    instance: text(record.instance, otherCharsMax),
  }
  if (memberBytes(checked) > recordBytesMax) throw new Malformed()
  return checked
}

function rumour(value: unknown): Rumour {
  const { member: record, accusers, ageMs } = plain(value)
  return {
    member: member(record),
    ...(accusers !== undefined && { accusers: names(accusers) }),
    ...(ageMs !== undefined && { ageMs: whole(ageMs, 0, ageMsMax) }),
  }
}

function pulse(value: unknown): Pulse {
  const row = rows(value)
  if (row.length !== 3) throw new Malformed()
  return [text(row[0], nameCharsMax), whole(row[1], 1, incarnationMax), count(row[2])]
}

function page({ after }: Plain): { after?: string } {
  return after === undefined ? {} : { after: text(after, nameCharsMax, 0) }
}

function names(value: unknown): string[] {
  const list = rows(value)
  if (list.length > accusersMax) throw new Malformed()
  return list.map((name) => text(name, nameCharsMax))
}

function status(value: unknown): Status {
  const known = statuses.find((status) => status === value)
  if (known === undefined) throw new Malformed()
  return known
}

/** A URL as a node advertises it: scheme and authority, perhaps a path; no credentials, query, fragment or final slash. */
function url(value: unknown): string {
  const address = text(value, urlCharsMax)
  if (!/^https?:\/\/[^\s?#@\\]*[^\s?#@\\/]$/.test(address)) throw new Malformed()
  return address
}

function text(value: unknown, charsMax: number, charsMin = 1): string {
  if (typeof value !== 'string' || value.length > charsMax || value.length < charsMin) throw new Malformed()
  return value
}

function whole(value: unknown, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) throw new Malformed()
  return value
}

function count(value: unknown): number {
  return whole(value, 0, Number.MAX_SAFE_INTEGER)
}

function rows(value: unknown): readonly unknown[] {
  if (!Array.isArray(value) || value.length > rowsMax) throw new Malformed()
  return value
}

function plain(value: unknown): Plain {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Malformed()
  return value as Plain
}
