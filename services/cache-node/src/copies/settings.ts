/** The knobs of copies, in milliseconds and bytes. Each says which way to turn it and what that costs. */
export interface CopiesSettings {
  /** How often the shell calls tick() while anything is under way: deadlines are late by that at most. Default: 20. */
  readonly tickIntervalMs: number
  /** The same at rest: what comes round by the clock is late by that at most. Lower: an idle node wakes up for nothing. Default: 100. */
  readonly restIntervalMs: number
  /** How long a write waits for a replica before it is acknowledged with fewer copies. Lower: a frozen replica costs its first write less. Higher: a process that is just starting counts. Default: 500. */
  readonly replicaTimeoutMs: number
  /** How long a command waits for a coordinator that is suspect, before the next owner is asked. Default: 250. */
  readonly suspectTimeoutMs: number
  /** How long a forwarded command, and a command that waits for a claim, may take. Its caller asks again then. Default: 1,000. */
  readonly commandTimeoutMs: number
  /** The same for a command of a plain client, which does not ask again by itself. Default: 3,000. */
  readonly plainTimeoutMs: number
  /** Deadline of one claim, comparison or page. Default: 1,000. */
  readonly askTimeoutMs: number
  /** Tokens of one claim: its commands wait for the answers to all of them, which take a millisecond or two at either end. Lower: more messages. Default: 256. */
  readonly claimTokensMax: number
  /** First pause before a claim that was not answered, or under another ring, is sent again; doubles up to askTimeoutMs. Default: 20. */
  readonly claimRetryMs: number
  /** How often a node that coordinates in the stead of another calls it back. Default: 500. */
  readonly recallIntervalMs: number
  /** Writes that wait for replicas at most. Default: 65,536. */
  readonly writesMax: number
  /** How often a coordinator compares digests with its replicas, ± 10 %. Default: 10,000. */
  readonly compareIntervalMs: number
  /** How long deletes are remembered. Default: 600,000. */
  readonly tombstoneGraceMs: number
  /** Commands, and bytes of them, that wait for claims at most. Defaults: 4,096 and 16 MiB. */
  readonly waitingMax: number
  readonly waitingBytesMax: number
  /** Hints for one owner that is away: bytes, and age. Defaults: 4 MiB and 60,000. */
  readonly hintBytesMax: number
  readonly hintMs: number
  /** Bytes of a page, pages under way from one source, and bytes pulled per second. Defaults: 256 KiB, 2 and 256 MiB. */
  readonly pageBytesMax: number
  readonly pullsMax: number
  readonly pullBytesPerSecond: number
}

export const defaultCopiesSettings: CopiesSettings = {
  tickIntervalMs: 20,
  restIntervalMs: 100,
  replicaTimeoutMs: 500,
  suspectTimeoutMs: 250,
  commandTimeoutMs: 1_000,
  plainTimeoutMs: 3_000,
  askTimeoutMs: 1_000,
  claimTokensMax: 256,
  claimRetryMs: 20,
  recallIntervalMs: 500,
  writesMax: 65_536,
  compareIntervalMs: 10_000,
  tombstoneGraceMs: 600_000,
  waitingMax: 4_096,
  waitingBytesMax: 16 * 1_048_576,
  hintBytesMax: 4 * 1_048_576,
  hintMs: 60_000,
  pageBytesMax: 262_144,
  pullsMax: 2,
  pullBytesPerSecond: 256 * 1_048_576,
}
