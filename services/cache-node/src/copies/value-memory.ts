/** Value memory is where writes keep their values while replicas have not answered. */
export interface ValueMemory {
  /** copy makes a copy of a value. */
  copy(value: Uint8Array): Uint8Array
  /** release says that nobody needs a copy any more. */
  release(copy: Uint8Array): void
}

/** plainMemory leaves copies to the garbage collector. */
export const plainMemory: ValueMemory = { copy: (value) => new Uint8Array(value), release: () => {} }
