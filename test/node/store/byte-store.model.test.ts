/** The engine against a naive map: versions, expiry, tombstones, eviction, compaction, and a clock that steps. */
import fc from 'fast-check'
import { type Test, test } from 'tap'
import { ByteStore, bytesMaxMin } from '#node/store/byte-store.js'
import type { KeyRange } from '#node/store/key-range.js'
import type { Change, Entry, Place, Reading } from '#node/store/store.js'
import { holds } from '../../property.ts'
import { NaiveStore } from './naive-store.ts'
import { bytesFor } from './values.ts'

const kinds = [
  'write',
  'write',
  'write',
  'write',
  'read',
  'read',
  'remove',
  'apply',
  'bury',
  'sweep',
  'compact',
  'step',
  'coordinate',
  'evict',
  'settle',
  'retain',
] as const
const caches = ['default', 'sessions'] as const

interface Operation {
  readonly kind: (typeof kinds)[number]
  readonly key: number
  readonly size: number
  readonly ttlMs: number | undefined
}

/** Sizes are up to a power of two between `smallest` and `largest`: small ones all fit, large ones make the store evict. */
function operations(keys: number, smallest: number, largest: number): fc.Arbitrary<Operation[]> {
  const size = fc
    .tuple(fc.integer({ min: smallest, max: largest }), fc.integer({ min: 0, max: 1_000 }))
    .map(([magnitude, share]) => Math.floor((2 ** magnitude * share) / 1_000))
  const operation = fc.record({
    kind: fc.constantFrom(...kinds),
    key: fc.nat(keys),
    size,
    ttlMs: fc.option(fc.oneof(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 10_000_000 })), {
      nil: undefined,
    }),
  })
  return fc.array(operation, { minLength: 1_500, maxLength: 2_500, size: 'max' })
}

function placeOf(key: number): Place {
  const bytes = Buffer.from(`key:${key}`.padEnd(4 + (key % 90), '.'))
  return { token: (key * 7_919) % 16_384, cache: caches[key % 2] as string, key: bytes }
}

function nameOf({ cache, key }: Place): string {
  return `${cache}/${Buffer.from(key)}`
}

class Machine {
  readonly store = new ByteStore({ bytesMax: bytesMaxMin, secret: [1, 2], now: 0 })
  readonly naive = new NaiveStore()
  now = 0
  version = 0
  operations = 0
  /** Entries evicted because it was said so. */
  evictedByOrder = 0
  /** The keys that were announced last, with their tickets. */
  readonly #expected = new Map<string, KeyRange>()

  run({ kind, key, size, ttlMs }: Operation): void {
    this.operations++
    const place = placeOf(key)
    const known = this.naive.get(place, this.now)
    if (kind === 'step') this.now += size % 4_000
    else if (kind === 'sweep') this.store.sweep(this.now, 10)
    else if (kind === 'compact') this.store.compact()
    else if (kind === 'coordinate') this.store.coordinate((token) => (token + key) % 3 > 0)
    else if (kind === 'settle') this.store.settle()
    else if (kind === 'evict') this.evict(place, known)
    else if (kind === 'read') this.read(place, known)
    else if (kind === 'remove') this.remove(place, known)
    else if (kind === 'retain') this.retain(key)
    else this.write(kind, place, { known, size, ttlMs })
  }

  /** Announces what comes, as a part of something larger. What happens until then may make all of it wrong. */
  prepare(operations: readonly Operation[]): void {
    this.#expected.clear()
    for (const { key, kind } of operations) {
      const { token, cache, key: bytes } = placeOf(key)
      const parts = [Buffer.from('..'), bytes]
      const range = { cache, bytes: Buffer.concat(parts), from: 2, to: 2 + bytes.length, ticket: -1 }
      this.store.expect(token, range, kind !== 'read')
      this.#expected.set(nameOf(placeOf(key)), range)
    }
    this.store.prefetch()
  }

  read(place: Place, known: Change | undefined): void {
    const expected = this.#expected.get(nameOf(place))
    const entry = expected === undefined ? this.store.read(place, this.now) : this.#readExpected(place, expected)
    if (known === undefined || known.type === 'tombstone') equal(entry, undefined, 'a hit of what is not there')
    else if (entry === undefined) this.naive.lose(place)
    else this.same(place, entry, known)
  }

