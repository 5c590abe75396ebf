/** Limits are what a node accepts; SDK and node enforce them with the same code. */
export interface Limits {
  /** Longest key in bytes of UTF-8. */
  readonly keyBytesMax: number
  /** Largest value in bytes. */
  readonly valueBytesMax: number
  /** Longest content type in characters. */
  readonly contentTypeCharsMax: number
}

/** defaultLimits are the limits of DESIGN terms: key 1–512 bytes, value ≤ 1 MiB. */
export const defaultLimits: Limits = { keyBytesMax: 512, valueBytesMax: 1_048_576, contentTypeCharsMax: 255 }

/** ttlMsMax is the longest time to live in milliseconds (about 285 years): anything above is refused as a mistake. */
export const ttlMsMax = 9_007_199_254_740

/** conditionVersionsMax is how many versions a condition may list. */
export const conditionVersionsMax = 8_192

/** batchCommandsMax and batchBytesMax bound a request that carries many commands. */
export const batchCommandsMax = 1_000
export const batchBytesMax = 4_194_304
