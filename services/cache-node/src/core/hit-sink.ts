/**
 * HitSink: where a face wants the value of a hit, so that it goes from the memory of the store straight to where it
 * leaves the node. An outcome has a copy of its own instead, which may be kept.
 */
import type { Reading } from '../store/store.ts'

export interface HitSink extends Reading {
  /** The time of the read on the monotonic clock; the core sets it. */
  now: number
  /** Whether there was no room for the value: then the command is to be executed again when there is. */
  readonly isPutOff: boolean
  /** onFound is called when everything about the hit is known but its bytes, which then go where this puts `target` and `at`. */
  onFound(): void
}

/** ttlMsLeft is rounded up: a value that can still be read has time left. */
export function ttlMsLeft(expiresAt: number | undefined, now: number): number | undefined {
  return expiresAt === undefined ? undefined : Math.ceil(expiresAt - now)
}
