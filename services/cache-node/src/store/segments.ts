/**
 * Segments: the memory of a store, as blocks of one size that are taken and given back whole.
 *
 *      arena 0                                  arena 1
 *      [ - | seg 1 | seg 2 | … | seg n-1 ]      [ seg n | … ]      typed arrays the operating system fills with
 *        ^ never used, so that address 0 means "nothing"           pages only where they are touched
 *
 *      address   counts units (4 bytes, more for budgets above 16 GiB) from the beginning of arena 0, in 32 bits:
 *                | arena | segment in arena | unit in segment |
 *
 * Segments know nothing of what lies in them. Beside the bytes there is a row of figures for each segment, which the
 * logs keep. The limit is what a taker should respect; a small reserve above it exists for those who free memory by
 * first using some (compaction moves before it gives back).
 */

/** What segments may take of the budget: holes that compaction has not closed yet come on top of what counts. */
const slackShare = 0.04
/** Each of the four logs has a head, a tail and holes of less than a segment, and the index its last one. */
const slackSegments = 15
/** Segments above the limit that compaction and index growth may take for a moment. */
const reserveSegments = 16
const arenaShiftMax = 28
const smallSegmentShift = 18
const largeSegmentShift = 20
/** Words of a cache line. */
const lineWords = 16
const largeBudgetBytes = 1024 * 1024 * 1024

export class Segments {
  /** Size of a segment in bytes. */
  readonly bytes: number
  /** A unit of the address is 2 ** unitShift bytes. */
  readonly unitShift: number
  /** Segment after this one and before it in its log; 0: none. */
  readonly next: Uint32Array
  readonly previous: Uint32Array
  /** Bytes from the beginning that are written. */
  readonly used: Uint32Array
  /** Where the first entry begins: before it lies the rest of an entry of the segment before. */
  readonly start: Uint32Array
  /** Bytes of what still counts. */
  readonly live: Uint32Array
  /** Address of the live entry whose rest lies at the beginning; 0: none. */
  readonly spill: Uint32Array

  /** How many segments were given back so far. */
  gives = 0
  readonly #segmentShift: number
  readonly #arenaShift: number
  readonly #addressToArena: number
  readonly #addressToSegment: number
  readonly #arenaMask: number
  readonly #arenas: ArrayBuffer[] = []
  readonly #byteArenas: Uint8Array[] = []
  readonly #wordArenas: Uint32Array[] = []
  readonly #free: number[] = []
  readonly #capacity: number
  #fresh = 1
  #taken = 0
  #limit: number

  constructor(bytesMax: number) {
    this.#segmentShift = bytesMax < largeBudgetBytes ? smallSegmentShift : largeSegmentShift
    this.bytes = 2 ** this.#segmentShift
    this.#limit = Math.ceil((bytesMax * (1 + slackShare)) / this.bytes) + slackSegments
    this.#capacity = this.#limit + reserveSegments + 1
    const spaceBytes = this.#capacity * this.bytes
    this.unitShift = Math.max(2, Math.ceil(Math.log2(spaceBytes)) - 32)
    this.#arenaShift = Math.min(arenaShiftMax, Math.max(this.#segmentShift, Math.ceil(Math.log2(spaceBytes))))
    this.#addressToArena = this.#arenaShift - this.unitShift
    this.#addressToSegment = this.#segmentShift - this.unitShift
    this.#arenaMask = 2 ** this.#addressToArena - 1
    this.next = new Uint32Array(this.#capacity)
    this.previous = new Uint32Array(this.#capacity)
    this.used = new Uint32Array(this.#capacity)
    this.start = new Uint32Array(this.#capacity)
    this.live = new Uint32Array(this.#capacity)
    this.spill = new Uint32Array(this.#capacity)
  }

  /** How many segments are taken. */
  get taken(): number {
    return this.#taken
  }

  /** How many segments can be taken within the limit; below 0 when the reserve is in use. */
  get room(): number {
    return this.#limit - this.#taken
  }

  /** take hands out a segment, from the reserve if need be. */
  take(): number {
    const segment = this.#free.pop() ?? this.#touchFresh()
    this.#taken++
    this.next[segment] = 0
    this.previous[segment] = 0
    this.used[segment] = 0
    this.start[segment] = 0
    this.live[segment] = 0
    this.spill[segment] = 0
    return segment
  }

  give(segment: number): void {
    this.gives++
    this.#taken--
    this.#free.push(segment)
  }

  /** The bytes of the arena that an address lies in; byteIn is its offset there. */
  bytesOf(address: number): Uint8Array {
    return this.#byteArenas[address >>> this.#addressToArena] as Uint8Array
  }

  /** The memory of that arena, of which a view is made in half the time. */
  bufferOf(address: number): ArrayBuffer {
    return this.#arenas[address >>> this.#addressToArena] as ArrayBuffer
  }

  /** The same memory as 32-bit words; wordIn is the offset. */
  wordsOf(address: number): Uint32Array {
    return this.#wordArenas[address >>> this.#addressToArena] as Uint32Array
  }

  byteIn(address: number): number {
    return (address & this.#arenaMask) << this.unitShift
  }

  wordIn(address: number): number {
    return (address & this.#arenaMask) << (this.unitShift - 2)
  }

  /** How many units so many bytes are, which are a multiple of the unit. */
  unitsOf(bytes: number): number {
    return bytes >>> this.unitShift
  }

  /**
   * touch reads a word of the cache line at each of the first addresses, or of the three that begin there, and returns
   * something of them: a hint to the processor, which has the more of them under way at a time the shorter the loop is.
   */
  touch(addresses: Uint32Array, count: number, lines: 1 | 3): number {
    if (this.#wordArenas.length === 0) return 0
    const toArena = this.#addressToArena
    const mask = this.#arenaMask
    const shift = this.unitShift - 2
    let seen = 0
    for (let at = 0; at < count; ) {
      const arena = (addresses[at] as number) >>> toArena
      const words = this.#wordArenas[arena] as Uint32Array
      const last = words.length - 1 - (lines - 1) * lineWords
      do {
        const word = Math.min(((addresses[at] as number) & mask) << shift, last)
        seen ^= words[word] as number
        if (lines > 1) seen ^= (words[word + lineWords] as number) ^ (words[word + 2 * lineWords] as number)
        at++
      } while (at < count && (addresses[at] as number) >>> toArena === arena)
    }
    return seen
  }

  segmentOf(address: number): number {
    return address >>> this.#addressToSegment
  }

  /** Offset of an address in its segment, in bytes. */
  offsetOf(address: number): number {
    return (address << this.unitShift) & (this.bytes - 1)
  }

  addressOf(segment: number, offset: number): number {
    return ((segment << this.#addressToSegment) | (offset >>> this.unitShift)) >>> 0
  }

  /** A length rounded up to whole units. */
  aligned(bytes: number): number {
    const unit = 1 << this.unitShift
    return (bytes + unit - 1) & -unit
  }

  #touchFresh(): number {
    if (this.#fresh >= this.#capacity) throw new Error('the store took more segments than it has: a defect')
    const segment = this.#fresh++
    const arena = this.addressOf(segment, 0) >>> this.#addressToArena
    if (arena === this.#byteArenas.length) {
      const memory = new ArrayBuffer(2 ** this.#arenaShift)
      this.#arenas.push(memory)
      this.#byteArenas.push(new Uint8Array(memory))
      this.#wordArenas.push(new Uint32Array(memory))
    }
    return segment
  }
}
