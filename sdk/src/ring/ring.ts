/**
 * The ring: which members own which tokens, as a pure function of its members, its seed and the number of copies.
 *
 *      key ── hash32 ──► token (16,384 of them, in a circle) ──► owners, first to last
 *
 *      token   owners                      Each token ranks all members by score(token, member) and takes the
 *        0     node-3  node-1              highest that still has room (capacity-bounded rendezvous hashing).
 *        1     node-5  node-2              Room is 1.05 × the mean, so no member is ever much fuller than
 *       ...    ...                         another; who is full passes the token to its next best member, and
 *     16383    node-2  node-3              that is all that ever moves besides the unavoidable.
 *
 * Guarantees: the same input gives the same table on every machine, in any order of members; the fullest member holds
 * at most 1.05 × the mean (by weight), where the mean is large enough for whole tokens to express that; adding or
 * removing a member moves little more than its own share; when a member leaves, the first replica of nearly all of its
 * tokens becomes their coordinator. It does not decide who is a member: that is the view's business.
 *
 * Sources: Thaler and Ravishankar, "Using name-based mappings to increase hit rates" (rendezvous hashing, 1998);
 * Mirrokni, Thorup and Zadimoghaddam, "Consistent Hashing with Bounded Loads" (2018).
 */

import type { ByteRange } from './hash.ts'
import { finalMix, hash32 } from './hash.ts'
import { Scores, scoreBits } from './scores.ts'
import { tokenCount, tokenOf, tokenOfBytes, tokenOfRange } from './token.ts'

/** maxMembers is how many members a ring may have: one for each token. */
export const maxMembers = tokenCount

/** maxWeight is the largest weight a member may have. */
export const maxWeight = 100

const headroom = 1.05

// What counts before the score, in the bits above it. The score of a member that the token has already is so low that
// nothing lifts it above zero.
const couldCoordinate = 1 << scoreBits
const inNewZone = 2 << scoreBits
const hasRoom = 4 << scoreBits
const taken = -0x80000000

/** RingMember is what the ring needs to know of a member. */
export interface RingMember {
  /** Unique name of the node; it alone decides where the member stands. */
  readonly name: string
  /** Replicas prefer members of another zone. Default: '' (no zone). */
  readonly zone?: string
  /** Whole number from 1 to 100: a member of weight 3 counts as three. Default: 1. */
  readonly weight?: number
}

/** RingInput says everything a ring follows from. */
export interface RingInput {
  readonly members: readonly RingMember[]
  /** 32-bit seed of the fleet, published by its topology. */
  readonly seed: number
  /** How many owners each token has, as far as there are members. Default: 2. */
  readonly copies?: number
}

/** seedOfFleet derives the ring seed from the name of the fleet, so that two fleets never share a ring by accident. */
export function seedOfFleet(fleet: string): number {
  return hash32(fleet, 0)
}

/** Ring answers who owns a token. It never changes: a new view makes a new ring. */
export class Ring {
  readonly seed: number
  /** Owners per token: the copies asked for, or the number of members where there are fewer. */
  readonly ownersPerToken: number
  /** The members in order of their names. */
  readonly members: readonly Required<RingMember>[]
  /** 16 hexadecimal digits; two parties with the same checksum computed the same ring. */
  readonly checksum: string
  /** Indexes into `members`, `ownersPerToken` for each token, the coordinator first. Empty when there are no members. */
  readonly table: Uint16Array

  /** Throws a TypeError for a duplicate name, too many members, a weight that is no whole number from 1 to 100, or copies below 1. */
  constructor(input: RingInput) {
    const copies = input.copies ?? 2
    if (!Number.isInteger(copies) || copies < 1) throw new TypeError('copies must be a whole number of at least 1')
    this.seed = input.seed >>> 0
    this.members = sortedMembers(input.members)
    this.ownersPerToken = Math.min(copies, this.members.length)
    this.table = assignTokens(this.members, this.ownersPerToken)
    this.checksum = checksumOf(this)
  }

  /** token returns the token of a key. */
  token(key: string): number {
    return tokenOf(key, this.seed)
  }

  /** tokenOfBytes returns the token of a key that is there as its UTF-8 bytes. */
  tokenOfBytes(key: Uint8Array): number {
    return tokenOfBytes(key, this.seed)
  }

  /** tokenOfRange returns the token of a key that is part of an array. */
  tokenOfRange(key: ByteRange): number {
    return tokenOfRange(key, this.seed)
  }

  /** coordinator returns the name of a token's first owner; undefined when the ring has no members. */
  coordinator(token: number): string | undefined {
    return this.members[this.table[token * this.ownersPerToken] as number]?.name
  }

  /** coordinatorIndex returns where a token's first owner stands in `members`; −1 when the ring has no members. */
  coordinatorIndex(token: number): number {
    return this.table[token * this.ownersPerToken] ?? -1
  }

