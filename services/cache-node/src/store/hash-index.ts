/**
 * HashIndex finds entries: 1,024 tables, one for each 16 tokens, that grow each on its own.
 *
 *      token 14 bits                 secret hash of the key, 28 bits
 *      | table 10 | low 4 |          picks two buckets of the table
 *
 *      bucket, 64 bytes: | tag | tag | … 8 | address | address | … 8 |      tag = low 4 bits of the token, 28 of the hash
 *
 *      table: buckets 0 … n-1, in pages taken from segments; a key lies in one of its two buckets, nowhere else
 *
 * A table that is 7/8 full grows by a quarter, in place: both bucket numbers are the hash scaled to the number of
 * buckets, so every entry moves up or stays, and going through the buckets from the last to the first never meets an
 * entry twice. Nothing is allocated twice, no other table waits, and the keys themselves are not read.
 *
 * Guarantees: a look-up reads at most two buckets (16 slots), whatever the keys: a flood of keys that share a token
 * fills one table, in which the secret hash spreads them like any others. Because tables follow tokens, all keys of a
 * token are found by going through one table.
 */
import { type ByteRange, tokenCount } from '@ringhold/sdk/ring'
import type { Segments } from './segments.ts'

/** tableCount is how many tables an index has. */
export const tableCount = 1_024
const tableShift = Math.log2(tokenCount / tableCount)
const hashBits = 32 - tableShift
const slots = 8
const bucketShift = 4
/** Pages are as small as 1,024 tables of a page each are a small part of the memory: 1, 8 or 64 buckets. */
const pageShifts = [
  { belowBytes: 128 * 2 ** 20, shift: 0 },
  { belowBytes: 2 ** 30, shift: 3 },
  { belowBytes: Number.POSITIVE_INFINITY, shift: 6 },
] as const
/** Large blocks of memory begin 16 bytes past a page (malloc's own header): from here on, buckets fill cache lines. */
const lineOffset = 48
/** A table grows when more of its slots are taken. */
const loadMax = 0.875
/** A table shrinks when fewer are. */
const loadMin = 0.4
const growth = 0.25
const per32Bits = 2 ** -32

/** tokensPerTable is how many tokens share a table. */
export const tokensPerTable = tokenCount / tableCount

/** Probe tells whether the entry at an address is the one looked for. */
export interface Probe {
  hasKey(address: number, cache: number, key: ByteRange): boolean
}

/** BucketRange is a part of a table. */
export interface BucketRange {
  readonly from: number
  readonly count: number
}

/** tagOf makes the tag of a key from its token and secret hash, signed. */
export function tagOf(token: number, hash: number): number {
  return ((token & (tokensPerTable - 1)) << hashBits) | (hash >>> tableShift)
}

/** tableOf is the table that holds the keys of a token. */
export function tableOf(token: number): number {
  return token >>> tableShift
}

/** tokenOfTag is the token of a tag in a table. */
export function tokenOfTag(table: number, tag: number): number {
  return (table << tableShift) | (tag >>> hashBits)
}

/** hashOfTag is the part of a tag that orders the entries of a table. */
export function hashOfTag(tag: number): number {
  return tag & (2 ** hashBits - 1)
}

/** hashCount is how many different values hashOfTag has. */
export const hashCount = 2 ** hashBits

export class HashIndex {
  /** How many entries it holds. */
  entries = 0
  readonly #segments: Segments
  readonly #probe: Probe
  readonly #pageShift: number
  readonly #pageBytes: number
  readonly #pages: number[][] = Array.from({ length: tableCount }, () => [])
  /** Of each table the number of its pages, then the first of them: most look-ups need not ask for its list. */
  readonly #heads = new Uint32Array(2 * tableCount)
  readonly #counts = new Uint32Array(tableCount)
  readonly #freePages: number[] = []
  #slab = 0
  #pageCount = 0

  constructor(segments: Segments, probe: Probe, bytesMax: number) {
    this.#segments = segments
    this.#probe = probe
    this.#pageShift = pageShifts.find(({ belowBytes }) => bytesMax < belowBytes)?.shift ?? 0
    this.#pageBytes = 4 << (bucketShift + this.#pageShift)
  }

