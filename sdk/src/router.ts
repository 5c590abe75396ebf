/**
 * The router: where a command goes and what a failure means. Pure: the ring, the time and the random number come in,
 * plain decisions go out; executor.ts performs them.
 *
 *      a round      owner, direct ─fails─▶ next owner ─fails─▶ one more node ─fails─▶ pause, then a new round
 *
 * The first owner of the token, its coordinator, gets the command marked `direct`: a node that is not the coordinator
 * by its own ring answers 421, and the ring is fetched anew. When the coordinator cannot be reached, the next owner gets
 * the command at once, marked too: it holds a replica, and passes the command on where it still reaches the coordinator,
 * or executes it in its stead. Past the owners any node may know better: it gets the command unmarked and forwards it,
 * unless the command must not run twice, because a broken forward leaves open whether it ran.
 *
 * A pause lasts until the ring changes or a jittered time has passed, so that a call outlives the second or two in
 * which the fleet replaces a dead owner, without asking anybody in between more often than needed.
 */
import { type RingholdError, ringOf, type Topology } from './protocol/index.ts'
import type { Ring } from './ring/index.ts'

/** candidatesMax is how many nodes a round tries. */
export const candidatesMax = 3
/** redirectsMax is how many 421 a call follows without a pause: rings that disagree are waited for, not chased. */
export const redirectsMax = 2
export const pauseBaseMs = 25
export const pauseMaxMs = 400

/** Routes is a topology made ready for routing. */
export interface Routes {
  readonly topology: Topology
  readonly ring: Ring
}

/** routesOf computes the routes of a topology. */
export function routesOf(topology: Topology): Routes {
  return { topology, ring: ringOf(topology) }
}

/** Trip is what happened to a call so far. */
export interface Trip {
  /** Nodes that failed in this round. */
  readonly passed: readonly string[]
  /** The node that lost the connection in this round and is asked once more: an idle connection may have been closed as the command left. */
  readonly askedAgain: string | undefined
  readonly redirects: number
  readonly pauses: number
}

/** freshTrip is the trip of a call that was not sent yet. */
export const freshTrip: Trip = { passed: [], askedAgain: undefined, redirects: 0, pauses: 0 }

/** Step is where a command goes now. */
export type Step =
  | { readonly type: 'send'; readonly node: string; readonly isDirect: boolean }
  /** Every candidate of this round failed or is shut off. */
  | { readonly type: 'pause' }
  /** All nodes are shut off. */
  | { readonly type: 'unreachable' }

/** Journey is the call as the router sees it. */
export interface Journey {
  readonly key: string
  /** Whether the command may run twice with the same result: reads, and writes without a condition. */
  readonly isRepeatable: boolean
  readonly trip: Trip
}

/** stepOf decides where a call goes next. `allows` tells whether the breaker of a node lets a command through. */
export function stepOf(
  { ring }: Routes,
  { key, isRepeatable, trip }: Journey,
  allows: (node: string) => boolean,
): Step {
  const token = ring.token(key)
  const coordinator = ring.coordinator(token)
  if (coordinator === undefined) return { type: 'unreachable' }
  const isUsable = (name: string) => !trip.passed.includes(name) && allows(name)
  if (isUsable(coordinator)) return { type: 'send', node: coordinator, isDirect: true }
  if (trip.passed.length < candidatesMax) {
    const owner = ring.owners(token).find(isUsable)
    if (owner !== undefined) return { type: 'send', node: owner, isDirect: true }
    const node = otherCandidate(ring, token, isUsable)
    if (node !== undefined) return { type: 'send', node, isDirect: !isRepeatable }
  }
  return ring.members.some(({ name }) => allows(name)) ? { type: 'pause' } : { type: 'unreachable' }
}

/** Beginning at the token spreads the calls of one lost owner over all the others. */
function otherCandidate(ring: Ring, token: number, isUsable: (node: string) => boolean): string | undefined {
  const { members } = ring
  for (let offset = 0; offset < members.length; offset++) {
    const name = members[(token + offset) % members.length]?.name as string
    if (isUsable(name)) return name
  }
  return undefined
}

