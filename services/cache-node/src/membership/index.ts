import type { Member, View } from '@ringhold/sdk/membership'
import type { RingholdError } from '@ringhold/sdk/protocol'
export const messageBytesMax = 16_384
export type PeerMessage = { type: string }
export type MembershipSettings = { a: number }
export const parsePeerMessage = (body: unknown): PeerMessage | undefined => body as PeerMessage
export type Effect =
  | {
      readonly type: 'exchange'
      readonly id: number
      readonly to: string
      readonly message: PeerMessage
      readonly deadlineMs: number
    }
  | { readonly type: 'answer'; readonly requestId: number; readonly message: PeerMessage }
  | { readonly type: 'view' }
  | { readonly type: 'joined' }
  | { readonly type: 'drop-entries'; readonly why: string }
  | { readonly type: 'stop'; readonly error: RingholdError }
  | {
      readonly type: 'log'
      readonly level: 'debug' | 'info' | 'warn'
      readonly text: string
      readonly fields: Record<string, unknown>
    }
export class Membership {
  self: Member
  get view(): View {
    return new Map([[this.self.name, this.self]])
  }
  constructor(o: { self: Omit<Member, 'incarnation' | 'status'> } & Record<string, unknown>) {
    this.self = { ...o.self, incarnation: 1, status: 'joining' }
  }
  start(_n: number): Effect[] {
    this.self = { ...this.self, status: 'alive' }
    return [{ type: 'view' }, { type: 'joined' }]
  }
  tick(_n: number): Effect[] {
    return []
  }
  receive(_r: number, _m: PeerMessage, _n: number): Effect[] {
    return []
  }
  settled(_i: number, _s: unknown, _n: number): Effect[] {
    return []
  }
  disconnected(_p: string, _n: number): Effect[] {
    return []
  }
  suspectRing(_p: string, _n: number): Effect[] {
    return []
  }
  leave(_n: number): Effect[] {
    this.self = { ...this.self, status: 'leaving' }
    return [{ type: 'view' }]
  }
  departed(_n: number): Effect[] {
    return []
  }
  answers(_n: number): 'yes' | 'joining' | 'fenced' {
    return this.self.status === 'joining' ? 'joining' : 'yes'
  }
}
