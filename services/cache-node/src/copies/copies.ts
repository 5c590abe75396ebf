/**
 * Copies: one node's part in keeping the entries of a fleet, as a pure state machine over the parts beside it.
 *
 *      execute ─┬─► read                                       one array read says whether this node may
 *               ├─► Writes ─► Replicas ─► peers                replicate, apply, acknowledge
 *               └─► Routing ─► peers, Waiting                  what cannot be done here and now
 *      receive ─► Releases, Recalls, Shelf, the store          what peers ask
 *      settled ─► whoever asked                                what peers answered
 *      viewChanged ─► Claims ─► Sync ─► Repair, Strays         who coordinates what, and moving what goes with it
 *
 * It holds no clock and no sockets: each input says when it happens, and returns what the shell is to do.
 */
import type { View } from '@ringhold/sdk/membership'
import {
  type ByteCommand,
  type FrameKey,
  type Limits,
  type Outcome,
  type PlainSet,
  RingholdError,
} from '@ringhold/sdk/protocol'
import { type Ring, tokenCount } from '@ringhold/sdk/ring'
import type { HybridClock } from '../clock/hybrid-clock.ts'
import { CommandCheck } from '../core/command-check.ts'
import type { Counters } from '../core/counters.ts'
import type { Answers, Origin } from '../core/decide.ts'
import type { Done, Executed } from '../core/executed.ts'
import type { HitSink } from '../core/hit-sink.ts'
import { rangeOf } from '../store/key-range.ts'
import type { ReplicatedStore } from '../store/store.ts'
import { Claims } from './claims.ts'
import { changeOf } from './copy.ts'
import { Core } from './core.ts'
import { dataParts } from './data-parts.ts'
import type { Effect } from './effect.ts'
import type { Errand } from './errand.ts'
import { Execution } from './execution.ts'
import { Hints } from './hints.ts'
import { ownedCommand } from './owned-command.ts'
import type { DataParts, TokenState } from './parts.ts'
import type { AskSettled, Copy, Envelope, PeerReply, PeerRequest, TokenDigest } from './peer-request.ts'
import { Recalls } from './recalls.ts'
import { Releases } from './releases.ts'
import { Replicas } from './replicas.ts'
import { Routing } from './routing.ts'
import { type CopiesSettings, defaultCopiesSettings } from './settings.ts'
import { StandIns } from './stand-ins.ts'
import type { CopiesStatus } from './status.ts'
import { Tenure } from './tenure.ts'
import { TokenSet } from './token-set.ts'
import { plainMemory, type ValueMemory } from './value-memory.ts'
import { Waiting } from './waiting.ts'
import { Writes } from './writes.ts'

/** Moment is when an input happens: on the monotonic clock, and in milliseconds since 1970 on the wall clock. */
export interface Moment {
  readonly now: number
  readonly wallMs: number
}

export interface CopiesOptions {
  readonly self: string
  readonly fleet: { readonly seed: number; readonly copies: number }
  readonly store: ReplicatedStore
  readonly clock: HybridClock
  readonly limits: Limits
  readonly counters: Counters
  readonly settings?: Partial<CopiesSettings>
  /** A number in [0, 1). */
  readonly random: () => number
  readonly answers: (now: number) => Answers
  /** Where values lie that wait for replicas. Default: in memory that is left to the garbage collector. */
  readonly memory?: ValueMemory
}

/** ViewChange is what membership told, and the ring that follows from it. */
export interface ViewChange {
  readonly view: View
  readonly ring: Ring
  /** Of this node. */
  readonly incarnation: number
  /** Whether others may have held this node dead until it took this incarnation. Default: true. */
  readonly mayHaveBeenDead?: boolean
}

/** HIT_IN_SINK is returned for a hit that the sink has. */
export const HIT_IN_SINK = 'hit-in-sink'

export class Copies {
  readonly #core: Core
  readonly #answers: (now: number) => Answers
  readonly #check: CommandCheck
  readonly #tenure: Tenure
  readonly #data: DataParts
  readonly #claims: Claims
  readonly #releases: Releases
  readonly #recalls: Recalls
  readonly #hints: Hints
  readonly #replicas: Replicas
  readonly #waiting: Waiting
  readonly #writes: Writes
  readonly #execution: Execution
  readonly #standIns: StandIns
  readonly #routing: Routing
  #rolesAreOld = false
  /** Whether the view changed in this input. */
  #isOtherView = false

