/**
 * What nodes ask each other about entries, as plain values. Each request has exactly one reply; the wire is another
 * file's business. Times to live travel as what remains, in milliseconds, so that clocks never matter to expiry.
 */
import type { ByteCommand, Outcome, RingholdError, Version } from '@ringhold/sdk/protocol'
import type { Digest } from '../store/store.ts'
import type { TokenSet } from './token-set.ts'

/** Spot is a key of a cache. Its token follows from the key. */
export interface Spot {
  readonly cache: string
  readonly key: Uint8Array
}

/** Copy is what a node holds of a key, on its way to another. */
export type Copy = Spot & { readonly version: Version } & (
    | {
        readonly type: 'entry'
        readonly value: Uint8Array
        readonly contentType: string
        /** undefined: it does not expire. */
        readonly ttlMs: number | undefined
      }
    /** `ttlMs`: what is left of its grace. */
    | { readonly type: 'tombstone'; readonly ttlMs: number }
  )

/** Stamp is a key and the version that it has, of an entry or a tombstone. */
export type Stamp = Spot & { readonly version: Version }

/** TokenDigest is the digest of a token as one node holds it. */
export type TokenDigest = Digest & { readonly token: number }

/** BlockSum stands for what one node holds of a block of tokens: the sums of their digests, modulo 2³². */
export interface BlockSum {
  readonly block: number
  readonly low: number
  readonly high: number
}

/** Envelope is what every request and reply carries besides: who speaks, and its hybrid clock, which the receiver merges. */
export interface Envelope {
  readonly from: string
  readonly incarnation: number
  readonly clock: Version
}

export type PeerRequest =
  /**
   * Execute this for me: you coordinate its token. `failover`: I cannot reach the coordinator; you own a copy, so pass it
   * on to the coordinator, or coordinate in its stead.
   */
  | { readonly type: 'command'; readonly command: ByteCommand; readonly failover?: boolean }
  /** Take over these copies where their version is higher than yours. */
  | { readonly type: 'apply'; readonly copies: readonly Copy[] }
  /** I am about to coordinate these tokens, by the ring with this checksum: finish and release what you hold of them. */
  | { readonly type: 'claim'; readonly ring: string; readonly tokens: TokenSet }
  /**
   * These I coordinate. If they are yours I do it in your stead, since I could not reach you: claim them anew. If they are
   * mine you may do it in my stead, should I go.
   */
  | { readonly type: 'recall'; readonly tokens: TokenSet }
  /** This is what I hold of these tokens. Which of them differ from what you hold? You will want to pull those. */
  | { readonly type: 'compare'; readonly digests: readonly TokenDigest[] }
  /**
   * This is what I hold of blocks of the tokens that I coordinate and you own, by the ring with this checksum. Which blocks
   * differ from what you hold? `width`: token t is in block ⌊t / width⌋, a power of two.
   */
  | {
      readonly type: 'compare-blocks'
      readonly ring: string
      readonly width: number
      readonly sums: readonly BlockSum[]
    }
  /** A page of the keys and versions, or of the copies themselves, that you hold of these tokens. */
  | {
      readonly type: 'list' | 'pull'
      readonly tokens: TokenSet
      readonly cursor: number | undefined
      readonly bytesMax: number
    }
  /** Your copies of these keys. */
  | { readonly type: 'fetch'; readonly spots: readonly Spot[] }
  /**
   * I coordinate these, and evicted them at these versions: do the same. What of them you hold as deletes I take over. To
   * who is no owner: these versions were evicted or written here, and what you hold of them up to there is out of date.
   */
  | { readonly type: 'evict'; readonly stamps: readonly Stamp[] }

export type PeerReply =
  | { readonly type: 'outcome'; readonly outcome: Outcome }
  /** One for each copy, in order: 'held' when the receiver now has that version or a higher one. */
  | { readonly type: 'applied'; readonly results: readonly ('held' | 'too-large' | 'full')[] }
  /**
   * The answer to a claim under the same ring. `held`: the tokens that the answering node coordinated until now and has
   * released. `digests`: what it holds of the claimed tokens, where that is anything.
   */
  | { readonly type: 'released'; readonly held: TokenSet; readonly digests: readonly TokenDigest[] }
  /** The answer to a claim under another ring: views are exchanged, then it is claimed again. */
  | { readonly type: 'other-ring'; readonly ring: string }
  /**
   * What the answering node holds of the tokens that differ. `known`: those of which it has gone through all that the asking
   * node holds, and can do nothing about the difference; it may still hold something that the asking node lacks.
   */
  | { readonly type: 'compared'; readonly differing: readonly TokenDigest[]; readonly known: readonly TokenDigest[] }
  /** `differing`: the numbers of the blocks that differ. The answer under another ring is 'other-ring'. */
  | { readonly type: 'compared-blocks'; readonly differing: readonly number[] }
  | { readonly type: 'stamps'; readonly stamps: readonly Stamp[]; readonly cursor: number | undefined }
  /** The reply to 'pull' and 'fetch'; with 'fetch' there is no cursor, and keys that are not there are left out. */
  | { readonly type: 'copies'; readonly copies: readonly Copy[]; readonly cursor: number | undefined }
  /** Taken note of; nothing to say. */
  | { readonly type: 'noted' }
  | { readonly type: 'refused'; readonly error: RingholdError }

/** AskSettled is how a request ended. 'refused': nothing listens there. 'failed': no answer in time, or the connection broke: whether it was executed is unknown. */
export type AskSettled =
  | { readonly type: 'reply'; readonly reply: PeerReply }
  | { readonly type: 'refused' }
  | { readonly type: 'failed' }
