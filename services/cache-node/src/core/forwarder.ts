import type { ByteCommand, Outcome } from '@ringhold/sdk/protocol'

/** Forwarder passes commands on to the node that coordinates their token. */
export interface Forwarder {
  /**
   * forward sends a command to the peer listener of a node, once. Rejects with the RingholdError that the node answers,
   * RINGHOLD_OWNER_UNREACHABLE, RINGHOLD_OWNER_TIMEOUT, or RINGHOLD_OVERLOADED when too many are under way to it.
   */
  forward(command: ByteCommand, to: { readonly name: string; readonly peerUrl: string }): Promise<Outcome>
}
