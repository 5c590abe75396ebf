/** What a get finds in the store of the node that executes it. */
import type { MissReason, Outcome } from '@ringhold/sdk/protocol'
import type { Place, ReplicatedStore } from '../store/store.ts'
import { type HitSink, ttlMsLeft } from './hit-sink.ts'

const miss: Outcome = { type: 'miss' }
const misses: Record<MissReason, Outcome> = {
  evicted: { type: 'miss', reason: 'evicted' },
  expired: { type: 'miss', reason: 'expired' },
  deleted: { type: 'miss', reason: 'deleted' },
}

export function read(store: ReplicatedStore, place: Place, now: number): Outcome {
  const entry = store.read(place, now)
  if (entry === undefined) return missOf(store, place, now)
  const { value, contentType, version, expiresAt } = entry
  return { type: 'hit', value, contentType, version, ttlMs: ttlMsLeft(expiresAt, now) }
}

/** readHit executes a get whose value goes to a sink; otherwise it returns what there is instead of a hit. */
export function readHit(store: ReplicatedStore, place: Place, sink: HitSink): Outcome | undefined {
  return store.readInto(place, sink.now, sink) ? undefined : missOf(store, place, sink.now)
}

function missOf(store: ReplicatedStore, place: Place, now: number): Outcome {
  const reason = store.missReason(place, now)
  return reason === undefined ? miss : misses[reason]
}