  /** Bytes of its pages. */
  get bytes(): number {
    return this.#pageCount * this.#pageBytes
  }

  /** How many of its slots are taken, from 0 to 1. */
  get load(): number {
    return this.#pageCount === 0 ? 0 : this.entries / (this.#pageCount << (this.#pageShift + 3))
  }

  /** find returns the address of a key's entry, 0 when there is none. */
  find(token: number, tag: number, cache: number, key: ByteRange): number {
    const table = token >>> tableShift
    const buckets = (this.#heads[2 * table] as number) << this.#pageShift
    if (buckets === 0) return 0
    let bucket = firstBucket(tag, buckets)
    for (let choice = 0; choice < 2; choice++) {
      const page = this.#pageOf(table, bucket)
      const words = this.#segments.wordsOf(page)
      const at = this.#bucketIn(page, bucket)
      for (let slot = at; slot < at + slots; slot++) {
        if (((words[slot] as number) | 0) !== tag) continue
        const address = words[slot + slots] as number
        if (address !== 0 && this.#probe.hasKey(address, cache, key)) return address
      }
      bucket = secondBucket(tag, buckets)
    }
    return 0
  }

  /** placeOf returns the address of the first bucket of a tag; 0 when the table of the token has none. */
  placeOf(token: number, tag: number): number {
    const table = token >>> tableShift
    const buckets = (this.#heads[2 * table] as number) << this.#pageShift
    if (buckets === 0) return 0
    const first = firstBucket(tag, buckets)
    const inPage = first & ((1 << this.#pageShift) - 1)
    return this.#pageOf(table, first) + this.#segments.unitsOf(inPage << (bucketShift + 2))
  }

  /** guess returns the address of an entry that has the tag, nearly always the right one; 0 when there is none. */
  guess(token: number, tag: number): number {
    const table = token >>> tableShift
    const buckets = (this.#heads[2 * table] as number) << this.#pageShift
    if (buckets === 0) return 0
    let bucket = firstBucket(tag, buckets)
    for (let choice = 0; choice < 2; choice++) {
      const page = this.#pageOf(table, bucket)
      const words = this.#segments.wordsOf(page)
      const at = this.#bucketIn(page, bucket)
      for (let slot = at; slot < at + slots; slot++) {
        if (((words[slot] as number) | 0) === tag && words[slot + slots] !== 0) return words[slot + slots] as number
      }
      bucket = secondBucket(tag, buckets)
    }
    return 0
  }

  /** add puts in an entry whose key is not there yet. */
  add(token: number, tag: number, address: number): void {
    const table = token >>> tableShift
    const pages = this.#pages[table] as number[]
    const count = (this.#counts[table] as number) + 1
    if (count > (pages.length << (this.#pageShift + 3)) * loadMax) this.#grow(table)
    while (!this.#put(pages, tag, address)) this.#grow(table)
    this.#counts[table] = count
    this.entries++
  }

  /** replace points a key at another address. */
  replace(token: number, tag: number, from: number, to: number): void {
    const pages = this.#pages[token >>> tableShift] as number[]
    const slot = this.#slotOf(pages, tag, from)
    this.#segments.wordsOf(this.#found)[slot + slots] = to
  }

  remove(token: number, tag: number, address: number): void {
    const table = token >>> tableShift
    const pages = this.#pages[table] as number[]
    const slot = this.#slotOf(pages, tag, address)
    const words = this.#segments.wordsOf(this.#found)
    words[slot] = 0
    words[slot + slots] = 0
    const count = (this.#counts[table] as number) - 1
    this.#counts[table] = count
    this.entries--
    if (pages.length > 1 && count < (pages.length << (this.#pageShift + 3)) * loadMin) this.#shrink(table)
  }

  /** each visits the tag and address of every entry in a table. Entries may be removed by the visitor afterwards only. */
  each(table: number, visit: (tag: number, address: number) => void): void {
    for (const page of this.#pages[table] as number[]) {
      const words = this.#segments.wordsOf(page)
      const from = this.#segments.wordIn(page)
      for (let bucket = from; bucket < from + this.#pageBytes / 4; bucket += 2 * slots) {
        for (let slot = bucket; slot < bucket + slots; slot++) {
          const address = words[slot + slots] as number
          if (address !== 0) visit(words[slot] as number, address)
        }
      }
    }
  }

  /** scan visits some buckets of a table, from one on; it returns where to go on, undefined at the end of the table. */
  scan(table: number, range: BucketRange, visit: (tag: number, address: number) => void): number | undefined {
    const pages = this.#pages[table] as number[]
    const buckets = pages.length << this.#pageShift
    const end = Math.min(buckets, range.from + range.count)
    for (let bucket = range.from; bucket < end; bucket++) {
      const page = pages[bucket >>> this.#pageShift] as number
      const words = this.#segments.wordsOf(page)
      const at = this.#bucketIn(page, bucket)
      for (let slot = at; slot < at + slots; slot++) {
        const address = words[slot + slots] as number
        if (address !== 0) visit(words[slot] as number, address)
      }
    }
    return end < buckets ? end : undefined
  }

  clear(): void {
    for (const pages of this.#pages) this.#freePages.push(...pages.splice(0))
    this.#heads.fill(0)
    this.#counts.fill(0)
    this.#pageCount = 0
    this.entries = 0
  }

  /** How many entries a table has. */
  countOf(table: number): number {
    return this.#counts[table] as number
  }

  /** The most slots that any look-up reads now. */
  longestProbe(): number {
    let longest = 0
    for (let table = 0; table < tableCount; table++) {
      const pages = this.#pages[table] as number[]
      const buckets = pages.length << this.#pageShift
      if (longest < slots && buckets > 0) longest = slots
      for (let bucket = 0; bucket < buckets && longest < 2 * slots; bucket++) {
        const page = pages[bucket >>> this.#pageShift] as number
        const words = this.#segments.wordsOf(page)
        const at = this.#bucketIn(page, bucket)
        for (let slot = at; slot < at + slots; slot++) {
          if (words[slot + slots] !== 0 && firstBucket(words[slot] as number, buckets) !== bucket) longest = 2 * slots
        }
      }
    }
    return longest
  }

  #pageOf(table: number, bucket: number): number {
    const at = bucket >>> this.#pageShift
    return (at === 0 ? this.#heads[2 * table + 1] : (this.#pages[table] as number[])[at]) as number
  }

  #bucketIn(page: number, bucket: number): number {
    return this.#segments.wordIn(page) + ((bucket & ((1 << this.#pageShift) - 1)) << bucketShift)
  }

  /** The page of the slot that #slotOf found last. */
  #found = 0

  #slotOf(pages: number[], tag: number, address: number): number {
    const buckets = pages.length << this.#pageShift
    let bucket = firstBucket(tag, buckets)
    for (let choice = 0; choice < 2; choice++) {
      const page = pages[bucket >>> this.#pageShift] as number
      const words = this.#segments.wordsOf(page)
      const at = this.#bucketIn(page, bucket)
      for (let slot = at; slot < at + slots; slot++) {
        if (words[slot + slots] !== address) continue
        this.#found = page
        return slot
      }
      bucket = secondBucket(tag, buckets)
    }
    throw new Error('the index has lost an entry: a defect')
  }

  #put(pages: number[], tag: number, address: number): boolean {
    const buckets = pages.length << this.#pageShift
    if (buckets === 0) return false
    const first = firstBucket(tag, buckets)
    const second = secondBucket(tag, buckets)
    if (this.#putInto(pages, first, tag, address) || this.#putInto(pages, second, tag, address)) return true
    return this.#displace(pages, first, tag, address) || this.#displace(pages, second, tag, address)
  }

  #putInto(pages: number[], bucket: number, tag: number, address: number): boolean {
    const page = pages[bucket >>> this.#pageShift] as number
    const words = this.#segments.wordsOf(page)
    const at = this.#bucketIn(page, bucket)
    for (let slot = at; slot < at + slots; slot++) {
      if (words[slot + slots] !== 0) continue
      words[slot] = tag
      words[slot + slots] = address
      return true
    }
    return false
  }

  /** displace sends one entry of a full bucket to its other bucket and takes its slot. */
  #displace(pages: number[], bucket: number, tag: number, address: number): boolean {
    const buckets = pages.length << this.#pageShift
    const page = pages[bucket >>> this.#pageShift] as number
    const words = this.#segments.wordsOf(page)
    const at = this.#bucketIn(page, bucket)
    for (let slot = at; slot < at + slots; slot++) {
      const resident = words[slot] as number
      const first = firstBucket(resident, buckets)
      const other = first === bucket ? secondBucket(resident, buckets) : first
      if (other === bucket || !this.#putInto(pages, other, resident, words[slot + slots] as number)) continue
      words[slot] = tag
      words[slot + slots] = address
      return true
    }
    return false
  }

  #grow(table: number): void {
    const pages = this.#pages[table] as number[]
    const before = pages.length << this.#pageShift
    const perSegment = this.#segments.bytes / this.#pageBytes
    const more = Math.max(1, Math.min(perSegment, Math.ceil(pages.length * growth)))
    for (let page = 0; page < more; page++) pages.push(this.#takePage())
    this.#notePages(table)
    const homeless = this.#rescale(pages, before, pages.length << this.#pageShift)
    this.#settle(table, homeless)
  }

  #shrink(table: number): void {
    const pages = this.#pages[table] as number[]
    const moved: number[] = []
    this.each(table, (tag, address) => moved.push(tag, address))
    const keep = Math.max(1, pages.length >>> 1)
    const freed = pages.splice(keep)
    this.#freePages.push(...freed)
    this.#pageCount -= freed.length
    this.#notePages(table)
    for (const page of pages) this.#clear(page)
    this.#settle(table, moved)
  }

  #notePages(table: number): void {
    const pages = this.#pages[table] as number[]
    this.#heads[2 * table] = pages.length
    this.#heads[2 * table + 1] = pages[0] as number
  }

  #settle(table: number, entries: number[]): void {
    const pages = this.#pages[table] as number[]
    for (let index = 0; index < entries.length; index += 2) {
      while (!this.#put(pages, entries[index] as number, entries[index + 1] as number)) this.#grow(table)
    }
  }

  /** rescale moves every entry up to its bucket among more buckets; returns tag and address of those without room. */
  #rescale(pages: number[], before: number, after: number): number[] {
    const homeless: number[] = []
    for (let bucket = before - 1; bucket >= 0; bucket--) {
      const page = pages[bucket >>> this.#pageShift] as number
      const words = this.#segments.wordsOf(page)
      const at = this.#bucketIn(page, bucket)
      for (let slot = at; slot < at + slots; slot++) {
        const address = words[slot + slots] as number
        if (address === 0) continue
        const tag = words[slot] as number
        const isFirst = firstBucket(tag, before) === bucket
        const target = isFirst ? firstBucket(tag, after) : secondBucket(tag, after)
        if (target === bucket) continue
        words[slot] = 0
        words[slot + slots] = 0
        if (!this.#putInto(pages, target, tag, address)) homeless.push(tag, address)
      }
    }
    return homeless
  }

  #takePage(): number {
    this.#pageCount++
    const reused = this.#freePages.pop()
    if (reused !== undefined) {
      this.#clear(reused)
      return reused
    }
    const { used, bytes } = this.#segments
    if (this.#slab === 0 || (used[this.#slab] as number) + this.#pageBytes > bytes) {
      this.#slab = this.#segments.take()
      used[this.#slab] = lineOffset
    }
    const offset = used[this.#slab] as number
    used[this.#slab] = offset + this.#pageBytes
    const page = this.#segments.addressOf(this.#slab, offset)
    this.#clear(page)
    return page
  }

  #clear(page: number): void {
    const from = this.#segments.wordIn(page)
    this.#segments.wordsOf(page).fill(0, from, from + this.#pageBytes / 4)
  }
}

/** A hash scaled to the number of buckets: order is kept, so growing only ever moves entries up. */
function firstBucket(tag: number, buckets: number): number {
  return (((tag << tableShift) >>> 0) * buckets * per32Bits) | 0
}

function secondBucket(tag: number, buckets: number): number {
  const hash = tag << tableShift
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return ((Math.imul(mixed ^ (mixed >>> 13), 0x297a2d39) >>> 0) * buckets * per32Bits) | 0
}
