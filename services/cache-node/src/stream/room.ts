/**
 * Room is the memory of a process for large things on their way through it: one block of fixed size, lent out in pieces.
 *
 *      │ lent      │ free │ lent │ free                │        waiting: first ─► second ─► …
 *
 * What is lent is bounded by the size of the block, whatever comes from how many connections; and since it is used again and
 * again, nothing of it is left to the garbage collector, which lets tens of megabytes lie before it looks at them.
 *
 * Who finds no room waits, first come, first served: small things do not overtake large ones. There is no deadlock,
 * because a tenant asks for all that it needs at once and needs no more to finish; and none can hold up the others for
 * ever, because who has not finished after `patienceMs` while others wait is evicted.
 */

/** Tenant is who takes room and waits for it. */
export interface Tenant {
  /** Called when it is worth trying again, which is to be done soon: others wait behind it. */
  readonly roomy: () => void
  /** Called when it has held room for too long while others wait: it must give it back. */
  readonly evicted: () => void
}

export interface RoomOptions {
  readonly bytes: number
  /** How long room may be held while others wait, in milliseconds. */
  readonly patienceMs: number
}

interface Range {
  at: number
  bytes: number
}

interface Lent extends Range {
  readonly tenant: Tenant
  /** The first look at which others waited for it; undefined: none has. */
  wantedSinceMs: number | undefined
}

/** Pieces begin at multiples of it. */
const granuleBytes = 4_096

export class Room {
  readonly #patienceMs: number
  readonly #memory: ArrayBuffer
  /** In their order; neighbours are merged. */
  readonly #free: Range[]
  /** By where they begin. */
  readonly #lent = new Map<number, Lent>()
  /** How much each tenant waits for. */
  readonly #waiting = new Map<Tenant, number>()

  constructor({ bytes, patienceMs }: RoomOptions) {
    this.#patienceMs = patienceMs
    this.#memory = new ArrayBuffer(roundedUp(bytes))
    this.#free = [{ at: 0, bytes: this.bytes }]
  }

  /** bytes is the size of all room. */
  get bytes(): number {
    return this.#memory.byteLength
  }

  /** lentBytes is how much of it is lent. */
  get lentBytes(): number {
    let bytes = 0
    for (const lent of this.#lent.values()) bytes += lent.bytes
    return bytes
  }

  /** waiting is how many tenants wait. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** take lends `bytes`, at least one; undefined: the tenant waits from now on, and is told when to try again. */
  take(bytes: number, tenant: Tenant): Uint8Array | undefined {
    this.#check(bytes)
    const [first = tenant] = this.#waiting.keys()
    const range = first === tenant ? this.#rangeOf(bytes) : undefined
    if (range === undefined) {
      this.#waiting.set(tenant, bytes)
      return undefined
    }
    const isNextTurn = this.#waiting.delete(tenant)
    const piece = this.#lend(range, bytes, tenant)
    if (isNextTurn) this.#tellFirst()
    return piece
  }

  /** takeNow is take for who does not wait, and therefore goes without while others do. */
  takeNow(bytes: number, tenant: Tenant): Uint8Array | undefined {
    const range = this.#waiting.size === 0 ? this.#rangeOf(bytes) : undefined
    return range && this.#lend(range, bytes, tenant)
  }

  /** owns tells whether bytes are a piece of this room. */
  owns(bytes: Uint8Array): boolean {
    return bytes.buffer === this.#memory
  }

  /** give takes back what was lent. */
  give(bytes: Uint8Array): void {
    const lent = this.owns(bytes) ? this.#lent.get(bytes.byteOffset) : undefined
    if (lent === undefined) throw new TypeError('these bytes are not lent')
    this.#lent.delete(lent.at)
    this.#insert(lent)
    this.#tellFirst()
  }

  /** leave takes a tenant off the queue. */
  leave(tenant: Tenant): void {
    if (this.#waiting.delete(tenant)) this.#tellFirst()
  }

  /** look is to be called now and then: it evicts who holds up others for too long. */
  look(nowMs: number): void {
    for (const lent of [...this.#lent.values()]) {
      if (this.#waiting.size === 0) lent.wantedSinceMs = undefined
      else lent.wantedSinceMs ??= nowMs
      if (nowMs - (lent.wantedSinceMs ?? nowMs) >= this.#patienceMs) lent.tenant.evicted()
    }
  }

  #check(bytes: number): void {
    if (!(bytes > 0 && bytes <= this.bytes)) throw new TypeError(`${bytes} of ${this.bytes} bytes cannot be lent`)
  }

  #rangeOf(bytes: number): Range | undefined {
    return this.#free.find((range) => range.bytes >= bytes)
  }

  #lend(range: Range, bytes: number, tenant: Tenant): Uint8Array {
    const { at } = range
    const taken = roundedUp(bytes)
    range.at += taken
    range.bytes -= taken
    if (range.bytes === 0) this.#free.splice(this.#free.indexOf(range), 1)
    this.#lent.set(at, { at, bytes: taken, tenant, wantedSinceMs: undefined })
    return new Uint8Array(this.#memory, at, bytes)
  }

  /** Puts a range among the free ones, as one with those that it touches. */
  #insert({ at, bytes }: Range): void {
    const free = this.#free
    const next = free.findIndex((range) => range.at > at)
    const index = next < 0 ? free.length : next
    const before = free[index - 1]
    const after = free[index]
    const begin = before !== undefined && before.at + before.bytes === at ? before.at : at
    const end = after !== undefined && at + bytes === after.at ? after.at + after.bytes : at + bytes
    const first = begin < at ? index - 1 : index
    free.splice(first, (begin < at ? 1 : 0) + (end > at + bytes ? 1 : 0), { at: begin, bytes: end - begin })
  }

  #tellFirst(): void {
    const [first] = this.#waiting
    if (first === undefined) return
    const [tenant, bytes] = first
    if (this.#rangeOf(bytes) !== undefined) tenant.roomy()
  }
}

function roundedUp(bytes: number): number {
  return Math.ceil(bytes / granuleBytes) * granuleBytes
}