  /** owners returns the names of a token's owners, the coordinator first. */
  owners(token: number): string[] {
    const names: string[] = []
    for (let rank = 0; rank < this.ownersPerToken; rank++) {
      names.push((this.members[this.table[token * this.ownersPerToken + rank] as number] as RingMember).name)
    }
    return names
  }

  /** tokensOf counts the tokens that each member owns at a rank (0: as coordinator, 1: as first replica, …), by name. */
  tokensOf(rank = 0): Map<string, number> {
    const counts = new Map(this.members.map((member) => [member.name, 0]))
    for (let at = rank; rank < this.ownersPerToken && at < this.table.length; at += this.ownersPerToken) {
      const { name } = this.members[this.table[at] as number] as RingMember
      counts.set(name, (counts.get(name) as number) + 1)
    }
    return counts
  }
}

function sortedMembers(members: readonly RingMember[]): Required<RingMember>[] {
  if (members.length > maxMembers) throw new TypeError(`a ring has at most ${maxMembers} members`)
  const sorted = members
    .map(({ name, zone = '', weight = 1 }) => ({ name, zone, weight }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  for (const [index, { name, weight }] of sorted.entries()) {
    if (name === sorted[index - 1]?.name) throw new TypeError(`two members of the ring are called ${name}`)
    if (!Number.isInteger(weight) || weight < 1 || weight > maxWeight) {
      throw new TypeError(`the weight of ${name} must be a whole number from 1 to ${maxWeight}`)
    }
  }
  return sorted
}

function assignTokens(members: readonly Required<RingMember>[], ownersPerToken: number): Uint16Array {
  const scores = new Scores(members)
  const mean = tokenCount / scores.places
  const roomPerPlace = Math.max(Math.ceil(mean), Math.floor(mean * headroom))
  const room = Array.from({ length: ownersPerToken }, () =>
    Int32Array.from(members, ({ weight }) => weight * roomPerPlace),
  )
  const zones = zoneNumbers(members)
  const lastTokenOfZone = new Int32Array(members.length).fill(-1)
  const table = new Uint16Array(tokenCount * ownersPerToken)
  for (let token = 0; token < tokenCount; token++) {
    const candidates = { token, scores: scores.of(token), zones, lastTokenOfZone }
    for (let rank = 0; rank < ownersPerToken; rank++) {
      const left = room[rank] as Int32Array
      const owner = bestMember(candidates, left, room[0] as Int32Array)
      table[token * ownersPerToken + rank] = owner
      left[owner] = (left[owner] as number) - 1
      candidates.scores[owner] = taken
      lastTokenOfZone[zones[owner] as number] = token
    }
  }
  return table
}

/** What a token chooses from. */
interface Candidates {
  readonly token: number
  /** By member; `taken` for the owners that the token has already. */
  readonly scores: Int32Array
  /** By member: the number of its zone. */
  readonly zones: Uint16Array
  /** By zone: the last token that has an owner there. */
  readonly lastTokenOfZone: Int32Array
}

/**
 * The best member for the next rank of a token. Being able to take it counts before the score:
 *
 *      room at this rank  >  another zone than the owners before it  >  room as coordinator  >  score
 *
 * The last but one makes a replica the member that would coordinate the token if its coordinator left. Where nobody has
 * room (only possible for the replicas of very small fleets), room gives way. For the coordinator itself the first and
 * the third are the same and every zone is another.
 */
function bestMember(candidates: Candidates, left: Int32Array, leftAsCoordinator: Int32Array): number {
  const { token, scores, zones, lastTokenOfZone } = candidates
  let best = -1
  let bestWorth = -1
  for (let member = 0; member < scores.length; member++) {
    let worth = scores[member] as number
    if ((left[member] as number) > 0) worth += hasRoom
    if (lastTokenOfZone[zones[member] as number] !== token) worth += inNewZone
    if ((leftAsCoordinator[member] as number) > 0) worth += couldCoordinate
    if (worth > bestWorth) {
      best = member
      bestWorth = worth
    }
  }
  return best
}

function zoneNumbers(members: readonly Required<RingMember>[]): Uint16Array {
  const numbers = new Map<string, number>()
  return Uint16Array.from(members, ({ zone }) => {
    if (!numbers.has(zone)) numbers.set(zone, numbers.size)
    return numbers.get(zone) as number
  })
}

function checksumOf(ring: Pick<Ring, 'seed' | 'ownersPerToken' | 'members' | 'table'>): string {
  let low = finalMix(ring.seed ^ ring.ownersPerToken)
  let high = finalMix(~ring.seed)
  for (const { name, zone, weight } of ring.members) {
    low = finalMix(Math.imul(low, 31) + hash32(name, weight))
    high = finalMix(Math.imul(high, 37) + hash32(zone, hash32(name, 1)))
  }
  for (let at = 0; at < ring.table.length; at++) {
    low = (Math.imul(low, 31) + (ring.table[at] as number)) | 0
    high = (Math.imul(high, 0x01000193) ^ (ring.table[at] as number)) | 0
  }
  return hex(finalMix(high)) + hex(finalMix(low))
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0')
}
