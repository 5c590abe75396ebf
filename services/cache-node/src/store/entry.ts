/**
 * The layout of an entry in memory, in 32-bit words, then bytes:
 *
 *      0  value length 24 · flags 8          flags: frequency 2 · log 2 · expires 1 · gone 1
 *      1  generation 8 · token 14 · key length 10      (generation: see leaving.ts)
 *      2  cache id 16 · content type id 16
 *      3  version, lower 32 bits
 *      4  version, upper bits
 *      5  deadline, the two halves  ┐
 *      6  of a double               │ only of entries
 *      7  next entry in its bucket  │ that expire
 *      8  entry before it           ┘ (see wheel.ts)
 *         key bytes, value bytes, up to 3 bytes of rest
 *
 * A value may run on at the beginning of the next segment of the log; header and key never do.
 */
import type { ByteRange } from '@ringhold/sdk/ring'
import type { EntryHead } from './entry-head.ts'
import type { Leaving } from './leaving.ts'
import type { Segments } from './segments.ts'

/** The logs that entries lie in, by number. */
export const probation = 0
export const main = 1
export const tombstones = 2
export const replicas = 3

const lengthShift = 8
const frequencyMask = 0b11
const logShift = 2
const logMask = 0b1100
const expiresFlag = 0b1_0000
const goneFlag = 0b10_0000
const keyLengthMask = 0x3ff
const tokenShift = 10
const tokenMask = 0x3fff
const generationShift = 24
const contentTypeMask = 0xffff
const plainHeaderWords = 5
const two32 = 2 ** 32
/** Words of an entry that are asked of the memory while its header is still on the way: the next two cache lines. */
const wordsAhead = [16, 32] as const
/** The cache lines that an entry of usual size lies in. */
export const entryLines = 3
const expiringHeaderWords = 9

/** The longest value that the layout can hold. */
export const entryValueBytesMax = 2 ** 24 - 1
/** Bytes of the header of an entry that never expires, and of one that does. */
export const headerBytes = { plain: 4 * plainHeaderWords, expiring: 4 * expiringHeaderWords } as const

const double = new Float64Array(1)
const halves = new Uint32Array(double.buffer)

/** Draft is an entry to put: everything but where. One is filled anew for every write, so that writes leave no garbage. */
export interface Draft {
  log: number
  frequency: number
  token: number
  /** The number of its cache. */
  cache: number
  hash: number
  key: ByteRange
  value: Uint8Array
  contentType: number
  version: number
  expiresAt: number | undefined
}

/** Entries reads and writes the fields of entries by address. */
export class Entries {
  /** What was fetched ahead. Kept only so that the fetching is not optimised away. */
  ahead = 0
  readonly #segments: Segments
  readonly #leaving: Pick<Leaving, 'generations' | 'count'>

  constructor(segments: Segments, leaving: Pick<Leaving, 'generations' | 'count'>) {
    this.#segments = segments
    this.#leaving = leaving
  }

  write(address: number, draft: Draft): void {
    const words = this.#segments.wordsOf(address)
    const at = this.#segments.wordIn(address)
    const { expiresAt } = draft
    const expires = expiresAt === undefined ? 0 : expiresFlag
    words[at] = (draft.value.length << lengthShift) | draft.frequency | (draft.log << logShift) | expires
    const generation = this.#leaving.generations[draft.token] as number
    words[at + 1] = (generation << generationShift) | (draft.token << tokenShift) | (draft.key.to - draft.key.from)
    words[at + 2] = (draft.cache << 16) | draft.contentType
    words[at + 3] = draft.version
    words[at + 4] = draft.version / two32
    if (expiresAt === undefined) return
    putDouble(words, at + 5, expiresAt)
    words[at + 7] = 0
    words[at + 8] = 0
  }

  /** readHead fills `head`: one look at the memory instead of one for each field. */
  readHead(address: number, head: EntryHead): void {
    const words = this.#segments.wordsOf(address)
    const at = this.#segments.wordIn(address)
    const first = words[at] as number
    const expires = (first & expiresFlag) !== 0
    head.log = (first & logMask) >>> logShift
    head.frequency = first & frequencyMask
    head.valueLength = first >>> lengthShift
    head.keyLength = (words[at + 1] as number) & keyLengthMask
    head.contentType = (words[at + 2] as number) & contentTypeMask
    head.version = (words[at + 4] as number) * two32 + (words[at + 3] as number)
    head.deadline = expires ? doubleOf(words, at + 5) : undefined
    head.valueAt = (expires ? headerBytes.expiring : headerBytes.plain) + head.keyLength
  }

  valueLength(address: number): number {
    return this.#word(address, 0) >>> lengthShift
  }

