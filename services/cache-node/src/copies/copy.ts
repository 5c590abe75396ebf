/** Copies as they travel, and changes as the store knows them. Times to live are what remains; deadlines are of this node's clock. */
import { ttlMsLeft } from '../core/hit-sink.ts'
import type { Change, Place } from '../store/store.ts'
import type { Copy } from './peer-request.ts'

/** copyOf makes a copy for the way; undefined when its time is over. The bytes are not copied. */
export function copyOf({ cache, key }: Place, change: Change, now: number): Copy | undefined {
  const { version } = change
  if (change.type === 'tombstone') {
    const ttlMs = Math.ceil(change.keptUntil - now)
    return ttlMs > 0 ? { type: 'tombstone', cache, key, version, ttlMs } : undefined
  }
  const { value, contentType, expiresAt } = change
  const ttlMs = ttlMsLeft(expiresAt, now)
  if (ttlMs !== undefined && ttlMs <= 0) return undefined
  return { type: 'entry', cache, key, version, value, contentType, ttlMs }
}

/** changeOf makes of a copy that arrived what the store can apply. */
export function changeOf(copy: Copy, now: number): Change {
  const { version } = copy
  if (copy.type === 'tombstone') return { type: 'tombstone', version, keptUntil: now + copy.ttlMs }
  const { value, contentType, ttlMs } = copy
  return { type: 'entry', version, value, contentType, expiresAt: ttlMs === undefined ? undefined : now + ttlMs }
}
