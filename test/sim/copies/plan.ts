/**
 * The plan of a run: the size of the fleet, the traffic and every fault, as plain data drawn from one seed. A plan can be
 * printed, shrunk and run again. Each seed draws first which faults it has and how strong they are ("swarm testing",
 * Groce et al. 2012): runs with few kinds of faults go deeper than runs with a little of everything.
 */
import { between, oneOf, type Random, type Range, streamOf, wholeBetween } from './streams.ts'

/** Fault is something that goes wrong, at a time of the chaos; nodes are numbers from 1. `ms` is how long it lasts. */
export type Fault = { readonly at: number } & (
  | { readonly type: 'crash'; readonly node: number; readonly ms: number }
  /** The host is gone: nothing refuses, nothing answers. */
  | { readonly type: 'unplug'; readonly node: number; readonly ms: number }
  | { readonly type: 'freeze'; readonly node: number; readonly ms: number }
  | { readonly type: 'leave'; readonly node: number; readonly ms: number }
  | { readonly type: 'join'; readonly nodes: readonly number[] }
  /** `side` cannot reach the rest; one way: the rest still reaches it. */
  | { readonly type: 'split'; readonly side: readonly number[]; readonly ways: 'one' | 'both'; readonly ms: number }
  /** Two groups that only `middle` reaches both of. */
  | { readonly type: 'bridge'; readonly middle: number; readonly side: readonly number[]; readonly ms: number }
  | { readonly type: 'flap'; readonly node: number; readonly times: number; readonly periodMs: number }
  | { readonly type: 'lose'; readonly share: number; readonly ms: number }
  | { readonly type: 'slow'; readonly node: number; readonly latencyMs: Range; readonly ms: number }
  /** Requests are executed and their replies are lost. */
  | { readonly type: 'reset'; readonly share: number; readonly ms: number }
  | { readonly type: 'jump-clock'; readonly node: number; readonly byMs: number }
  | { readonly type: 'replay-gossip'; readonly node: number }
  /** This client hears of no new ring. */
  | { readonly type: 'old-ring'; readonly client: number; readonly ms: number }
  | { readonly type: 'cut-client'; readonly client: number; readonly node: number; readonly ms: number }
  /** Large values, more than the stores can hold. */
  | { readonly type: 'squeeze'; readonly ms: number }
)

export interface Plan {
  readonly seed: number
  /** Nodes that run from the beginning. */
  readonly nodes: number
  readonly copies: number
  /** How many of them each process is told of. */
  readonly seedsKnown: number
  readonly keys: number
  readonly clients: number
  /** Mean pause between two operations of the whole fleet. */
  readonly gapMs: number
  readonly latencyMs: Range
  /** Whether messages of one link keep their order. */
  readonly ordered: boolean
  /** Share of requests and replies between nodes that come twice. */
  readonly duplicates: number
  /** Share of writes that expire. */
  readonly expiring: number
  readonly tombstoneGraceMs: number
  readonly chaosMs: number
  readonly faults: readonly Fault[]
}

/** nodesMax is the highest number of a node. */
export const nodesMax = 9

/**
 * Seeds from here on draw crowded plans, with two or three times as many faults: more of them meet, and some in ways that a
 * plan of one draw hardly ever shows.
 */
export const crowdedFrom = 1_000_000

/** Long enough for all to hold the others dead, and have told them so as long as they do. */
const partedUntilMs = 16_000

const kinds: readonly Fault['type'][] = [
  'crash',
  'crash',
  'unplug',
  'freeze',
  'leave',
  'leave',
  'join',
  'join',
  'split',
  'bridge',
  'flap',
  'lose',
  'slow',
  'reset',
  'jump-clock',
  'replay-gossip',
  'old-ring',
  'cut-client',
  'squeeze',
]

/** breaksLinks tells whether a fault lets two nodes stop hearing of each other though both run. */
export function breaksLinks({ type }: Fault): boolean {
  return ['unplug', 'freeze', 'split', 'bridge', 'flap', 'lose', 'slow', 'reset'].includes(type)
}