  #readExpected({ token }: Place, range: KeyRange): Entry | undefined {
    let value = new Uint8Array(0)
    const reading: Reading = {
      target: value,
      at: 0,
      length: 0,
      contentType: '',
      version: 0,
      expiresAt: undefined,
      onFound: () => {
        value = new Uint8Array(reading.length)
        reading.target = value
      },
    }
    if (this.store.readInto(token, range, this.now, reading) !== 'hit') return undefined
    const { contentType, version, expiresAt } = reading
    return { value, contentType, version, expiresAt }
  }

  remove(place: Place, known: Change | undefined): void {
    const removed = this.store.remove(place, this.now)
    if (known?.type !== 'entry') equal(removed, false, 'removed what is not there')
    else if (removed) this.naive.delete(place)
    else this.naive.lose(place)
  }

  /** Every second time of a version that was never there. */
  evict(place: Place, known: Change | undefined): void {
    const version = (known?.version ?? 0) + (this.operations % 2)
    const evicted = this.store.evict(place, version, this.now)
    if (!evicted) return
    equal(known?.type, 'entry', 'evicted')
    equal(version, known?.version, 'version evicted')
    this.naive.lose(place)
    this.evictedByOrder++
  }

  /** What is listed as evicted is not there, in that version. */
  takeEvicted(): void {
    for (const { place, version } of this.store.takeEvicted().evicted) {
      if (this.store.version(place, this.now) === version) throw new Error('an evicted entry is still there')
    }
  }

  /** Drops one token in a thousand, so that most stay. */
  retain(key: number): void {
    const keep = (token: number) => token % 1_000 !== key % 1_000
    this.store.retain(keep)
    for (const { place } of this.naive.values(this.now)) if (!keep(place.token)) this.naive.delete(place)
  }

  write(
    kind: 'write' | 'apply' | 'bury',
    place: Place,
    { known, size, ttlMs }: { known: Change | undefined; size: number; ttlMs: number | undefined },
  ): void {
    // Every third change comes late: its version is lower than what may be there.
    const isLate = kind !== 'write' && size % 3 === 0
    // It may have the version of what was there and is evicted: that is looked at before it is there again.
    if (isLate) this.takeEvicted()
    const version = isLate ? Math.max(1, this.version - 50) : ++this.version
    const expiresAt = ttlMs === undefined ? undefined : this.now + ttlMs
    const value = bytesFor(place, version, size)
    const contentType = `text/${size % 1_500}`
    const entry: Change = { type: 'entry', value, contentType, version, expiresAt }
    if (kind === 'write') {
      const written = this.store.write(place, entry, this.now)
      if (written === 'created' && known?.type === 'entry') this.naive.lose(place)
      else equal(written, known?.type === 'entry' ? 'replaced' : 'created', 'outcome of a write')
      this.naive.set(place, entry)
      return
    }
    const change: Change =
      kind === 'apply' ? entry : { type: 'tombstone', version, keptUntil: this.now + (ttlMs ?? 600_000) }
    const held = this.store.version(place, this.now)
    if (held === undefined && known?.type === 'entry') this.naive.lose(place)
    else equal(held, known?.version, 'version held')
    const isNew = held === undefined || held < version
    equal(this.store.apply(place, change, this.now), isNew ? 'applied' : 'stale', 'outcome of a change')
    if (isNew) this.naive.set(place, change)
  }

  /** Pages through some tokens with operations between any two pages; what was there all the time must be on them. */
  pageAmid(operations: readonly Operation[]): void {
    const tokens = (token: number): boolean => token % 4 !== 0
    const throughout = new Map<string, Place>()
    const nameOf = ({ cache, key }: Place): string => `${cache}/${Buffer.from(key).toString('latin1')}`
    for (const { place } of this.naive.values(this.now)) if (tokens(place.token)) throughout.set(nameOf(place), place)
    const seen = new Set<string>()
    const left = [...operations]
    let cursor: number | undefined
    do {
      for (const [name, place] of throughout) {
        if (this.store.version(place, this.now) === undefined) throughout.delete(name)
      }
      const page = this.store.page({ tokens, cursor, changesMax: 7, bytesMax: 10_000 }, this.now)
      for (const { place } of page.changes) {
        if (!tokens(place.token)) throw new Error('a token that was not asked for')
        seen.add(nameOf(place))
      }
      cursor = page.cursor
      for (const operation of left.splice(0, 10)) this.run(operation)
      if (left.length % 50 === 0) this.store.compact()
    } while (cursor !== undefined)
    for (const name of throughout.keys()) if (!seen.has(name)) throw new Error(`${name} is on no page`)
  }

  same(place: Place, entry: Entry, known: Change & { type: 'entry' }): void {
    equal(entry.version, known.version, 'version')
    equal(entry.expiresAt, known.expiresAt, 'deadline')
    equal(entry.contentType, known.contentType, 'content type')
    equal(Buffer.compare(entry.value, known.value), 0, `value of ${Buffer.from(place.key)}`)
  }

  /** Reads everything, and compares what the store says of itself with what it has. */
  settle(): void {
    while (this.store.settle());
    this.takeEvicted()
    for (const { place, change } of this.naive.values(this.now)) {
      if (change.type === 'entry') this.read(place, change)
      else equal(this.store.version(place, this.now), change.version, 'a tombstone in its grace')
    }
    while (this.store.sweep(this.now, 1_000) > 0);
    const stats = this.store.stats(this.now)
    const left = this.naive.values(this.now)
    equal(stats.entries, left.filter(({ change }) => change.type === 'entry').length, 'entries')
    equal(stats.tombstones, left.length - stats.entries, 'tombstones')
    if (this.naive.lost > stats.evictions) throw new Error(`${this.naive.lost} lost, ${stats.evictions} evicted`)
    const { values, keys, headers, tombstones, index } = stats.bytesByKind
    equal(stats.bytes, values + keys + headers + tombstones + index, 'bytes by kind')
    this.page(left.length)
  }

  /** All pages together hold everything, and a store that applies them has the same digests. */
  page(expected: number): void {
    const copy = new ByteStore({ bytesMax: bytesMaxMin, secret: [3, 4], now: this.now })
    const seen = new Set<string>()
    let cursor: number | undefined
    do {
      const page = this.store.page({ tokens: () => true, cursor, changesMax: 20, bytesMax: 1e6 }, this.now)
      for (const { place, change } of page.changes) {
        seen.add(`${place.cache}/${Buffer.from(place.key).toString('latin1')}`)
        equal(copy.apply(place, change, this.now), 'applied', 'a page applied to an empty store')
      }
      cursor = page.cursor
    } while (cursor !== undefined)
    equal(seen.size, expected, 'changes on all pages')
    if (copy.stats(this.now).evictions > 0) return
    for (let token = 0; token < 16_384; token++) {
      equal(JSON.stringify(copy.digest(token)), JSON.stringify(this.store.digest(token)), `digest of token ${token}`)
    }
  }
}

