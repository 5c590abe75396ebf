/**
 * Routing: where a command is executed, and getting it there.
 *
 *      decide ─┬─► here      the key is fetched first while its token syncs
 *              ├─► wait      until something changes
 *              ├─► pass on   to the coordinator ──► refused, or silent and suspect ──► the next owner …
 *              └─► refuse                                                             … who is this node: provisionally
 *
 * A node coordinates in the stead of another only when it could not reach any owner before it, and was its replica when
 * it went (stand-ins.ts). So two coordinators at once take a broken link, or one that is so slow that its node is suspect.
 */
import { type ByteCommand, type ErrorCode, RingholdError } from '@ringhold/sdk/protocol'
import type { Counters } from '../core/counters.ts'
import { type Answers, type Decision, decide } from '../core/decide.ts'
import type { Executed } from '../core/executed.ts'
import type { Core } from './core.ts'
import type { Errand } from './errand.ts'
import type { Execution } from './execution.ts'
import type { Sync } from './parts.ts'
import type { AskSettled } from './peer-request.ts'
import type { StandIns } from './stand-ins.ts'
import type { Tenure } from './tenure.ts'
import type { Waiting } from './waiting.ts'

const retryAfterMs = 1_000
/** How long nobody else tries what just failed. */
const unreachableMs = 250
/** What a node answers that is not ready for the token yet: asking again helps. */
const passing = new Set<ErrorCode>(['RINGHOLD_WRONG_OWNER', 'RINGHOLD_NOT_READY', 'RINGHOLD_RING_UNSETTLED'])

export interface RoutingOptions {
  readonly core: Core
  readonly tenure: Tenure
  readonly sync: Pick<Sync, 'isSettled' | 'fetchKey'>
  readonly waiting: Waiting
  readonly execution: Execution
  readonly standIns: StandIns
  readonly counters: Counters
  readonly answers: (now: number) => Answers
}

export class Routing {
  readonly #options: RoutingOptions
  readonly #core: Core
  /** When a member could not be reached last; forgotten when it answers. */
  readonly #unreachableAt = new Map<string, number>()

  constructor(options: RoutingOptions) {
    this.#options = options
    this.#core = options.core
  }

  /** heard says that a member answered. */
  heard(member: string): void {
    this.#unreachableAt.delete(member)
    this.#options.standIns.heard(member)
  }

  /** start returns the outcome of an errand where it is known at once; undefined: it is told later. Throws what refuses it. */
  start(errand: Errand): Executed | undefined {
    try {
      const executed = this.#route(errand)
      if (executed !== undefined) this.#options.waiting.dismiss(errand)
      return executed
    } catch (error) {
      this.#options.waiting.dismiss(errand)
      throw error
    }
  }

  #route(errand: Errand): Executed | undefined {
    const { waiting, tenure, answers, execution } = this.#options
    const { self, ring, now } = this.#core
    const { token, origin } = errand
    const owners = ring.owners(token)
    const decision = decide({ self, answers: answers(now), origin, state: tenure.state(token), owners })
    if (decision.type === 'refuse') throw this.#refusal(decision)
    // Whom it could not reach before, it has to try again: the token may have gone to a new process of that name.
    if (decision.type !== 'pass-on') errand.rank = 0
    if (decision.type === 'here') {
      if (!this.#fetch(errand)) return undefined
      return execution.run(errand)
    }
    errand.isFetched = false
    if (decision.type === 'wait') {
      errand.why = 'it is claiming the token'
      waiting.stay(errand)
    }
    return decision.type === 'wait' ? undefined : this.#passOn(errand, owners)
  }

  /** resume goes on with an errand, in a later input than the one that it came with. */
  resume(errand: Errand): void {
    const { waiting } = this.#options
    try {
      if (errand.dueAt <= this.#core.now) throw waiting.overdue(errand)
      const executed = this.#route(errand)
      if (executed === undefined) return
      waiting.dismiss(errand)
      errand.done.succeed(executed)
    } catch (error) {
      if (!(error instanceof RingholdError)) throw error
      this.#fail(errand, error)
    }
  }

  #fail(errand: Errand, error: RingholdError): void {
    this.#options.waiting.dismiss(errand)
    errand.done.fail(error)
  }