/** planOf draws the plan of a seed. Every third seed has no fault that breaks links: there the rules have no exceptions. */
export function planOf(seed: number): Plan {
  const random = streamOf(seed, 'plan')
  const nodes = oneOf(random, [1, 2, 2, 3, 3, 3, 4, 4, 5, 5, 5, 6, 7])
  const chaosMs = between(random, [6_000, 16_000])
  const allowed = kinds.filter((type) => seed % 3 > 0 || !breaksLinks({ type } as Fault))
  const faults = faultsOf(random, { allowed, nodes, chaosMs })
  if (seed >= crowdedFrom) {
    const crowd = streamOf(seed, 'crowd')
    for (let draws = wholeBetween(crowd, [1, 2]); draws > 0; draws--) {
      faults.push(...faultsOf(crowd, { allowed, nodes, chaosMs }))
    }
  }
  // The one whom all are told of leaves for good, and the rest is split for long: only they themselves find together again.
  const isSeedGone = nodes > 2 && random() < 0.1
  if (isSeedGone) faults.push(...partedWithoutSeed(seed, nodes))
  const isSqueezed = faults.some(({ type }) => type === 'squeeze')
  return {
    seed,
    nodes,
    seedsKnown: isSeedGone ? 1 : nodes,
    copies: oneOf(random, [1, 2, 2, 2, 2, 3, 3]),
    keys: oneOf(random, isSqueezed ? [80, 120] : [20, 20, 40, 80, 200]),
    clients: 3,
    gapMs: oneOf(random, [6, 10, 20]),
    latencyMs: oneOf<Range>(random, [
      [0.2, 1],
      [0.5, 3],
      [0.5, 3],
      [2, 20],
      [5, 60],
    ]),
    ordered: random() < 0.5,
    duplicates: random() < 0.3 ? 0.05 : 0,
    expiring: oneOf(random, [0, 0.1, 0.4]),
    tombstoneGraceMs: oneOf(random, [24_000, 60_000, 180_000]),
    chaosMs: Math.round(isSeedGone ? partedUntilMs : chaosMs),
    faults: faults.sort((a, b) => a.at - b.at),
  }
}

interface Frame {
  readonly allowed: readonly Fault['type'][]
  readonly nodes: number
  readonly chaosMs: number
}

/** One draw: up to seven faults of up to four kinds. */
function faultsOf(random: Random, { allowed, nodes, chaosMs }: Frame): Fault[] {
  const chosen = Array.from({ length: wholeBetween(random, [1, 4]) }, () => oneOf(random, allowed))
  const count = wholeBetween(random, [1, 7])
  const faults: Fault[] = []
  for (let index = 0; index < count; index++) {
    const at = between(random, [1_000, chaosMs - 500])
    faults.push(faultOf(random, { type: oneOf(random, chosen), at: Math.round(at), nodes }))
  }
  return faults
}

function partedWithoutSeed(seed: number, nodes: number): Fault[] {
  const random = streamOf(seed, 'parted')
  const side = [2]
  for (let node = 4; node <= nodes; node++) if (random() < 0.4) side.push(node)
  return [
    { type: 'leave', at: 700, node: 1, ms: 60_000 },
    { type: 'split', at: 3_000, side, ways: 'both', ms: partedUntilMs - 3_000 },
  ]
}

/** Long enough to be declared dead, or short. */
function pause(random: Random): number {
  return Math.round(
    between(
      random,
      oneOf<Range>(random, [
        [20, 400],
        [400, 3_000],
        [3_000, 12_000],
      ]),
    ),
  )
}

function faultOf(random: Random, { type, at, nodes }: { type: Fault['type']; at: number; nodes: number }): Fault {
  const node = wholeBetween(random, [1, nodes])
  const ms = pause(random)
  const client = wholeBetween(random, [1, 3])
  switch (type) {
    case 'crash':
    case 'unplug':
    case 'freeze':
    case 'leave':
      return { type, at, node, ms }
    case 'join': {
      const count = wholeBetween(random, [1, Math.min(3, nodesMax - nodes)])
      return { type, at, nodes: Array.from({ length: count }, (_, index) => nodes + 1 + index) }
    }
    case 'split':
      return { type, at, ms, side: sideOf(random, nodes), ways: random() < 0.7 ? 'both' : 'one' }
    case 'bridge':
      return { type, at, ms, side: sideOf(random, nodes), middle: node }
    case 'flap':
      return { type, at, node, times: wholeBetween(random, [2, 5]), periodMs: Math.round(between(random, [50, 2_000])) }
    case 'lose':
      return { type, at, ms, share: between(random, [0.02, 0.3]) }
    case 'slow':
      return {
        type,
        at,
        ms,
        node,
        latencyMs: oneOf<Range>(random, [
          [20, 100],
          [100, 400],
          [300, 1_500],
        ]),
      }
    case 'reset':
      return { type, at, ms, share: between(random, [0.02, 0.3]) }
    case 'jump-clock':
      return { type, at, node, byMs: Math.round(between(random, [-3_600_000, 3_600_000])) }
    case 'replay-gossip':
      return { type, at, node }
    case 'old-ring':
      return { type, at, ms, client }
    case 'cut-client':
      return { type, at, ms, client, node }
    case 'squeeze':
      return { type, at, ms: between(random, [500, 3_000]) }
  }
}

function sideOf(random: Random, nodes: number): number[] {
  const side: number[] = []
  for (let node = 1; node <= nodes; node++) if (random() < 0.4) side.push(node)
  return side.length > 0 ? side : [wholeBetween(random, [1, nodes])]
}