function equal(found: unknown, wanted: unknown, what: string): void {
  if (found !== wanted) throw new Error(`${what}: found ${String(found)}, wanted ${String(wanted)}`)
}

function model(
  t: Test,
  {
    magnitudes,
    keys,
    runs,
    pressure,
  }: { magnitudes: [number, number]; keys: number; runs: number; pressure: 'none' | 'full' },
): void {
  let total = 0
  let evictions = 0
  const property = fc.property(operations(keys, magnitudes[0], magnitudes[1]), (list) => {
    const machine = new Machine()
    for (const [index, operation] of list.entries()) {
      if (index % 16 === 0) machine.prepare(list.slice(index, index + 12))
      machine.run(operation)
    }
    machine.settle()
    total += machine.operations
    evictions += machine.store.stats(machine.now).evictions - machine.evictedByOrder
  })
  holds(t, 'the store answers as the naive one does, or has evicted', property, runs)
  t.ok(total >= runs * 1_500, `${total} operations`)
  t.equal(evictions > 0, pressure === 'full', `${evictions} evictions`)
}

test('small values: nothing is lost', (t) => {
  model(t, { magnitudes: [0, 10], keys: 1_000, runs: 40, pressure: 'none' })
  t.end()
})

test('pages miss nothing that is there throughout, whatever is written, dropped, evicted or moved between them', (t) => {
  let checked = 0
  const property = fc.property(operations(1_000, 0, 17), (list) => {
    const machine = new Machine()
    for (const operation of list.slice(0, 700)) machine.run(operation)
    machine.pageAmid(list.slice(700))
    checked++
  })
  holds(t, 'pages are complete', property, 25)
  t.equal(checked, 25)
  t.end()
})

test('values up to 1 MiB in 16 MiB: what is answered is right, what is lost was evicted', (t) => {
  model(t, { magnitudes: [14, 20], keys: 1_500, runs: 20, pressure: 'full' })
  t.end()
})