  /** Whether the key can be relied on now; otherwise the errand goes on when it was fetched. */
  #fetch(errand: Errand): boolean {
    const { sync, waiting } = this.#options
    if (errand.isFetched || sync.isSettled(errand.token)) return true
    waiting.admit(errand)
    const { token, command } = errand
    let isReturned = false
    let isDone = false
    sync.fetchKey({ token, cache: command.cache, key: command.key }, (isFetched) => {
      isDone = true
      // The version of an unconditional write is higher than whatever could have been fetched.
      errand.isFetched = isFetched || isBlind(command)
      if (isReturned && errand.isFetched) this.resume(errand)
      else if (isReturned) this.#again(errand)
    })
    isReturned = true
    if (!errand.isFetched) errand.why = 'the entries of the token are on their way'
    if (isDone && !errand.isFetched) waiting.pause(errand)
    return errand.isFetched
  }

  #passOn(errand: Errand, owners: readonly string[]): Executed | undefined {
    const { standIns } = this.#options
    const { self, ring, now } = this.#core
    if (errand.rankedBy !== ring.checksum) {
      errand.rankedBy = ring.checksum
      errand.rank = 0
    }
    if (errand.rank === 0) errand.firstTriedAt = now
    for (let rank = errand.rank; rank < owners.length; rank++) {
      const owner = owners[rank] as string
      if (owner === self) {
        const isBack = owners.slice(0, rank).some((before) => standIns.hasHeard(before, errand.firstTriedAt))
        if (!isBack && standIns.may(errand.token)) return this.#standIn(errand)
        break
      }
      if (this.#core.isAway(owner) || this.#isUnreachable(owner)) continue
      errand.rank = rank
      this.#ask(errand, owner)
      return undefined
    }
    errand.rank = 0
    errand.code = 'RINGHOLD_OWNER_UNREACHABLE'
    errand.why = 'no owner can be reached'
    this.#options.waiting.pause(errand)
    return undefined
  }

  /** All owners before this node are out of reach. */
  #standIn(errand: Errand): Executed | undefined {
    const { tenure } = this.#options
    const coordinator = this.#core.ring.coordinator(errand.token)
    if (tenure.count('provisional') === 0)
      this.#core.log('info', 'coordinates in the stead of another', { coordinator })
    tenure.set(errand.token, 'provisional')
    return this.#route(errand)
  }

  #ask(errand: Errand, owner: string): void {
    const { waiting, counters } = this.#options
    const { now, settings } = this.#core
    waiting.admit(errand)
    counters.forwarded++
    const { command, rank, origin } = errand
    const isSuspect = this.#isSuspect(owner)
    const leftMs = Math.max(1, Math.min(errand.dueAt - now, settings.commandTimeoutMs))
    const timeoutMs = isSuspect ? Math.min(leftMs, settings.suspectTimeoutMs) : leftMs
    // Who was asked for a failover asks for none: so a command passes two nodes at most before it is executed.
    const failover = rank > 0 && origin !== 'failover'
    const request = failover
      ? ({ type: 'command', command, failover } as const)
      : ({ type: 'command', command } as const)
    this.#core.ask(owner, request, (outcome) => this.#asked(errand, { owner, askedAt: now }, outcome), timeoutMs)
  }

  #asked(errand: Errand, { owner, askedAt }: { owner: string; askedAt: number }, outcome: AskSettled): void {
    if (outcome.type !== 'reply') this.#unanswered(errand, { owner, askedAt }, outcome.type)
    else if (outcome.reply.type === 'outcome') {
      this.#options.waiting.dismiss(errand)
      errand.done.succeed({ outcome: outcome.reply.outcome, by: owner })
    } else {
      const { reply } = outcome
      const error = reply.type === 'refused' ? reply.error : new RingholdError('RINGHOLD_INTERNAL', { node: owner })
      this.#refused(errand, owner, error)
    }
  }

  #refused(errand: Errand, owner: string, error: RingholdError): void {
    const mayBeDone = error.executed === 'unknown'
    if (error.code === 'RINGHOLD_WRONG_OWNER') this.#core.effects.push({ type: 'suspect-ring', member: owner })
    if (!passing.has(error.code) || (mayBeDone && isOnce(errand))) this.#fail(errand, error)
    else {
      errand.mayBeDone ||= mayBeDone
      errand.why = `${owner} answered ${error.code}`
      this.#again(errand)
    }
  }

  #unanswered(
    errand: Errand,
    { owner, askedAt }: { owner: string; askedAt: number },
    type: 'refused' | 'failed',
  ): void {
    const { now } = this.#core
    // It was a process before the present one that did not answer.
    const isBack = this.#options.standIns.hasHeard(owner, askedAt)
    const isLost = type === 'failed' && (isOnce(errand) || errand.dueAt <= now)
    if (type === 'failed') errand.mayBeDone = true
    errand.why = `${owner} did not answer`
    if (isLost) {
      const detail = `${owner} did not answer in time`
      this.#fail(errand, new RingholdError('RINGHOLD_OWNER_TIMEOUT', { detail, node: owner }))
    } else if (isBack || (type === 'failed' && !this.#isSuspect(owner))) this.#again(errand)
    else {
      this.#unreachableAt.set(owner, now)
      errand.rank++
      this.resume(errand)
    }
  }

  #again(errand: Errand): void {
    errand.rank = 0
    try {
      this.#options.waiting.pause(errand)
    } catch (error) {
      this.#fail(errand, error as RingholdError)
    }
  }

  #isSuspect(member: string): boolean {
    return this.#core.view.get(member)?.status === 'suspect'
  }

  #isUnreachable(member: string): boolean {
    const at = this.#unreachableAt.get(member)
    return at !== undefined && this.#core.now - at < unreachableMs
  }

  #refusal({ code, detail, owner }: Decision & { type: 'refuse' }): RingholdError {
    if (owner === undefined) return new RingholdError(code, { detail, retryAfterMs })
    this.#options.counters.wrongOwner++
    return new RingholdError(code, { detail, owner, ring: this.#core.ring.checksum })
  }
}

/** Whether executing a command twice is not the same as once. */
function isOnce({ command }: Errand): boolean {
  return command.type !== 'get' && !isBlind(command)
}

/** Whether a command is a write that does not ask what is there. */
function isBlind(command: ByteCommand): boolean {
  return command.type !== 'get' && command.condition === undefined
}
