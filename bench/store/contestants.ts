/** The stores that are compared, each from request bytes to response bytes in the way that suits it best. */
import { LRUCache } from 'lru-cache'
import { ByteStore, bytesMaxMin } from '#node/store/byte-store.js'
import type { Reading } from '#node/store/store.js'
import type { Request } from './requests.ts'
import { keyBytes, valueBytes } from './requests.ts'

/** Contestant answers requests. */
export interface Contestant {
  set(request: Request, value: Uint8Array): void
  /** Writes the value into the response and tells whether there was one. */
  get(request: Request, response: Uint8Array): boolean
  /** What it can do for requests that came together before it answers them one by one, as the node does for commands. */
  prepare?(requests: readonly Request[]): void
}

interface MapEntry {
  readonly value: Uint8Array
  readonly contentType: string
  readonly version: number
  readonly expiresAt: number | undefined
}

const contentType = 'application/octet-stream'
/** Bytes for an entry and its share of the index at its emptiest. */
const entryBytes = keyBytes + valueBytes + 21 + 16

class ByteStoreContestant implements Contestant {
  readonly #store: ByteStore
  readonly #reading: Reading = {
    target: new Uint8Array(0),
    at: 0,
    length: 0,
    contentType,
    version: 0,
    expiresAt: undefined,
  }
  #version = 0

  constructor(entries: number) {
    const bytesMax = Math.max(bytesMaxMin, entries * entryBytes)
    this.#store = new ByteStore({ bytesMax, secret: [1_234_567, 7_654_321], now: 0 })
  }

  set(request: Request, value: Uint8Array): void {
    const place = { token: request.token, cache: 'default', key: request.key }
    this.#store.write(place, { value, contentType, version: ++this.#version, expiresAt: undefined }, 0)
  }

  get(request: Request, response: Uint8Array): boolean {
    this.#reading.target = response
    return this.#store.readInto(request.token, request, 0, this.#reading) === 'hit'
  }

  prepare(requests: readonly Request[]): void {
    for (const request of requests) this.#store.expect(request.token, request)
    this.#store.prefetch()
  }
}

/** What a first store would be: a Map of strings to objects, each with a copy of its bytes. */
class MapContestant implements Contestant {
  readonly #entries = new Map<string, MapEntry>()
  #version = 0

  set(request: Request, value: Uint8Array): void {
    const entry = { value: Buffer.from(value), contentType, version: ++this.#version, expiresAt: undefined }
    this.#entries.set(request.text(), entry)
  }

  get(request: Request, response: Uint8Array): boolean {
    const entry = this.#entries.get(request.text())
    if (entry === undefined) return false
    response.set(entry.value)
    return true
  }
}

class LruCacheContestant implements Contestant {
  readonly #entries: LRUCache<string, MapEntry>
  #version = 0

  constructor(entries: number) {
    this.#entries = new LRUCache({ max: entries })
  }

  set(request: Request, value: Uint8Array): void {
    const entry = { value: Buffer.from(value), contentType, version: ++this.#version, expiresAt: undefined }
    this.#entries.set(request.text(), entry)
  }

  get(request: Request, response: Uint8Array): boolean {
    const entry = this.#entries.get(request.text())
    if (entry === undefined) return false
    response.set(entry.value)
    return true
  }
}

export const contestants = {
  ringhold: (entries: number): Contestant => new ByteStoreContestant(entries),
  map: (): Contestant => new MapContestant(),
  'lru-cache': (entries: number): Contestant => new LruCacheContestant(entries),
} as const

export type ContestantName = keyof typeof contestants
