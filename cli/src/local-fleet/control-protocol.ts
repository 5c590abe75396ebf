/**
 * What commands say to the supervisor over its control socket: one JSON line there, one JSON line back, then the
 * connection closes. The socket is the user's own (mode 0700), so there is nobody to authenticate.
 */
import type { ErrorCode } from '@ringhold/sdk/protocol'
import type { NodeRecord } from './state-folder.ts'
import type { Change, KillSignal } from './supervised-node.ts'

/** messageBytesMax bounds a line in either direction: a status of a hundred nodes takes a tenth of it. */
export const messageBytesMax = 256 * 1024

export type ControlRequest =
  | { readonly action: 'status' }
  | { readonly action: 'add'; readonly name?: string }
  | { readonly action: 'start'; readonly node: string }
  | { readonly action: 'kill'; readonly node: string; readonly signal: KillSignal }

/** ControlResult is the answer to each action. */
export interface ControlResult {
  readonly status: NodeRecord[]
  readonly add: Change
  readonly start: Change
  readonly kill: Change
}

export type ControlReply =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly code: ErrorCode; readonly detail: string }
