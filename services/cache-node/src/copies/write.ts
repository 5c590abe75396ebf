import type { Outcome, RingholdError } from '@ringhold/sdk/protocol'
import type { Done } from '../core/executed.ts'
import type { Change, Place } from '../store/store.ts'

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
  /** What it came to in the own store; undefined: it is not applied. */
  outcome: Outcome | undefined = undefined
  error: RingholdError | undefined = undefined
  /** Called for each replica that answered or is given up. */
  settled: (write: Write, isHeld: boolean) => void = () => {}

  constructor({ place, change, epoch }: { place: Place; change: Change; epoch: number }) {
    this.place = place
    this.change = change
    this.epoch = epoch
  }
}
