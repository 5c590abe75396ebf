/** What a get finds in the store of the node that executes it. */
import type { Outcome } from '@ringhold/sdk/protocol'
import type { KeyRange } from '../store/key-range.ts'
import type { Absence, Place, ReplicatedStore } from '../store/store.ts'
import { type HitSink, ttlMsLeft } from './hit-sink.ts'

const misses: Record<Absence, Outcome> = {
  evicted: { type: 'miss', reason: 'evicted' },
  expired: { type: 'miss', reason: 'expired' },
  deleted: { type: 'miss', reason: 'deleted' },
  never: { type: 'miss' },
}

export function read(store: ReplicatedStore, place: Place, now: number): Outcome {
  const entry = store.read(place, now)
  if (entry === undefined) return misses[store.missReason(place, now) ?? 'never']
  const { value, contentType, version, expiresAt } = entry
  return { type: 'hit', value, contentType, version, ttlMs: ttlMsLeft(expiresAt, now) }
}

/** readHit executes a get whose value goes to a sink; otherwise it returns what there is instead of a hit. */
export function readHit(store: ReplicatedStore, token: number, key: KeyRange, sink: HitSink): Outcome | undefined {
  const found = store.readInto(token, key, sink.now, sink)
  return found === 'hit' ? undefined : misses[found]
}
