/** For faces whose commands go to no store that could prepare for them. */
import type { Ahead } from '#node/core/executor.js'

export const noLookAhead: Ahead = { looksAhead: false, expect: () => {}, prefetch: () => {} }
