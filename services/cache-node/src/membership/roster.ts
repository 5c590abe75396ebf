/**
 * The view as a node keeps it: one winning record for each name, which of them are live, how long the gone ones have
 * been gone, and a digest of the live ones that two nodes compare to see whether they know the same.
 *
 * Merging is that of the view (winner by compareMembers), so the order of arrival does not matter. Bounded: at
 * membersMax records the longest gone one makes room; when all live, unknown names are refused.
 */
import { compareMembers, isGone, type Member, type View } from '@ringhold/sdk/membership'
import { hash32 } from '@ringhold/sdk/ring'

export interface RosterOptions {
  readonly self: Member
  readonly membersMax: number
  /** How long gone members are remembered, in real milliseconds. */
  readonly rememberMs: number
}

/** Hearing tells how a record was heard. */
export interface Hearing {
  /** Real time. */
  readonly now: number
  /** How long ago a gone member went. Default: 0. */
  readonly ageMs?: number
  /** Whether a gone member that is not known shall be taken in. Default: false. */
  readonly adoptGone?: boolean
}

/** Merged tells what became of a record: news, known already, older than what is known, or not wanted. */
export type Merged =
  | { readonly type: 'news'; readonly before: Member | undefined }
  | { readonly type: 'known' | 'older' | 'unwanted' }

export class Roster {
  readonly #options: RosterOptions
  readonly #members = new Map<string, Member>()
  /** When each gone member went, in the node's real time. */
  readonly #goneAt = new Map<string, number>()
  readonly #live = new Set<string>()
  #self: Member
  #digest = 0
  #snapshot: View | undefined
  #names: readonly string[] | undefined

  constructor(options: RosterOptions) {
    this.#options = options
    this.#self = options.self
    this.#put(options.self)
  }

  get self(): Member {
    return this.#self
  }

  /** digest is equal on two nodes exactly when they hold the same live records, but for one chance in 2^32. */
  get digest(): number {
    return this.#digest >>> 0
  }

  get view(): View {
    this.#snapshot ??= new Map(this.#members)
    return this.#snapshot
  }

  /** live are the names of all members that may run, the node itself included. */
  get live(): ReadonlySet<string> {
    return this.#live
  }

  /** names are all names in order. */
  get names(): readonly string[] {
    this.#names ??= [...this.#members.keys()].sort()
    return this.#names
  }

  get(name: string): Member | undefined {
    return this.#members.get(name)
  }

  /** livePeer returns the record of another member that may run. */
  livePeer(name: string): Member | undefined {
    return name !== this.#self.name && this.#live.has(name) ? this.#members.get(name) : undefined
  }

  /** dead are the names of the members that crashed, longest gone first. */
  *dead(): Generator<Member> {
    for (const name of this.#goneAt.keys()) {
      const member = this.#members.get(name)
      if (member?.status === 'dead') yield member
    }
  }

  /** goneMs tells how long ago a gone member went. */
  goneMs(name: string, now: number): number | undefined {
    const goneAt = this.#goneAt.get(name)
    return goneAt === undefined ? undefined : Math.max(0, Math.floor(now - goneAt))
  }

  /** become replaces the node's own record: only the node itself may say what it is. */
  become(self: Member): void {
    this.#self = self
    this.#put(self)
  }

  /**
   * merge takes in what was heard of another member. A gone member that is not known is taken in only where whole views
   * are exchanged and while it is worth remembering: otherwise those that one node has forgotten already would come
   * back from the next one for ever.
   */
  merge(record: Member, { now, ageMs = 0, adoptGone = false }: Hearing): Merged {
    const before = this.#members.get(record.name)
    if (before) {
      const order = compareMembers(record, before)
      if (order <= 0) return { type: order < 0 ? 'older' : 'known' }
    } else if (isGone(record.status) && (!adoptGone || ageMs >= this.#options.rememberMs)) return { type: 'unwanted' }
    if (!before && !this.#makeRoom()) return { type: 'unwanted' }
    this.#put(record)
    if (isGone(record.status)) this.#goneAt.set(record.name, now - ageMs)
    return { type: 'news', before }
  }

  /** forget drops the members that have been gone for the time of remembering, and returns their names. */
  forget(now: number): string[] {
    const forgotten: string[] = []
    for (const [name, goneAt] of this.#goneAt) {
      if (now - goneAt < this.#options.rememberMs) continue
      this.#remove(name)
      forgotten.push(name)
    }
    return forgotten
  }

  #put(record: Member): void {
    const { name } = record
    const before = this.#members.get(name)
    if (before) {
      if (!isGone(before.status)) this.#digest = (this.#digest - recordHash(before)) | 0
    } else this.#names = undefined
    this.#members.set(name, record)
    this.#snapshot = undefined
    this.#goneAt.delete(name)
    if (isGone(record.status)) this.#live.delete(name)
    else {
      this.#live.add(name)
      this.#digest = (this.#digest + recordHash(record)) | 0
    }
  }

  #remove(name: string): void {
    this.#members.delete(name)
    this.#goneAt.delete(name)
    this.#live.delete(name)
    this.#snapshot = undefined
    this.#names = undefined
  }

  #makeRoom(): boolean {
    if (this.#members.size < this.#options.membersMax) return true
    const [longestGone] = this.#goneAt.keys()
    if (longestGone === undefined) return false
    this.#remove(longestGone)
    return true
  }
}

const hashes = new WeakMap<Member, number>()

/** Records live long and are hashed often, so their hash is remembered as long as they live. */
function recordHash(record: Member): number {
  let hash = hashes.get(record)
  if (hash === undefined) {
    const { name, incarnation, status, instance, urls, zone, weight } = record
    hash = hash32(JSON.stringify([name, incarnation, status, instance, urls.client, urls.peer, zone, weight]), 0)
    hashes.set(record, hash)
  }
  return hash
}
