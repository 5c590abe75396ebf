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
  /** Called when it is worth trying again, which is to be done soon. */
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

  /** isFree tells whether nothing is lent and nobody waits. */
  get isFree(): boolean {
    return this.#lent.size === 0 && this.#waiting.size === 0
  }

  /** take lends `bytes`, at least one; undefined: the tenant waits from now on, and is told when to try again. */
  take(bytes: number, tenant: Tenant): Uint8Array | undefined {
    const range = this.#admit(bytes, tenant)
    return range && this.#lend(range, bytes, tenant)
  }

  /** takeNow is take for who does not wait. */
  takeNow(bytes: number, tenant: Tenant): Uint8Array | undefined {
    const range = this.#free.find((each) => each.bytes >= bytes)
    return range && this.#lend(range, bytes, tenant)
  }

  /** has tells whether `bytes` could be taken now; if not, the tenant waits from now on. */
  has(bytes: number, tenant: Tenant): boolean {
    if (this.isFree) return true
    return this.#admit(bytes, tenant) !== undefined
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
    const { at, bytes: length } = lent
    const next = this.#free.findIndex((range) => range.at > at)
    const index = next < 0 ? this.#free.length : next
    const before = this.#free[index - 1]
    const after = this.#free[index]
    const joinsBefore = before !== undefined && before.at + before.bytes === at
    const joinsAfter = after !== undefined && at + length === after.at
    if (joinsBefore) {
      before.bytes += length + (joinsAfter ? after.bytes : 0)
      if (joinsAfter) this.#free.splice(index, 1)
    } else if (joinsAfter) {
      after.at = at
      after.bytes += length
    } else this.#free.splice(index, 0, { at, bytes: length })
    this.#tellFirst()
  }

  /** leave takes a tenant off the queue. */
  leave(tenant: Tenant): void {
    if (this.#waiting.delete(tenant)) this.#tellFirst()
  }

  /** look is to be called now and then: it evicts who holds up others for too long. */
  look(nowMs: number): void {
    for (const lent of this.#lent.values()) {
      if (this.#waiting.size === 0) lent.wantedSinceMs = undefined
      else lent.wantedSinceMs ??= nowMs
      if (nowMs - (lent.wantedSinceMs ?? nowMs) >= this.#patienceMs) lent.tenant.evicted()
    }
  }

  /** The free range that a tenant may take from, if it is its turn. */
  #admit(bytes: number, tenant: Tenant): Range | undefined {
    if (!(bytes > 0 && bytes <= this.bytes)) throw new TypeError(`${bytes} of ${this.bytes} bytes cannot be lent`)
    const [first = tenant] = this.#waiting.keys()
    const range = first === tenant ? this.#free.find((each) => each.bytes >= bytes) : undefined
    if (range === undefined) this.#waiting.set(tenant, bytes)
    else if (this.#waiting.delete(tenant)) this.#tellFirst()
    return range
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

  #tellFirst(): void {
    for (const [tenant, bytes] of this.#waiting) {
      if (this.#free.some((range) => range.bytes >= bytes)) tenant.roomy()
      return
    }
  }
}

function roundedUp(bytes: number): number {
  return Math.ceil(bytes / granuleBytes) * granuleBytes
}
