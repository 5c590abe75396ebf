import type { RingholdError, Version } from '@ringhold/sdk/protocol'
import type { Done } from '../core/executed.ts'
import type { Change, Place } from '../store/store.ts'

/** Settled is told of each replica that answered or is given up. */
export type Settled = (write: Write, isHeld: boolean) => void

/** WriteOutcome is what a write comes to. */
export interface WriteOutcome {
  readonly type: 'created' | 'replaced' | 'deleted' | 'absent'
  readonly version: Version
  /** Raised before anybody is told that waits for all. */
  copies: number
}

/** Write is one in flight: what it changes, and how far it is. */
export class Write {
  readonly place: Place
  readonly change: Change
  /** Of the tenure that it was begun under. */
  readonly epoch: number
  /** Where it counts as in flight. */
  slot = -1
  /** Replicas that have not answered. */
  waits = 0
  /** How many nodes hold it, once it is applied. */
  copies = 1
  /** Whoever waits for it; undefined: nobody. */
  done: Done | undefined = undefined
  /** What it came to in the own store, with the copies that there were then; undefined: it is not applied. */
  outcome: WriteOutcome | undefined = undefined
  error: RingholdError | undefined = undefined
  /** Called for each replica that answered or is given up. */
  readonly settled: Settled
  /** Its value, where that is a copy that goes back to the memory of values when the write has ended. */
  readonly lent: Uint8Array | undefined

  constructor({ place, change, epoch, settled, lent }: Pick<Write, 'place' | 'change' | 'epoch' | 'settled' | 'lent'>) {
    this.lent = lent
    this.settled = settled
    this.place = place
    this.change = change
    this.epoch = epoch
  }
}
