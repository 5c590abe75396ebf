/** Reader finds entries and copies them out: entries move, so nobody gets to see the memory of the store itself. */
import type { MissReason, Version } from '@ringhold/sdk/protocol'
import type { Bygones } from './bygones.ts'
import { inlineType, splitInlineType } from './content-types.ts'
import type { Engine } from './engine.ts'
import { tombstones } from './entry.ts'
import { EntryHead } from './entry-head.ts'
import { type KeyRange, rangeOf } from './key-range.ts'
import type { Absence, Change, Entry, Place, Reading } from './store.ts'

/** Values up to this many bytes are handed out as pieces of one larger array: an array of its own costs more. */
const sharedValueBytesMax = 2_048
const sharedBytes = 65_536

export class Reader {
  readonly #engine: Engine
  #shared = new ArrayBuffer(sharedBytes)
  #sharedUsed = 0
  readonly #head = new EntryHead()
  /** Why the last #use found nothing. */
  #absence: Absence = 'never'

  constructor(engine: Engine) {
    this.#engine = engine
  }

  read(place: Place): Entry | undefined {
    const address = this.#use(place.token, rangeOf(place))
    return address === 0 ? undefined : this.#entryAt(address)
  }

  readInto(token: number, key: KeyRange, reading: Reading): 'hit' | Absence {
    const address = this.#use(token, key)
    if (address === 0) return this.#absence
    const head = this.#head
    reading.version = head.version
    reading.expiresAt = head.deadline
    if (head.contentType === inlineType) {
      this.#copyInline(address, reading)
      return 'hit'
    }
    const { holdings, types } = this.#engine
    reading.contentType = types.of(head.contentType)
    reading.length = head.valueLength
    reading.onFound?.()
    const fits = reading.at + reading.length <= reading.target.length
    if (fits) holdings.readValue(address, head, reading.target, reading.at)
    return 'hit'
  }

  missReason(place: Place): MissReason | undefined {
    const { holdings, departures } = this.#engine
    const cache = holdings.names.find(place.cache)
    if (cache === undefined) return undefined
    const key = rangeOf(place)
    const address = this.#engine.live(place.token, key, cache, this.#head)
    const { hash } = this.#head
    if (address === 0) return departures.reasonOf(hash)
    return this.#head.log === tombstones ? 'deleted' : undefined
  }

  version(place: Place): Version | undefined {
    const address = this.#find(place)
    return address === 0 ? undefined : this.#head.version
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
    const key = rangeOf(place)
    return bygones.versionOf(engine.signOf(cache, key, engine.holdings.hashOf(cache, key)))
  }

  /** The address of an entry or tombstone, which does not count as used by that; 0 where there is none. */
  #find(place: Place): number {
    const { holdings } = this.#engine
    const cache = holdings.names.find(place.cache)
    if (cache === undefined) return 0
    const key = rangeOf(place)
    return this.#engine.live(place.token, key, cache, this.#head)
  }

  /** The address of an entry, which counts as used now and has its header in #head; 0 where there is none, for the reason of #absence. */
  #use(token: number, key: KeyRange): number {
    const engine = this.#engine
    const { holdings, tuner } = engine
    const { fields } = holdings
    const cache = holdings.names.find(key.cache)
    if (cache === undefined) return this.#miss('never')
    const address = engine.live(token, key, cache, this.#head)
    const { hash } = this.#head
    if (address === 0 || this.#head.log === tombstones) {
      if (tuner.isSampled(hash)) tuner.miss(hash)
      return this.#miss(address === 0 ? (engine.departures.reasonOf(hash) ?? 'never') : 'deleted')
    }
    fields.raiseFrequency(address)
    holdings.ledger.hits++
    if (tuner.isSampled(hash) && engine.roles.coordinates(token)) {
      tuner.hit(hash, fields.size(address), engine.ownBytesMax)
    }
    return address
  }

  #miss(reason: Absence): 0 {
    this.#absence = reason
    this.#engine.holdings.ledger.misses[reason]++
    return 0
  }

  #entryAt(address: number): Entry {
    const { holdings, types } = this.#engine
    const head = this.#head
    holdings.fields.readHead(address, head)
    const bytes = this.#allocate(head.valueLength)
    holdings.readValue(address, head, bytes, 0)
    const { contentType: number, version, deadline: expiresAt } = head
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
