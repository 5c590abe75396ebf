/**
 * What the parts of one node's copies want of each other, as far as they are built apart. The composition in copies.ts
 * hands each part to those that need it.
 *
 *      writes, claims ──► Sync        may a command run on this token yet? else fetch its key first
 *                     ──► Repair      this write has fewer copies than it should
 *      receive        ──► Shelf       what peers ask of our store
 *      data           ──► Tenure      do we coordinate this token?
 */
import type { Version } from '@ringhold/sdk/protocol'
import type { Place } from '../store/store.ts'
import type { PeerReply, PeerRequest, TokenDigest } from './peer-request.ts'
import type { TokenSet } from './token-set.ts'

/** TokenState is what a node is to a token: 'held' once its claim is answered, 'provisional' in the stead of a coordinator that it cannot reach. */
export type TokenState = 'none' | 'claiming' | 'held' | 'provisional'

/** Holdings tells which tokens a node coordinates now: 'held' and 'provisional' ones. */
export interface Holdings {
  holds(token: number): boolean
  state(token: number): TokenState
  /** Whether any token is claimed now. */
  readonly isClaiming: boolean
}

/** Sync moves what a new coordinator lacks from those that have it. */
export interface Sync {
  /**
   * claimed says that this node coordinates the tokens from now on, and what each peer that answered holds of them (by
   * name; only of these tokens). It may be called again for a token: the sources are added to those there are.
   */
  claimed(tokens: TokenSet, digests: ReadonlyMap<string, readonly TokenDigest[]>): void
  /**
   * alsoHeld says what one more peer holds of tokens, some of which were claimed already since another had been their only
   * holder: should that one go, this one has the same or nearly so.
   */
  alsoHeld(peer: string, digests: readonly TokenDigest[]): void
  /** released says that the node does not coordinate the tokens any more: their sources are forgotten. */
  released(tokens: TokenSet): void
  /** Whether all that is known of elsewhere is here. Asked for every command: an array read. */
  isSettled(token: number): boolean
  /**
   * fetchKey brings in the key from all sources of its token, then calls `done`: once, perhaps at once, within askTimeoutMs.
   * false: a source did not answer, nor did one that holds the same; what is here may be old.
   */
  fetchKey(place: Place, done: (isFetched: boolean) => void): void
  /** dropped says that the store was emptied. */
  dropped(): void
  /** ringChanged says that the view or the ring changed: sources may be gone. */
  ringChanged(): void
  tick(): void
  readonly syncingTokens: number
  readonly entriesLeft: number
  readonly pulledEntries: number
  readonly pulledBytesPerSecond: number
}

/** Repair compares what the node coordinates with what the other owners hold, and mends it. */
export interface Repair {
  ringChanged(): void
  /** ownerMissed says that an owner lacks a write, and that no hint is kept for it. */
  ownerMissed(token: number, member: string): void
  /** dropped says that the store was emptied. */
  dropped(): void
  tick(): void
  readonly underReplicatedTokens: number
  readonly bytesSent: number
}

/** Strays drops what the node has no business with, once its owners have it. */
export interface Strays {
  tick(): void
  readonly tokens: number
  readonly entries: number
}

/** Evictions tells replicas what their coordinator evicted, and nodes that leave what is out of date there. */
export interface Evictions {
  /**
   * overwrote says that this node, as the coordinator, has written a key, and another owner has it, if there is one. The
   * bytes are good for this call only.
   */
  overwrote(place: Place, version: Version): void
  /** Whether overwrote has anybody to tell. */
  readonly hasListeners: boolean
  tick(): void
  /** Whether the last tick found nothing to tell. */
  readonly isQuiet: boolean
}

/** ShelfRequest is what a Shelf answers. */
export type ShelfRequest = Extract<
  PeerRequest,
  { type: 'compare' | 'compare-blocks' | 'list' | 'pull' | 'fetch' | 'evict' }
>

/** Shelf answers, from the store, what peers ask of the entries. */
export interface Shelf {
  serve(request: ShelfRequest, from: string): PeerReply
}

export interface DataParts {
  readonly sync: Sync
  readonly repair: Repair
  readonly strays: Strays
  readonly evictions: Evictions
  readonly shelf: Shelf
}
