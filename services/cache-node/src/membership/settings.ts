/**
 * The knobs of membership. Each says what it does, which way to turn it and what that costs. The defaults suit fleets
 * of 1 to 1,000 nodes within one region: a crash is seen by all in 2.5 s, a frozen process in 7 s.
 *
 * Times are milliseconds of the node's own waking time (AwakeClock) unless they say otherwise: a node whose event
 * loop stood still does not hold the missing replies against others.
 */
export interface MembershipSettings {
  /** How often the shell calls tick(). Lower: deadlines are met more exactly. Cost: wake-ups while idle. */
  readonly tickIntervalMs: number
  /** How often a node raises its heartbeat and exchanges gossip. Lower: faster detection of silent faults; bytes grow in proportion. */
  readonly gossipIntervalMs: number
  /** Share by which each gossip interval varies, so that a fleet started at once does not gossip in step. */
  readonly gossipJitter: number
  /** Peers per gossip round and per forwarded piece of news. Higher: fewer hops (log of N to the base fanout + 1); bytes grow in proportion. */
  readonly fanout: number
  /** Heartbeats of others in one message, newest learned first. Higher: fresher heartbeats in fleets larger than this; about 20 bytes each. */
  readonly heartbeatsPerMessage: number
  /** A piece of news is passed on rumourRepeats × ceil(log2(N + 1)) times by each node. Higher: fewer nodes missed by chance; one record (about 250 bytes) each. */
  readonly rumourRepeats: number
  /** Shortest time between two urgent forwards, which carry status news without waiting for the round. Lower: milliseconds faster in bursts, at more messages. */
  readonly urgentGapMs: number
  /** Deadline of every exchange, × health. Lower: faster detection of silent faults. Below ~3 × the longest retransmission pause (200 ms on Linux) lost packets look like crashes. */
  readonly probeTimeoutMs: number
  /** Other nodes that are asked to probe when a direct probe failed. Higher: fewer wrong accusations across one bad link; 4 messages each per investigation. */
  readonly relayCount: number
  /** Fewest missed probes (own and relayed) before anyone is suspected. */
  readonly missesMin: number
  /** Suspicion lasts at least this long, × health: the accused's time to refute. Lower: faster verdicts, more wrong ones. */
  readonly suspicionMinMs: number
  /** Suspicion without confirmation lasts suspicionMaxMs × max(1, log10 N), × health; each further accuser shortens it, down to suspicionMinMs. */
  readonly suspicionMaxMs: number
  /** Further accusers (at most N − 2) that bring a suspicion down to its shortest. At most 3: a record carries four accusers. */
  readonly suspicionConfirmations: number
  /**
   * A heartbeat that stands still for max(staleAfterMs × max(1, log2(N) / 3), 8 × the measured refresh interval) leads
   * to a probe, to nothing else. Lower: finds a silent node sooner in large fleets, at more probes of healthy ones.
   */
  readonly staleAfterMs: number
  /** Timeouts stretch up to (1 + healthMax)-fold while this node itself is slow. 0 turns that off. */
  readonly healthMax: number
  /**
   * Real milliseconds without a tick after which the node answers no commands until a peer replied to it. Must stay
   * below the shortest time in which others may declare a silent node dead: 2 × probeTimeoutMs + suspicionMinMs.
   */
  readonly fenceAfterMs: number
  /**
   * Real milliseconds that a node may be apart from the others before its entries count as outdated: half the time that
   * deletes are remembered. Higher: more survives a long split or freeze, until deleted entries come back.
   */
  readonly apartMsMax: number
  /** Real milliseconds that dead and left members are remembered, so that old gossip cannot revive them. */
  readonly rememberMs: number
  /** How often dead members, and seeds that are not among the live members, are contacted. It bounds the time a healed split needs to merge. */
  readonly revisitMs: number
  /** Dead members contacted per second at most; with more than 10 × this many dead the visits come less often than revisitMs. */
  readonly revisitsPerSecond: number
  /** First pause before a seed is contacted again; it doubles up to revisitMs once the node has joined. */
  readonly seedRetryMs: number
  /** How often the whole view is exchanged with a random peer, whatever the digests say; × (1 + ceil(log2(N / 32))) above 32 nodes. */
  readonly syncIntervalMs: number
  /** Shortest time between two probes of one member that hints lead to. */
  readonly hintGapMs: number
  /** Records in the view, the remembered dead ones included. Records beyond are refused, oldest dead ones forgotten first. */
  readonly membersMax: number
  /** Exchanges under way at once. Rounds are skipped, probes count as missed by us, when there are as many. */
  readonly exchangesMax: number
  /** Members under investigation at once. */
  readonly investigationsMax: number
  /** Probes made for others at once. */
  readonly relaysMax: number
}

export const defaultSettings: MembershipSettings = {
  tickIntervalMs: 100,
  gossipIntervalMs: 500,
  gossipJitter: 0.1,
  fanout: 3,
  heartbeatsPerMessage: 60,
  rumourRepeats: 3,
  urgentGapMs: 50,
  probeTimeoutMs: 1_000,
  relayCount: 3,
  missesMin: 3,
  suspicionMinMs: 1_000,
  suspicionMaxMs: 3_000,
  suspicionConfirmations: 3,
  staleAfterMs: 2_000,
  healthMax: 8,
  fenceAfterMs: 2_500,
  apartMsMax: 300_000,
  rememberMs: 86_400_000,
  revisitMs: 10_000,
  revisitsPerSecond: 4,
  seedRetryMs: 300,
  syncIntervalMs: 30_000,
  hintGapMs: 1_000,
  membersMax: 4_096,
  exchangesMax: 256,
  investigationsMax: 32,
  relaysMax: 64,
}

/** settingsOf fills in the defaults. It throws a TypeError for settings that contradict each other. */
export function settingsOf(chosen: Partial<MembershipSettings> = {}): MembershipSettings {
  const settings = { ...defaultSettings, ...chosen }
  const declaredDeadMs = 2 * settings.probeTimeoutMs + settings.suspicionMinMs
  if (settings.fenceAfterMs >= declaredDeadMs) {
    throw new TypeError(`fenceAfterMs must be below 2 × probeTimeoutMs + suspicionMinMs = ${declaredDeadMs}`)
  }
  return settings
}

/** rumourBudget is how often a node passes a piece of news on in a fleet of so many live members. */
export function rumourBudget(settings: MembershipSettings, members: number): number {
  return settings.rumourRepeats * Math.ceil(Math.log2(members + 1))
}

/** spreadMs is the time after which news has reached everyone in all likelihood: one gossip interval for each doubling. */
export function spreadMs(settings: MembershipSettings, members: number): number {
  return settings.gossipIntervalMs * Math.max(2, Math.ceil(Math.log2(members + 1)))
}

/** syncPauseMs is the time between two unprompted exchanges of the whole view: it grows with the size of the fleet, so that bytes per node do not. */
export function syncPauseMs(settings: MembershipSettings, members: number): number {
  return settings.syncIntervalMs * (1 + Math.max(0, Math.ceil(Math.log2(members / 32))))
}
