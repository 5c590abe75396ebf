/**
 * The body of a request, put together in the room for commands: what is collected from many requests at once is bounded,
 * and nothing of it is left to the garbage collector.
 *
 *      announced length ─► too large? ─► a small buffer ─► full? ─► room for all of it, for which the request may wait
 */
import type { IncomingMessage } from 'node:http'
import { RingholdError } from '@ringhold/sdk/protocol'
import { free, isFromWire } from '../free.ts'
import type { Room, Tenant } from '../stream/room.ts'

/** So much must have come before there is room for more: a length that is only announced costs nothing. */
const smallBytes = 16_384

const nothing = new Uint8Array(0)

/** Body is what came, good until release() is called. */
export interface Body {
  readonly bytes: Uint8Array
  release(): void
}

export interface BodyOptions {
  readonly request: IncomingMessage
  readonly room: Room
  /** A longer body is refused. */
  readonly bytesMax: number
}

/** readBody rejects with RINGHOLD_VALUE_TOO_LARGE for a body that is too long, and otherwise where it does not come to its end. */
export function readBody(options: BodyOptions): Promise<Body> {
  return new Promise((resolve, reject) => new Reading(options, resolve, reject))
}

class Reading implements Tenant {
  readonly #request: IncomingMessage
  readonly #room: Room
  readonly #bytesMax: number
  readonly #resolve: (body: Body) => void
  readonly #reject: (error: Error) => void
  /** As announced, or the longest; bodies in chunks do not say. */
  readonly #expected: number
  #memory: Uint8Array = nothing
  #length = 0
  /** What came and waits for room. */
  #rest: Uint8Array | undefined
  #isEnded = false
  #isSettled = false

  constructor({ request, room, bytesMax }: BodyOptions, resolve: (body: Body) => void, reject: (error: Error) => void) {
    this.#request = request
    this.#room = room
    this.#bytesMax = bytesMax
    this.#resolve = resolve
    this.#reject = reject
    const { 'content-length': announced } = request.headers
    this.#expected = announced === undefined ? bytesMax : Number(announced)
    if (this.#expected > bytesMax) {
      this.#fail(new RingholdError('RINGHOLD_VALUE_TOO_LARGE'))
      return
    }
    request.on('data', (chunk: Buffer) => this.#take(chunk))
    request.on('end', () => {
      this.#isEnded = true
      this.#settleIfWhole()
    })
    request.on('error', (error) => this.#fail(error))
    request.on('close', () => this.#fail(new Error('the request was broken off')))
  }

  roomy(): void {
    setImmediate(() => {
      const rest = this.#rest
      if (rest === undefined || this.#isSettled) return
      this.#rest = undefined
      this.#take(rest)
      if (this.#rest !== undefined) return
      this.#request.resume()
      this.#settleIfWhole()
    })
  }

  evicted(): void {
    this.#request.destroy()
  }

  #take(chunk: Uint8Array): void {
    if (this.#isSettled) return
    const length = this.#length + chunk.length
    if (length > this.#bytesMax) {
      this.#fail(new RingholdError('RINGHOLD_VALUE_TOO_LARGE'))
      return
    }
    if (length > this.#memory.length && !this.#grow(length)) {
      this.#rest = chunk
      this.#request.pause()
      return
    }
    this.#memory.set(chunk, this.#length)
    this.#length = length
    if (isFromWire(this.#request)) free(chunk)
  }

  /** Makes memory for so many bytes. A body of which much comes at once never gets the small one, which would be garbage soon. */
  #grow(length: number): boolean {
    const small = Math.min(this.#expected, smallBytes)
    const larger = length <= small ? new Uint8Array(small) : this.#room.take(this.#expected, this)
    if (larger === undefined) return false
    larger.set(this.#memory.subarray(0, this.#length))
    this.#memory = larger
    return true
  }

  #settleIfWhole(): void {
    if (!this.#isEnded || this.#rest !== undefined || this.#isSettled) return
    this.#isSettled = true
    this.#resolve({ bytes: this.#memory.subarray(0, this.#length), release: () => this.#release() })
  }

  #fail(error: Error): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#room.leave(this)
    this.#release()
    this.#reject(error)
  }

  #release(): void {
    if (this.#room.owns(this.#memory)) this.#room.give(this.#memory)
    this.#memory = nothing
  }
}
