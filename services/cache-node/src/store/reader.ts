/** Reader finds entries and copies them out: entries move, so nobody gets to see the memory of the store itself. */
import type { MissReason, Version } from '@ringhold/sdk/protocol'
import type { Bygones } from './bygones.ts'
import { inlineType, splitInlineType } from './content-types.ts'
import type { Engine } from './engine.ts'
import { LookAhead } from './look-ahead.ts'
import type { Change, Entry, Place, Reading } from './store.ts'

/** Values up to this many bytes are handed out as pieces of one larger array: an array of its own costs more. */
const sharedValueBytesMax = 2_048
const sharedBytes = 65_536

export class Reader {
  readonly ahead: LookAhead
  readonly #engine: Engine
  #shared = new ArrayBuffer(sharedBytes)
  #sharedUsed = 0

  constructor(engine: Engine) {
    this.#engine = engine
    this.ahead = new LookAhead(engine.holdings)
  }

  read(place: Place): Entry | undefined {
    const address = this.#use(place)
    return address === 0 ? undefined : this.#entryAt(address)
  }

  readInto(place: Place, reading: Reading): boolean {
    const address = this.#use(place)
    if (address === 0) return false
    const { holdings, types } = this.#engine
    const { fields } = holdings
    const number = fields.contentType(address)
    reading.version = fields.version(address)
    reading.expiresAt = fields.expires(address) ? fields.deadline(address) : undefined
    if (number === inlineType) {
      this.#copyInline(address, reading)
      return true
    }
    reading.contentType = types.of(number)
    reading.length = fields.valueLength(address)
    reading.onFound?.()
    const fits = reading.at + reading.length <= reading.target.length
    if (fits) holdings.readValue(address, reading.target, reading.at)
    return true
  }

  missReason(place: Place): MissReason | undefined {
    const { holdings, departures } = this.#engine
    const cache = holdings.names.find(place.cache)
    if (cache === undefined) return undefined
    const hash = holdings.hashOf(cache, place.key)
    const address = this.#engine.live(place, cache, hash)
    if (address === 0) return departures.reasonOf(hash)
    return holdings.fields.isTombstone(address) ? 'deleted' : undefined
  }

  version(place: Place): Version | undefined {
    const address = this.#find(place)
    return address === 0 ? undefined : this.#engine.holdings.fields.version(address)
  }

  expiredVersion(place: Place): Version | undefined {
    return this.#versionIn(this.#engine.bygones, place)
  }

  welcomeFrom(place: Place): Version | undefined {
    return this.#versionIn(this.#engine.welcomeFrom, place)
  }

  change(place: Place): Change | undefined {
    const address = this.#find(place)
    return address === 0 ? undefined : this.changeAt(address).change
  }

  /** changeAt is an entry or a tombstone as one node tells another of it. */
  changeAt(address: number): { place: Place; change: Change } {
    const { fields } = this.#engine.holdings
    const place = this.#engine.placeAt(address)
    if (!fields.isTombstone(address)) return { place, change: { type: 'entry', ...this.#entryAt(address) } }
    const change = { type: 'tombstone', version: fields.version(address), keptUntil: fields.deadline(address) } as const
    return { place, change }
  }

  #versionIn(bygones: Bygones, place: Place): Version | undefined {
    const engine = this.#engine
    if (bygones.isEmpty) return undefined
    const cache = engine.holdings.names.find(place.cache)
    if (cache === undefined) return undefined
    return bygones.versionOf(engine.signOf(place, cache, engine.holdings.hashOf(cache, place.key)))
  }

  /** The address of an entry or tombstone, which does not count as used by that; 0 where there is none. */
  #find(place: Place): number {
    const { holdings } = this.#engine
    const cache = holdings.names.find(place.cache)
    return cache === undefined ? 0 : this.#engine.live(place, cache, holdings.hashOf(cache, place.key))
  }

  /** The address of an entry, which counts as used now; 0 where there is none. */
  #use(place: Place): number {
    const engine = this.#engine
    const { holdings, tuner } = engine
    const { fields } = holdings
    const cache = holdings.names.find(place.cache)
    if (cache === undefined) return this.#miss('never')
    const claimed = this.ahead.claim(place, cache)
    const hash = claimed === 0 ? holdings.hashOf(cache, place.key) : this.ahead.hash
    const address = claimed === 0 ? engine.live(place, cache, hash) : engine.unlessExpired(claimed)
    if (address === 0 || fields.isTombstone(address)) {
      if (tuner.isSampled(hash)) tuner.miss(hash)
      return this.#miss(address === 0 ? (engine.departures.reasonOf(hash) ?? 'never') : 'deleted')
    }
    fields.raiseFrequency(address)
    holdings.ledger.hits++
    if (tuner.isSampled(hash) && engine.roles.coordinates(place.token)) {
      tuner.hit(hash, fields.size(address), engine.ownBytesMax)
    }
    return address
  }

  #miss(reason: MissReason | 'never'): 0 {
    this.#engine.holdings.ledger.misses[reason]++
    return 0
  }

  #entryAt(address: number): Entry {
    const { holdings, types } = this.#engine
    const { fields } = holdings
    const bytes = this.#allocate(fields.valueLength(address))
    holdings.readValue(address, bytes, 0)
    const number = fields.contentType(address)
    const version = fields.version(address)
    const expiresAt = fields.expires(address) ? fields.deadline(address) : undefined
    if (number !== inlineType) return { value: bytes, contentType: types.of(number), version, expiresAt }
    const { type, value } = splitInlineType(bytes)
    return { value, contentType: type, version, expiresAt }
  }

  #copyInline(address: number, reading: Reading): void {
    const { value, contentType } = this.#entryAt(address)
    reading.contentType = contentType
    reading.length = value.length
    reading.onFound?.()
    if (reading.at + value.length <= reading.target.length) reading.target.set(value, reading.at)
  }

  #allocate(length: number): Uint8Array {
    if (length > sharedValueBytesMax) return new Uint8Array(length)
    if (this.#sharedUsed + length > sharedBytes) {
      this.#shared = new ArrayBuffer(sharedBytes)
      this.#sharedUsed = 0
    }
    const bytes = new Uint8Array(this.#shared, this.#sharedUsed, length)
    // Eight bytes at a time, so that whoever looks at the bytes as numbers finds them aligned.
    this.#sharedUsed += (length + 7) & ~7
    return bytes
  }
}
