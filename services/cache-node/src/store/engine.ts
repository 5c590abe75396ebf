/**
 * Engine: the parts of a byte store that reading, writing and upkeep share, and the two things that all of them do:
 * find what is alive, and let go of what is not to stay.
 */
import { Bygones, type KeySign } from './bygones.ts'
import type { CacheTally } from './cache-names.ts'
import { ContentTypes } from './content-types.ts'
import { Departures } from './departures.ts'
import { replicas } from './entry.ts'
import type { EntryHead } from './entry-head.ts'
import { EvictionList } from './eviction-list.ts'
import { Holdings, markOf } from './holdings.ts'
import type { KeyRange } from './key-range.ts'
import { LookAhead } from './look-ahead.ts'
import { Roles } from './roles.ts'
import type { Place } from './store.ts'
import { Tuner } from './tuner.ts'

/** Memory for the fingerprints of entries that left, as a share of the budget; it is beside the budget. */
const departuresShare = 1 / 50
/** The same for the versions of what expired, and of what was evicted. */
const bygonesShare = 1 / 64
const evictedVersionsShare = 1 / 128

export interface EngineOptions {
  readonly bytesMax: number
  readonly secret: readonly [number, number]
  readonly now: number
}

export class Engine {
  readonly bytesMax: number
  readonly holdings: Holdings
  readonly ahead: LookAhead
  readonly types = new ContentTypes()
  readonly departures: Departures
  readonly bygones: Bygones
  /** Of what was evicted, the lowest version of each key that may come back. */
  readonly welcomeFrom: Bygones
  readonly tuner = new Tuner()
  readonly roles = new Roles()
  readonly evicted = new EvictionList()
  /** The latest time that it was told: time does not go back. */
  now: number

  constructor({ bytesMax, secret, now }: EngineOptions) {
    this.bytesMax = bytesMax
    this.now = now
    this.holdings = new Holdings({ bytesMax, secret, now })
    this.ahead = new LookAhead(this.holdings)
    this.departures = new Departures(bytesMax * departuresShare)
    this.bygones = new Bygones(bytesMax * bygonesShare)
    this.welcomeFrom = new Bygones(bytesMax * evictedVersionsShare)
  }

  /** What entries that this node coordinates may take, with the index: what replicas leave them. */
  get ownBytesMax(): number {
    return this.bytesMax - (this.holdings.logs[replicas]?.bytes ?? 0)
  }

  observe(now: number): void {
    if (now > this.now) this.now = now
  }

  /**
   * live returns the address of an entry or tombstone, and puts its header into `head`; 0: there is none, and `head` has but the
   * hash of the key. One that has expired it lets go.
   */
  live(token: number, key: KeyRange, cache: CacheTally, head: EntryHead): number {
    const { ahead, holdings } = this
    const isAhead = ahead.isOf(key.ticket, cache)
    const hash = isAhead ? ahead.hashOf(key.ticket) : holdings.hashOf(cache, key)
    head.hash = hash
    const claimed = isAhead ? ahead.claim(key, cache) : 0
    const address = claimed === 0 ? holdings.find(token, hash, cache, key) : claimed
    if (address === 0) return 0
    holdings.fields.readHead(address, head)
    if (head.deadline === undefined || head.deadline > this.now) return address
    this.drop(address, 'expired')
    return 0
  }

  /** drop lets an entry or a tombstone go by itself, and remembers why. */
  drop(address: number, departure: 'evicted' | 'retired' | 'expired'): void {
    const { fields, ledger } = this.holdings
    const hash = this.holdings.hashAt(address)
    if (!fields.isTombstone(address) && fields.isCurrent(address)) {
      if (departure === 'expired') this.#countExpiry(address, hash)
      else this.#countEviction(address, hash)
      this.departures.note(hash, departure, ledger.entries)
    }
    this.holdings.release(address, hash)
  }

  /** placeAt copies the place of an entry. */
  placeAt(address: number): Place {
    const { fields, names } = this.holdings
    const cache = names.of(fields.cache(address)).name
    return { token: fields.token(address), cache, key: this.holdings.key(address) }
  }

  /** signOf stands for a key among the bygones. */
  signOf(cache: CacheTally, key: KeyRange, hash: number): KeySign {
    return { hash, mark: markOf(cache, key) }
  }

  #countExpiry(address: number, hash: number): void {
    const { ledger, fields } = this.holdings
    ledger.expirations++
    if (this.tuner.isSampled(hash)) this.tuner.remove(hash)
    this.bygones.note({ hash, mark: this.holdings.markAt(address) }, fields.version(address))
  }

  #countEviction(address: number, hash: number): void {
    this.holdings.ledger.evictions++
    if (!this.roles.areKnown) return
    const version = this.holdings.fields.version(address)
    this.welcomeFrom.note({ hash, mark: this.holdings.markAt(address) }, version + 1)
    if (this.evicted.isFull) {
      this.evicted.skip()
      return
    }
    const place = this.placeAt(address)
    const role = this.roles.coordinates(place.token) ? 'coordinator' : 'replica'
    this.evicted.add({ place, version, role })
  }
}
