/**
 * What peers say to each other. A message and its answer are plain data, at most messageBytesMax as JSON.
 *
 *   gossip   who I am and that I live; news; heartbeats; a digest of my view         answered by gossip
 *   probe    please contact this member for me: I could not                          answered by probed
 *   refusal  the answer to whoever does not belong here
 *
 * Every message names its fleet, so that two fleets never merge by accident, and carries the record and heartbeat of
 * its sender, so that every message is a sign of life.
 */
import type { Member } from '@ringhold/sdk/membership'
import type { ErrorCode } from '@ringhold/sdk/protocol'

/** messageBytesMax bounds every message, in bytes of JSON. */
export const messageBytesMax = 16_384

/** recordBytesMax bounds one record, in bytes of JSON, so that a message always has room for several. */
export const recordBytesMax = 2_048

/** fleetBytesMax bounds the name of a fleet, in bytes of JSON. */
export const fleetBytesMax = 256

/** accusersMax is how many accusers of a suspect travel with its record: the first one and those that can shorten the timeout. */
export const accusersMax = 4

/** Rumour is a record and what travels beside it. */
export interface Rumour {
  readonly member: Member
  /** Names of those that could not reach this suspect themselves. */
  readonly accusers?: readonly string[]
  /** How long ago a dead or left member was declared so. */
  readonly ageMs?: number
}

/** Pulse is the heartbeat of a member in one of its incarnations, as [name, incarnation, heartbeat]. */
export type Pulse = readonly [name: string, incarnation: number, heartbeat: number]

export interface Envelope {
  readonly fleet: string
  /** Owners per token; the whole fleet must agree, for the ring depends on it. */
  readonly copies: number
  readonly from: Member
  readonly heartbeat: number
}

export interface Gossip extends Envelope {
  readonly type: 'gossip'
  /** Digest of the live part of the sender's view. */
  readonly digest: number
  readonly rumours: readonly Rumour[]
  readonly heartbeats: readonly Pulse[]
  /**
   * Present when views are exchanged in full, page by page in order of names. In a request: the name after which the
   * answer shall begin. In the answer: the name after which its next page begins. Absent name: no more pages.
   */
  readonly page?: { readonly after?: string }
}

export interface Probe extends Envelope {
  readonly type: 'probe'
  readonly target: { readonly name: string; readonly peer: string }
  /** How long the asking node waits. */
  readonly deadlineMs: number
}

/** ProbeOutcome: 'unknown' says nothing of the target (the relay does not know it, or has too much to do). */
export type ProbeOutcome = 'reply' | 'refused' | 'silent' | 'unknown'

export interface Probed extends Envelope {
  readonly type: 'probed'
  readonly outcome: ProbeOutcome
  /** What the target said of itself, when it replied. */
  readonly target?: { readonly member: Member; readonly heartbeat: number }
}

export interface Refusal {
  readonly type: 'refusal'
  readonly code: ErrorCode
  readonly detail: string
}

export type PeerMessage = Gossip | Probe | Probed | Refusal
