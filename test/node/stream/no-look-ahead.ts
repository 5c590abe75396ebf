/** For faces whose commands go to no store that could prepare for them, and where none takes the straight way. */
import type { Ahead } from '#node/core/executor.js'
import type { Face } from '#node/stream/face.js'
import { KeysAhead } from '#sdk/protocol/index.js'

export const noLookAhead: Ahead = { keysAhead: new KeysAhead(), prepare: () => {} }

export const noStraightWay: Pick<Face, 'get' | 'set'> = { get: () => undefined, set: () => undefined }
