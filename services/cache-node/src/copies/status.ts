/** What a node tells of its copies, for /v1/stats and for whoever waits until it may leave. */
export interface CopiesStatus {
  readonly tokens: { readonly held: number; readonly claiming: number; readonly provisional: number }
  readonly underReplicatedTokens: number
  readonly syncingTokens: number
  readonly strayTokens: number
  /** That are still to be pulled. */
  readonly entriesLeft: number
  /** That came in so, for whatever reason, since the node started. */
  readonly pulledEntries: number
  readonly pulledBytesPerSecond: number
  /** Without those that are deleted. */
  readonly entries: { readonly coordinated: number; readonly replicas: number; readonly strays: number }
  /** Keys that owners missed which do not answer. */
  readonly hints: number
  /** Commands that wait for another node, or for a claim. */
  readonly waiting: number
  readonly repairBytesSent: number
  readonly bytesReplicated: number
}