/** Failure is an attempt that brought no outcome. */
export interface Failure {
  /** 'refused': nothing was sent. 'lost': it was sent, and the connection broke. 'reply': the node answered with an error. */
  readonly type: 'refused' | 'lost' | 'reply'
  readonly node: string
  readonly error: RingholdError
  /** Checksum of the ring that the answering node has, where it answered. */
  readonly ring: string | undefined
}

/** Situation is what a decision depends on besides the failure. */
export interface Situation {
  readonly journey: Journey
  /** Checksum of the ring by which the command was sent, and of the ring now. */
  readonly ringSent: string
  readonly ringNow: string
  /** A random number from 0 to 1. */
  readonly random: number
}

/** Decision is what to do about a failure. */
export type Decision =
  | { readonly type: 'give-up' }
  /** Send on at once; `refresh`: fetch the topology meanwhile. */
  | { readonly type: 'resend'; readonly trip: Trip; readonly refresh: boolean; readonly isFree: boolean }
  /** Fetch the topology from the node that answered, then send again. */
  | { readonly type: 'refresh'; readonly trip: Trip; readonly isFree: boolean }
  /** Wait until the ring changes or the time has passed, fetching the topology meanwhile. */
  | {
      readonly type: 'pause'
      readonly trip: Trip
      readonly pauseMs: number
      readonly refresh: boolean
      readonly isFree: boolean
    }

/** decide turns a failure into what to do about it. */
export function decide(failure: Failure, situation: Situation): Decision {
  const { journey } = situation
  const { trip } = journey
  if (!journey.isRepeatable && executedOf(failure) === 'unknown') return { type: 'give-up' }
  // Nothing was sent, so that going on to the next candidate asks no more of the fleet than the call did at first.
  if (failure.type === 'refused')
    return { ...resend({ ...trip, passed: [...trip.passed, failure.node] }), isFree: true }
  if (failure.type === 'lost') {
    if (trip.askedAgain !== failure.node) return resend({ ...trip, askedAgain: failure.node })
    return resend({ ...trip, passed: [...trip.passed, failure.node] })
  }
  switch (failure.error.code) {
    case 'RINGHOLD_WRONG_OWNER':
      return redirect(failure, situation)
    case 'RINGHOLD_NOT_READY':
    case 'RINGHOLD_RING_UNSETTLED':
    case 'RINGHOLD_OWNER_UNREACHABLE':
    case 'RINGHOLD_OWNER_TIMEOUT':
      return { ...pauseOf(trip, situation.random), refresh: true }
    case 'RINGHOLD_OVERLOADED': {
      const pause = pauseOf(trip, situation.random)
      return { ...pause, pauseMs: pause.pauseMs + (failure.error.facts.retryAfterMs ?? 0) }
    }
    default:
      return { type: 'give-up' }
  }
}

/** pauseOf is the pause at the end of a round: full jitter, twice as long each time up to a bound. */
export function pauseOf(trip: Trip, random: number): Extract<Decision, { type: 'pause' }> {
  const longestMs = Math.min(pauseMaxMs, pauseBaseMs * 2 ** trip.pauses)
  const next = { ...freshTrip, redirects: trip.redirects, pauses: trip.pauses + 1 }
  return { type: 'pause', trip: next, pauseMs: random * longestMs, refresh: false, isFree: false }
}

function redirect(failure: Failure, { journey: { trip }, ringSent, ringNow, random }: Situation): Decision {
  const redirected = { ...trip, redirects: trip.redirects + 1 }
  if (ringNow !== ringSent) return { type: 'resend', trip: redirected, refresh: false, isFree: true }
  if (trip.redirects < redirectsMax && failure.ring !== ringNow)
    return { type: 'refresh', trip: redirected, isFree: true }
  return { ...pauseOf(redirected, random), refresh: true, isFree: true }
}

function resend(trip: Trip): Extract<Decision, { type: 'resend' }> {
  return { type: 'resend', trip, refresh: true, isFree: false }
}

/** executedOf tells what may be assumed of the command after a failure. */
export function executedOf(failure: Pick<Failure, 'type' | 'error'>): 'no' | 'unknown' {
  return failure.type === 'refused' ? 'no' : failure.error.executed
}
