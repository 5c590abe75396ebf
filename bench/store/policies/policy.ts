/** Policy is an eviction policy simulated on object numbers and sizes: what the engine's hit ratio is compared to. */
export interface Policy {
  /** access reads an object and, when it is not there, puts it in. Tells whether it was there. */
  access(object: number, bytes: number): boolean
}

/** PolicyOf makes a policy for a cache of this many bytes, and objects numbered below `objects`. */
export type PolicyOf = (bytesMax: number, objects: number) => Policy
