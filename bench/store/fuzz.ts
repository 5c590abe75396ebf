/**
 * Fuzz: sizes of all kinds in a full store, with overwrites, deletes and expiry, for a given time. Every value carries
 * a checksum of its key and version; every read checks it, and at the end every entry is read.
 */
import { ByteStore } from '#node/store/byte-store.js'
import { rangeOf } from '#node/store/key-range.js'
import type { Place, Reading } from '#node/store/store.js'
import { random } from './random.ts'

const seconds = 1_000
const bigValueBytes = 1_048_576
const keysMax = 200_000
/** The mix of sizes changes this often, in operations: what fitted before leaves holes for what comes. */
const phaseOperations = 40_000
const phases = [
  { name: 'tiny', sizes: (share: number) => Math.floor(share * 64) },
  { name: 'all magnitudes', sizes: (share: number) => Math.floor(2 ** (share * 20)) },
  { name: 'large', sizes: (share: number) => 600_000 + Math.floor(share * (bigValueBytes - 600_000)) },
  { name: 'one page', sizes: (share: number) => 4_000 + Math.floor(share * 200) },
] as const

export interface FuzzResult {
  readonly operations: number
  readonly hits: number
  readonly evictions: number
  readonly compactedBytes: number
  readonly rssMaxBytes: number
  readonly fragmentation: number
}

/** fuzz throws at the first wrong byte. */
export function fuzz({ bytesMax, forMs, seed }: { bytesMax: number; forMs: number; seed: number }): FuzzResult {
  const next = random(seed)
  const started = performance.now()
  const store = new ByteStore({ bytesMax, secret: [seed, 99], now: 0 })
  const versions = new Float64Array(keysMax)
  const value = new Uint8Array(bigValueBytes)
  // One buffer for all reads, as a stream has: arrays that are thrown away would be counted with the store.
  const reading: Reading = {
    target: new Uint8Array(bigValueBytes),
    at: 0,
    length: 0,
    contentType: '',
    version: 0,
    expiresAt: undefined,
  }
  let operations = 0
  let hits = 0
  let rssMax = 0
  const check = (key: number, now: number): void => {
    const place = placeOf(key)
    if (store.readInto(place.token, rangeOf(place), now, reading) !== 'hit') return
    hits++
    if (reading.version !== versions[key]) throw new Error(`key ${key} has version ${reading.version}`)
    verify(reading.target.subarray(0, reading.length), key, reading.version)
  }
  while (performance.now() - started < forMs) {
    const now = performance.now() - started
    const phase = phases[Math.floor(operations / phaseOperations) % phases.length] as (typeof phases)[number]
    // As many keys as fill the store about twice in every phase.
    const keys = Math.ceil((2 * bytesMax) / (phase.sizes(0.5) + 100))
    for (let turn = 0; turn < 256; turn++, operations++) {
      const key = Math.floor(next() * Math.min(keys, keysMax))
      const dice = next()
      if (dice < 0.35) check(key, now)
      else if (dice < 0.4) store.remove(placeOf(key), now)
      else {
        const version = operations + 1
        const bytes = value.subarray(0, phase.sizes(next()))
        stamp(bytes, key, version)
        const expiresAt = dice < 0.5 ? now + 1 + next() * 3 * seconds : undefined
        const written = store.write(placeOf(key), { value: bytes, contentType: 'a/b', version, expiresAt }, now)
        if (written !== 'created' && written !== 'replaced') throw new Error(`a write was ${written}`)
        versions[key] = version
      }
    }
    store.sweep(now, 1_000)
    rssMax = Math.max(rssMax, process.memoryUsage.rss())
    const { bytes } = store.stats(now)
    if (bytes > bytesMax * 1.01) throw new Error(`${bytes} bytes in a store of ${bytesMax}`)
  }
  const now = performance.now() - started
  for (let key = 0; key < keysMax; key++) check(key, now)
  const { evictions, compactedBytes, fragmentation } = store.stats(now)
  return { operations, hits, evictions, compactedBytes, fragmentation, rssMaxBytes: rssMax }
}

function placeOf(key: number): Place {
  return { token: (key * 7_919) & 16_383, cache: 'default', key: Buffer.from(`key:${key}`) }
}

function seedOf(key: number, version: number, length: number): number {
  return (Math.imul(key, 0x9e3779b1) ^ Math.imul(version, 0x85ebca6b) ^ length) >>> 0
}

/** Fills in words that follow from key, version and place; long values only here and there and at their ends. */
function stamp(bytes: Uint8Array, key: number, version: number): void {
  let state = seedOf(key, version, bytes.length)
  const step = Math.max(1, Math.floor(bytes.length / 512))
  for (let at = 0; at < bytes.length; at += step) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[at] = state >>> 24
  }
}

function verify(bytes: Uint8Array, key: number, version: number): void {
  let state = seedOf(key, version, bytes.length)
  const step = Math.max(1, Math.floor(bytes.length / 512))
  for (let at = 0; at < bytes.length; at += step) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    if (bytes[at] !== state >>> 24) throw new Error(`byte ${at} of ${bytes.length} of key ${key} is wrong`)
  }
}
