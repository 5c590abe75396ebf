/**
 * Slots are the attempts that wait for their answers on one connection, by the id that they were sent with. Ids are
 * small numbers that are used again: looking one up is one read of an array.
 */
import type { Attempt } from './attempt.ts'

/** slotsMax is how many answers may be outstanding, those that nobody waits for any more included. */
export const slotsMax = 65_536

export class Slots {
  readonly #attempts: (Attempt | undefined)[] = [undefined]
  readonly #free: number[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  /** hasRoom tells whether more may be outstanding. */
  get hasRoom(): boolean {
    return this.#size < slotsMax
  }

  /** isAwaited tells whether somebody still waits for one of the answers. */
  get isAwaited(): boolean {
    return this.#attempts.some((attempt) => attempt !== undefined && !attempt.isCancelled)
  }

  /** take gives an attempt its id, from 1. */
  take(attempt: Attempt): number {
    const id = this.#free.pop() ?? this.#attempts.length
    this.#attempts[id] = attempt
    this.#size++
    attempt.id = id
    return id
  }

  /** give returns the attempt of an id, which is free again then; undefined for an id that is not in use. */
  give(id: number): Attempt | undefined {
    const attempt = this.#attempts[id]
    if (attempt === undefined) return undefined
    this.#attempts[id] = undefined
    this.#free.push(id)
    this.#size--
    return attempt
  }

  /** all returns the attempts that wait. */
  all(): Attempt[] {
    return this.#attempts.filter((attempt) => attempt !== undefined)
  }

  /** clear returns all attempts and forgets them. */
  clear(): Attempt[] {
    const attempts = this.all()
    this.#attempts.length = 1
    this.#free.length = 0
    this.#size = 0
    return attempts
  }
}