  /** `parts` makes what moves and compares entries; only tests give another. */
  constructor(options: CopiesOptions, parts: typeof dataParts = dataParts) {
    const { self, fleet, store, clock, counters, random, answers, limits, memory = plainMemory } = options
    const settings = { ...defaultCopiesSettings, ...options.settings }
    const core = new Core({ self, seed: fleet.seed, store, clock, settings, random })
    const tenure = new Tenure(core)
    const data = parts({ core, holdings: tenure })
    const { sync, repair, evictions } = data
    const waiting = new Waiting(core)
    const claims = new Claims({ core, tenure, sync })
    const hints = new Hints({ core, repair })
    const replicas = new Replicas({ core, hints })
    const resume = (errand: Errand) => this.#routing.resume(errand)
    const writes = new Writes({ core, tenure, replicas, evictions, counters, answers, memory, resume })
    const execution = new Execution({ core, writes, waiting, counters })
    this.#core = core
    this.#answers = answers
    this.#check = new CommandCheck(limits)
    this.#tenure = tenure
    this.#data = data
    this.#claims = claims
    this.#releases = new Releases({ core, tenure, claims, sync, answers })
    this.#recalls = new Recalls({ core, tenure, claims })
    this.#hints = hints
    this.#replicas = replicas
    this.#waiting = waiting
    this.#writes = writes
    this.#execution = execution
    this.#standIns = new StandIns(core)
    this.#routing = new Routing({
      core,
      tenure,
      sync,
      waiting,
      execution,
      standIns: this.#standIns,
      counters,
      answers,
    })
  }

  /** ring is the one that commands are routed by. */
  get ring(): Ring {
    return this.#core.ring
  }

  /**
   * execute runs a command. Returns the outcome where it is known at once, HIT_IN_SINK for a hit that went to the sink,
   * or undefined: then `done` is told, once, in a later input. Throws what refuses the command. Take the effects
   * afterwards, of one command or of all of a turn. With a sink, the bytes of the command are good until this returns.
   */
  execute(
    command: ByteCommand,
    origin: Origin,
    moment: Moment,
    done: Done,
    sink?: HitSink,
  ): Executed | typeof HIT_IN_SINK | undefined {
    this.#begin(moment)
    const token = this.#core.ring.tokenOfBytes(command.key)
    if (this.#isAtHand(token)) {
      if (command.type === 'get') {
        if (sink === undefined) return this.#execution.read({ token, cache: command.cache, key: command.key })
        const outcome = this.#execution.readInto(token, rangeOf(command), sink)
        return outcome === undefined ? HIT_IN_SINK : { outcome, by: this.#core.self }
      }
      if (!this.#writes.mustWait(command)) {
        return this.#writes.begin({ command, token, done, isBorrowed: sink !== undefined })
      }
    }
    const kept = sink === undefined ? command : ownedCommand(command)
    return this.#routing.start(newErrand({ command: kept, token, origin, done }, this.#core))
  }

  /**
   * get is execute for the most frequent command, where that is the least work: a read of a checked key that this node
   * answers at once. Undefined: it is one for execute, and nothing has happened.
   */
  get(key: FrameKey, moment: Moment, sink: HitSink): Outcome | typeof HIT_IN_SINK | undefined {
    this.#begin(moment)
    const token = key.token < 0 ? this.#core.ring.tokenOfRange(key) : key.token
    return this.#isAtHand(token) ? (this.#execution.readInto(token, key, sink) ?? HIT_IN_SINK) : undefined
  }

  /** set is the same for a set that no other node is to hold, in a moment in which nothing waits. */
  set(key: FrameKey, set: PlainSet, moment: Moment): Outcome | undefined {
    this.#begin(moment)
    const token = key.token < 0 ? this.#core.ring.tokenOfRange(key) : key.token
    return this.#isAtHand(token) ? this.#writes.setAlone(token, key, set) : undefined
  }

  /** receive takes a request of a peer; the answer is among the effects, of this input or of a later one. */
  receive(requestId: number, envelope: Envelope, request: PeerRequest, moment: Moment): Effect[] {
    this.#begin(moment)
    this.#core.hear(envelope.clock)
    // Who claims a token must not be stood in for because it was out of reach a moment ago.
    this.#routing.heard(envelope.from)
    this.#serve(requestId, envelope.from, request)
    return this.#end()
  }

  /** settled says how a request ended that was an effect. Ids that are not known, or no more, change nothing. */
  settled(id: number, outcome: AskSettled & { envelope?: Envelope }, moment: Moment): Effect[] {
    this.#begin(moment)
    if (outcome.envelope !== undefined) {
      this.#core.hear(outcome.envelope.clock)
      this.#routing.heard(outcome.envelope.from)
      this.#replicas.heard(outcome.envelope.from)
    }
    this.#core.asks.settle(id, outcome, outcome.envelope?.incarnation)
    return this.#end()
  }

  /** isAtRest tells whether nothing is under way: until that changes, restIntervalMs is soon enough for the next tick. */
  get isAtRest(): boolean {
    const { sync, evictions } = this.#data
    const isNothingAsked = this.#core.asks.size === 0 && this.#waiting.size === 0 && this.#hints.size === 0
    const isSettled = !this.#rolesAreOld && !this.#tenure.isClaiming && sync.syncingTokens === 0
    return isNothingAsked && isSettled && evictions.isQuiet
  }

  /** tick is to be called every tickIntervalMs, at rest every restIntervalMs. */
  tick(moment: Moment): Effect[] {
    this.#begin(moment)
    const { sync, repair, strays, evictions } = this.#data
    for (const part of [this.#core.asks, this.#claims, this.#recalls, this.#hints]) part.tick()
    if (this.#rolesAreOld) this.#tellRoles()
    for (const part of [sync, repair, strays, evictions]) part.tick()
    return this.#end()
  }

  /** viewChanged takes what membership told; the ring is computed by the caller. */
  viewChanged({ view, ring, incarnation, mayHaveBeenDead = true }: ViewChange, moment: Moment): Effect[] {
    this.#begin(moment)
    const core = this.#core
    const before = core.ring
    const isOtherRing = ring.checksum !== before.checksum
    const isRefuted = core.incarnation > 0 && incarnation > core.incarnation
    core.view = view
    core.ring = ring
    core.incarnation = incarnation
    this.#isOtherView = true
    this.#replicas.ringChanged()
    this.#standIns.ringChanged()
    if (isRefuted && mayHaveBeenDead) this.#loseAll()
    if (isOtherRing) this.#standDown(before)
    if (isOtherRing || (isRefuted && mayHaveBeenDead)) this.#claims.restart()
    else this.#claims.peersChanged()
    if (isRefuted && !mayHaveBeenDead) this.#claims.claimAnew(this.#held(), 'owners')
    this.#data.sync.ringChanged()
    if (isOtherRing) {
      this.#data.repair.ringChanged()
      this.#tellRoles()
    }
    return this.#end()
  }

  /** woke says that the node stood still: all that it coordinates is claimed anew, and nothing in flight is acknowledged. */
  woke(moment: Moment): Effect[] {
    this.#begin(moment)
    this.#tenure.epoch++
    this.#claims.restart()
    this.#claims.claimAnew(this.#held(), 'owners')
    return this.#end()
  }

  /** dropEverything empties the store: the node was away for so long that it may have missed deletes. */
  dropEverything(moment: Moment): Effect[] {
    this.#begin(moment)
    this.#tenure.epoch++
    this.#core.store.drop(() => true)
    this.#hints.clear()
    this.#data.sync.dropped()
    this.#data.repair.dropped()
    this.#loseAll()
    this.#claims.restart()
    return this.#end()
  }

  /** Whether there are effects to take. */
  get hasEffects(): boolean {
    return this.#core.effects.length > 0 || this.#replicas.hasPending
  }

  /** takeEffects hands over what execute caused. Once a turn is enough: the writes of a turn leave together. */
  takeEffects(): Effect[] {
    this.#replicas.flush()
    return this.#core.takeEffects()
  }

  /** tenureOf tells what this node is to a token. */
  tenureOf(token: number): TokenState {
    return this.#tenure.state(token)
  }

  get status(): CopiesStatus {
    const { sync, repair, strays } = this.#data
    return {
      tokens: {
        held: this.#tenure.count('held'),
        claiming: this.#tenure.count('claiming'),
        provisional: this.#tenure.count('provisional'),
      },
      underReplicatedTokens: repair.underReplicatedTokens,
      syncingTokens: sync.syncingTokens,
      strayTokens: strays.tokens,
      entriesLeft: sync.entriesLeft,
      pulledEntries: sync.pulledEntries,
      pulledBytesPerSecond: sync.pulledBytesPerSecond,
      entries: this.#entries(),
      hints: this.#hints.size,
      waiting: this.#waiting.size,
      repairBytesSent: repair.bytesSent,
      bytesReplicated: this.#replicas.bytesSent,
    }
  }

  /** Whether this node may execute commands on the token now, and has what there is of it. */
  #isAtHand(token: number): boolean {
    return this.#tenure.holds(token) && this.#data.sync.isSettled(token) && this.#answers(this.#core.now) === 'yes'
  }

  #begin({ now, wallMs }: Moment): void {
    this.#core.now = now
    this.#core.wallMs = wallMs
  }

  /** Goes on with what can go on now, and hands over the effects of the input. */
  #end(): Effect[] {
    const tenure = this.#tenure
    for (;;) {
      const hasChanged = this.#isOtherView || tenure.changed.size > 0
      if (hasChanged) this.#rolesAreOld = true
      const errands = this.#waiting.take(this.#isOtherView ? 'everything' : tenure.changed)
      this.#isOtherView = false
      if (hasChanged) tenure.changed.clear()
      if (errands.length === 0) return this.takeEffects()
      for (const errand of errands) this.#routing.resume(errand)
    }
  }

  #serve(requestId: number, from: string, request: PeerRequest): void {
    const reply = (what: PeerReply) => this.#core.answer(requestId, what)
    if (request.type === 'command') this.#command(request, reply)
    else if (request.type === 'claim') this.#releases.claimed(request, from, reply)
    else if (request.type === 'apply') reply({ type: 'applied', results: this.#apply(request.copies, from) })
    else if (request.type === 'recall') {
      this.#standIns.told(request.tokens, from)
      this.#recalls.recalled(request.tokens, from)
      reply({ type: 'noted' })
    } else {
      if (request.type === 'compare') this.#standIns.told(tokensIn(request.digests), from)
      reply(this.#data.shelf.serve(request, from))
    }
  }

  #command({ command, failover }: PeerRequest & { type: 'command' }, reply: (reply: PeerReply) => void): void {
    const done: Done = {
      succeed: ({ outcome }) => reply({ type: 'outcome', outcome }),
      fail: (error) => reply({ type: 'refused', error }),
    }
    const { now, wallMs } = this.#core
    try {
      this.#check.check(command)
      const executed = this.execute(command, failover ? 'failover' : 'forwarded', { now, wallMs }, done)
      if (executed !== undefined && executed !== HIT_IN_SINK) done.succeed(executed)
    } catch (error) {
      if (!(error instanceof RingholdError)) throw error
      done.fail(error)
    }
  }

  #apply(copies: readonly Copy[], from: string): ('held' | 'too-large' | 'full')[] {
    const core = this.#core
    let contested: TokenSet | undefined
    const results = copies.map((copy) => {
      const { cache, key, version } = copy
      const token = core.ring.tokenOfBytes(key)
      core.hear(version)
      const applied = core.store.apply({ token, cache, key }, changeOf(copy, core.now), core.now)
      if (applied === 'too-large' || applied === 'full') return applied
      if (applied === 'applied' && this.#tenure.state(token) === 'held') {
        contested ??= new TokenSet()
        contested.add(token)
      }
      return 'held'
    })
    // Whoever writes what this node coordinates took it for unreachable.
    if (contested !== undefined) this.#recalls.recalled(contested, from)
    return results
  }

  #held(): TokenSet {
    return this.#tenure.tokens('held', 'provisional')
  }

  /** Who stands in for another and is an owner no more leaves it to the next, who would do so beside it. Who is new does not. */
  #standDown(before: Ring): void {
    const { ring, self } = this.#core
    for (const token of this.#tenure.tokens('provisional')) {
      const [, ...others] = ring.owners(token)
      const ownersBefore = before.owners(token)
      if (!ring.owners(token).includes(self) && others.some((other) => ownersBefore.includes(other))) {
        this.#tenure.set(token, 'none')
      }
    }
  }

  #loseAll(): void {
    for (const token of this.#held()) this.#tenure.set(token, 'none')
  }

  /** Eviction is the coordinator's: the store must know what that is. */
  #tellRoles(): void {
    this.#rolesAreOld = false
    const { ring, self, store } = this.#core
    const index = ring.members.findIndex(({ name }) => name === self)
    store.coordinate((token) => this.#tenure.holds(token) || (index >= 0 && ring.coordinatorIndex(token) === index))
  }

  #entries(): CopiesStatus['entries'] {
    const { ring, self, store } = this.#core
    const count = { coordinated: 0, replicas: 0, strays: 0 }
    for (let token = 0; token < tokenCount; token++) {
      const entries = store.digest(token).entries - store.tombstones(token)
      if (entries === 0) continue
      if (this.#tenure.holds(token)) count.coordinated += entries
      else if (ring.owners(token).includes(self)) count.replicas += entries
      else count.strays += entries
    }
    return count
  }
}

function tokensIn(digests: readonly TokenDigest[]): number[] {
  return digests.map(({ token }) => token)
}

/** Field by field: what follows a spread is defined by the engine's runtime at each call, which took longer than forwarding. */
function newErrand(
  { command, token, origin, done }: Pick<Errand, 'command' | 'token' | 'origin' | 'done'>,
  { now, settings }: Pick<Core, 'now' | 'settings'>,
): Errand {
  return {
    command,
    token,
    origin,
    done,
    dueAt: now + (origin === 'plain' ? settings.plainTimeoutMs : settings.commandTimeoutMs),
    isAdmitted: false,
    rank: 0,
    rankedBy: '',
    firstTriedAt: now,
    pauseMs: settings.claimRetryMs,
    isFetched: false,
    mayBeDone: false,
    code: 'RINGHOLD_RING_UNSETTLED',
    why: '',
  }
}