  log(address: number): number {
    return (this.#word(address, 0) & logMask) >>> logShift
  }

  setLog(address: number, log: number): void {
    this.#setWord(address, 0, (this.#word(address, 0) & ~logMask) | (log << logShift))
  }

  /** How often the entry was read since it was written or last passed over: 0 to 3. */
  frequency(address: number): number {
    return this.#word(address, 0) & frequencyMask
  }

  setFrequency(address: number, frequency: number): void {
    this.#setWord(address, 0, (this.#word(address, 0) & ~frequencyMask) | frequency)
  }

  /** raiseFrequency counts a read. Only the first three write: a hot entry costs nothing more. */
  raiseFrequency(address: number): void {
    const words = this.#segments.wordsOf(address)
    const at = this.#segments.wordIn(address)
    const first = words[at] as number
    if ((first & frequencyMask) !== frequencyMask) words[at] = first + 1
  }

  isGone(address: number): boolean {
    return (this.#word(address, 0) & goneFlag) !== 0
  }

  setGone(address: number): void {
    this.#setWord(address, 0, this.#word(address, 0) | goneFlag)
  }

  /** Whether its token was not dropped since the entry was written. */
  isCurrent(address: number): boolean {
    return this.#isCurrent(this.#word(address, 1))
  }

  expires(address: number): boolean {
    return (this.#word(address, 0) & expiresFlag) !== 0
  }

  isTombstone(address: number): boolean {
    return this.log(address) === tombstones
  }

  keyLength(address: number): number {
    return this.#word(address, 1) & keyLengthMask
  }

  token(address: number): number {
    return (this.#word(address, 1) >>> tokenShift) & tokenMask
  }

  cache(address: number): number {
    return this.#word(address, 2) >>> 16
  }

  version(address: number): number {
    return this.#word(address, 4) * two32 + this.#word(address, 3)
  }

  setStamp(address: number, { version, contentType }: Pick<Draft, 'version' | 'contentType'>): void {
    const words = this.#segments.wordsOf(address)
    const at = this.#segments.wordIn(address)
    words[at + 2] = ((words[at + 2] as number) & ~contentTypeMask) | contentType
    words[at + 3] = version
    words[at + 4] = version / two32
  }

  /** When the entry expires; only for entries that do. For a tombstone: when its grace ends. */
  deadline(address: number): number {
    return this.#double(address, 5)
  }

  setDeadline(address: number, deadline: number): void {
    putDouble(this.#segments.wordsOf(address), this.#segments.wordIn(address) + 5, deadline)
  }

  next(address: number): number {
    return this.#word(address, 7)
  }

  setNext(address: number, next: number): void {
    this.#setWord(address, 7, next)
  }

  previous(address: number): number {
    return this.#word(address, 8)
  }

  setPrevious(address: number, previous: number): void {
    this.#setWord(address, 8, previous)
  }

  headerLength(address: number): number {
    return this.expires(address) ? headerBytes.expiring : headerBytes.plain
  }

  /** Bytes that the entry takes, with its header and its rest up to a whole unit. */
  size(address: number): number {
    return this.#segments.aligned(this.headerLength(address) + this.keyLength(address) + this.valueLength(address))
  }

  hasKey(address: number, cache: number, { bytes: key, from: keyAt, to }: ByteRange): boolean {
    const words = this.#segments.wordsOf(address)
    const at = this.#segments.wordIn(address)
    const length = to - keyAt
    if (at + wordsAhead[1] < words.length) {
      this.ahead = (words[at + wordsAhead[0]] as number) ^ (words[at + wordsAhead[1]] as number)
    }
    const second = words[at + 1] as number
    if ((second & keyLengthMask) !== length || (words[at + 2] as number) >>> 16 !== cache) return false
    if (!this.#isCurrent(second)) return false
    const header = ((words[at] as number) & expiresFlag) === 0 ? headerBytes.plain : headerBytes.expiring
    const bytes = this.#segments.bytesOf(address)
    const from = at * 4 + header
    for (let index = 0; index < length; index++) if (bytes[from + index] !== key[keyAt + index]) return false
    return true
  }

  #isCurrent(second: number): boolean {
    const { count, generations } = this.#leaving
    // Nearly always nothing leaves, and the generation need not be fetched.
    return count === 0 || second >>> generationShift === generations[(second >>> tokenShift) & tokenMask]
  }

  #word(address: number, index: number): number {
    return this.#segments.wordsOf(address)[this.#segments.wordIn(address) + index] as number
  }

  #setWord(address: number, index: number, word: number): void {
    this.#segments.wordsOf(address)[this.#segments.wordIn(address) + index] = word
  }

  #double(address: number, index: number): number {
    return doubleOf(this.#segments.wordsOf(address), this.#segments.wordIn(address) + index)
  }
}

function doubleOf(words: Uint32Array, at: number): number {
  halves[0] = words[at] as number
  halves[1] = words[at + 1] as number
  return double[0] as number
}

function putDouble(words: Uint32Array, at: number, value: number): void {
  double[0] = value
  words[at] = halves[0] as number
  words[at + 1] = halves[1] as number
}
