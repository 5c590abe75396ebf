/** A ByteStore that tells of everything that happens to the keys of the traffic in it. */
import { ByteStore, bytesMaxMin } from '#node/store/byte-store.js'
import type { KeyRange } from '#node/store/key-range.js'
import type { Applied, Change, Entry, Place, Written } from '#node/store/store.js'

/** Cause is why an entry is not there any more, or another one. */
export type Cause = 'written' | 'removed' | 'evicted' | 'told' | 'dropped'

export interface StoreEvents {
  /** A key has another entry or tombstone than before; undefined: none. */
  readonly changed: (key: string, change: Change | undefined, cause: Cause) => void
  /** The keys that should be there. */
  readonly held: () => Iterable<{ readonly name: string; readonly place: Place; readonly version: number }>
  /** Whether entries may be evicted for want of room. */
  readonly isSmall: boolean
}

export class WatchedStore extends ByteStore {
  readonly #events: StoreEvents
  #now: number

  constructor(events: StoreEvents, { secret, now }: { secret: readonly [number, number]; now: number }) {
    super({ bytesMax: bytesMaxMin, secret, now })
    this.#events = events
    this.#now = now
  }

  override write(place: Place, entry: Entry, now: number): Written {
    const written = super.write(place, entry, now)
    if (written === 'created' || written === 'replaced') this.#note(place, { type: 'entry', ...entry }, now)
    return written
  }

  override supersede(token: number, key: KeyRange, entry: Entry, now: number): Written | 'stale' {
    const written = super.supersede(token, key, entry, now)
    if (written === 'created' || written === 'replaced') {
      const place = { token, cache: key.cache, key: key.bytes.slice(key.from, key.to) }
      this.#note(place, { type: 'entry', ...entry }, now)
    }
    return written
  }

  override apply(place: Place, change: Change, now: number): Applied {
    const applied = super.apply(place, change, now)
    if (applied === 'applied') this.#note(place, change, now)
    return applied
  }

  override remove(place: Place, now: number): boolean {
    const removed = super.remove(place, now)
    if (removed) this.#gone(place, 'removed')
    return removed
  }

  override evict(place: Place, version: number, now: number): boolean {
    const evicted = super.evict(place, version, now)
    if (evicted) this.#gone(place, 'told')
    return evicted
  }

  override discard(place: Place, version: number, now: number): boolean {
    const discarded = super.discard(place, version, now)
    if (discarded) this.#gone(place, 'dropped')
    return discarded
  }

  override drop(leaves: (token: number) => boolean): number {
    const dropped = super.drop(leaves)
    this.#look('dropped', this.#now)
    return dropped
  }

  #note(place: Place, change: Change, now: number): void {
    this.#now = now
    this.#events.changed(nameOf(place.key), change, 'written')
    if (this.#events.isSmall) this.#look('evicted', now)
  }

  #gone(place: Place, cause: Cause): void {
    this.#events.changed(nameOf(place.key), undefined, cause)
  }

  /** Finds out what is not there any more. */
  #look(cause: Cause, now: number): void {
    for (const { name, place, version } of this.#events.held()) {
      if (super.version(place, now) !== version) this.#events.changed(name, undefined, cause)
    }
  }
}

export function nameOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
}
