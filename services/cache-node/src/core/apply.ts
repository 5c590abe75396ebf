/** What a command does to the store of the node that executes it: read, decide, write, in one turn of the event loop. */
import {
  type ByteCommand,
  type Condition,
  type DeleteCommand,
  type MissReason,
  type Outcome,
  RingholdError,
  type SetCommand,
  type Version,
} from '@ringhold/sdk/protocol'
import type { Place, Store } from '../store/store.ts'
import { type HitSink, ttlMsLeft } from './hit-sink.ts'

/** Moment is when a command is executed: on the monotonic clock, and the versions that follow from that. */
export interface Moment {
  readonly now: number
  readonly nextVersion: () => Version
}

const miss: Outcome = { type: 'miss' }
const misses: Record<MissReason, Outcome> = {
  evicted: { type: 'miss', reason: 'evicted' },
  expired: { type: 'miss', reason: 'expired' },
  deleted: { type: 'miss', reason: 'deleted' },
}
const deleted: Outcome = { type: 'deleted' }
const absent: Outcome = { type: 'absent' }

/** applyCommand executes a command on a store. Throws RINGHOLD_VALUE_TOO_LARGE for a value that can never fit. */
export function applyCommand(store: Store, command: ByteCommand, moment: Moment & { token: number }): Outcome {
  const place = { token: moment.token, cache: command.cache, key: command.key }
  if (command.type === 'get') return get(store, place, moment)
  return command.type === 'set' ? set(store, command, place, moment) : remove(store, command, place, moment)
}

/** readHit executes a get whose value goes to a sink; otherwise it returns what there is instead of a hit. */
export function readHit(store: Store, place: Place, sink: HitSink): Outcome | undefined {
  return store.readInto(place, sink.now, sink) ? undefined : missOf(store, place, sink.now)
}

/** holds tells whether a condition holds for a key with this version (undefined: absent). */
export function holds(condition: Condition, version: Version | undefined): boolean {
  switch (condition.type) {
    case 'absent':
      return version === undefined
    case 'present':
      return version !== undefined
    case 'version':
      return version !== undefined && condition.versions.includes(version)
    case 'not-version':
      return version === undefined || !condition.versions.includes(version)
  }
}

function get(store: Store, place: Place, { now }: Moment): Outcome {
  const entry = store.read(place, now)
  if (entry === undefined) return missOf(store, place, now)
  const { value, contentType, version, expiresAt } = entry
  return { type: 'hit', value, contentType, version, ttlMs: ttlMsLeft(expiresAt, now) }
}

function missOf(store: Store, place: Place, now: number): Outcome {
  const reason = store.missReason(place, now)
  return reason === undefined ? miss : misses[reason]
}

function set(store: Store, command: SetCommand<Uint8Array>, place: Place, { now, nextVersion }: Moment): Outcome {
  const { value, contentType, ttlMs, condition } = command
  if (condition !== undefined) {
    const present = store.read(place, now)?.version
    if (!holds(condition, present)) return { type: 'condition-failed', version: present }
  }
  const version = nextVersion()
  const expiresAt = ttlMs === undefined ? undefined : now + ttlMs
  const type = store.write(place, { value, contentType, version, expiresAt }, now)
  if (type === 'too-large') {
    throw new RingholdError('RINGHOLD_VALUE_TOO_LARGE', { detail: 'the value is larger than the memory of the node' })
  }
  if (type === 'full') {
    throw new RingholdError('RINGHOLD_OVERLOADED', { detail: 'deletes that must be kept for a while fill the memory' })
  }
  return { type, version, copies: 1 }
}

/** What is absent already is not deleted again, whatever the condition: RFC 9110 §13.2.1 lets the 404 go first. */
function remove(store: Store, { condition }: DeleteCommand<Uint8Array>, place: Place, { now }: Moment): Outcome {
  if (condition !== undefined) {
    const present = store.read(place, now)?.version
    if (present !== undefined && !holds(condition, present)) return { type: 'condition-failed', version: present }
  }
  return store.remove(place, now) ? deleted : absent
}
