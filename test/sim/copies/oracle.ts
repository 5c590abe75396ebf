/**
 * The oracle judges what it sees of stores, coordinators and clients after every event. It reports breaches as sentences;
 * a run without any is one in which
 *
 *   - a hit is a value that was written to that key, and no key has two values under one version
 *   - what a store holds of a key never falls in version, and expires when it was to expire
 *   - a write that is acknowledged with so many copies was held by so many processes, and nobody else coordinated its
 *     token by then
 *   - what was acknowledged is held by someone until it is overwritten, expires, is evicted, or as many of its holders
 *     crashed, without a repair in between, as it had copies
 *   - while no link was broken: each operation on a key sees at least what any operation that ended before it saw or
 *     wrote (versions are the order of writes, so that this is linearizability of each key, checked as it happens)
 */
import { ackOf, type ByteCommand, type Outcome } from '@ringhold/sdk/protocol'
import type { Change } from '#node/store/store.js'
import { History, type Issued } from './history.ts'
import { readValue, type SimKey } from './keys.ts'
import type { SimNode } from './sim-node.ts'
import type { Cause } from './watched-store.ts'

/** By how much a value may expire late or early: clocks run at different rates, and messages take time. */
const expiryToleranceMs = 1_000

/** What a client asked for, and when. */
export interface Asked {
  readonly key: SimKey
  readonly command: ByteCommand
  readonly operation: number
  readonly at: number
  /** What had been shown of the key when it began, and how often that had been lost by then. */
  readonly shown: number
  readonly hidings: number
}

export interface OracleOptions {
  readonly now: () => number
  /** How many owners each token has. */
  readonly copies: number
  readonly note: (text: string) => void
  /** Who coordinates a token beside this process. */
  readonly coordinatorBeside: (node: SimNode, token: number) => SimNode | undefined
}

function isAckAll(command: ByteCommand): boolean {
  return command.type !== 'get' && ackOf(command) === 'all'
}

export class Oracle {
  readonly breaches: string[] = []
  readonly histories: readonly History[]
  /** Whether no link was broken since the fleet was last at rest. */
  isStrict = true
  readonly #byName = new Map<string, History>()
  /** What each operation writes, by its number. */
  readonly #writes: { readonly key: number; readonly ttlMs: number | undefined; readonly length: number }[] = []
  readonly #now: () => number
  readonly #copies: number
  readonly #note: (text: string) => void
  readonly #coordinatorBeside: (node: SimNode, token: number) => SimNode | undefined

  constructor(keys: readonly SimKey[], { now, copies, note, coordinatorBeside }: OracleOptions) {
    this.#copies = copies
    this.#coordinatorBeside = coordinatorBeside
    this.histories = keys.map((key) => new History(key))
    for (const history of this.histories) this.#byName.set(history.key.name, history)
    this.#now = now
    this.#note = note
  }

  breach(text: string): void {
    if (this.breaches.length < 20) this.breaches.push(`${Math.round(this.#now())} ms: ${text}`)
    this.#note(`BREACH ${text}`)
  }

  history(name: string): History {
    return this.#byName.get(name) as History
  }

  /** newOperation numbers a write. */
  newOperation(key: SimKey, length: number, ttlMs: number | undefined): number {
    return this.#writes.push({ key: key.index, ttlMs, length }) - 1
  }

  // What stores do.

  changed(node: SimNode, name: string, change: Change | undefined, cause: Cause) {
    const history = this.history(name)
    this.#note(`${node.name} ${name} ${change === undefined ? cause : `${change.type} ${change.version}`}`)
    if (change === undefined) return this.#left(node, history, cause)
    const now = this.#now()
    const before = history.holders.get(node)
    if (before !== undefined && before.version > change.version && before.expiresAt > now + 1) {
      const kind = before.type === 'tombstone' ? 'the delete' : 'version'
      this.breach(`${node.name} replaced ${kind} ${before.version} of ${name} by ${change.version}`)
    }
    const issued = this.#issue(node, history, change)
    const deadline = change.type === 'entry' ? change.expiresAt : change.keptUntil
    const expiresAt = deadline === undefined ? Number.POSITIVE_INFINITY : now + node.trueMs(deadline - node.localNow)
    if (change.type === 'entry' && Math.abs(expiresAt - issued.expiresAt) > expiryToleranceMs + node.transferMs) {
      this.breach(`${node.name} lets ${name} expire at ${expiresAt} instead of ${issued.expiresAt}`)
    }
    // It may have waited for replicas in a process that stood still, and has less time left than a new one.
    if (issued.at === now) issued.expiresAt = Math.min(issued.expiresAt, expiresAt)
    history.holders.set(node, { version: change.version, type: change.type, expiresAt })
    history.everHeld.set(node, Math.max(history.everHeld.get(node) ?? 0, change.version))
    const { promise } = history
    if (promise !== undefined && history.holdersOf(promise.version, now) >= promise.copies) promise.crashes = 0
  }

  #issue(node: SimNode, history: History, change: Change): Issued {
    const { name } = history.key
    const written = change.type === 'entry' ? readValue(change.value) : undefined
    const known = history.issued.get(change.version)
    if (change.type === 'entry' && written?.key !== history.key.index) {
      this.breach(`${node.name} stored a value that was never written to ${name}`)
    }
    // A version of which nobody is left who knows may be issued again, by a node that was started anew.
    const isSame = known?.type === change.type && known.operation === written?.operation
    const isForgotten = known !== undefined && ![...known.heldBy].some(({ isParty }) => isParty)
    if (known !== undefined && !isSame && !isForgotten) {
      this.breach(`${node.name} has something else under version ${change.version} of ${name} than others have`)
    }
    if (known !== undefined && (isSame || !isForgotten)) {
      known.heldBy.add(node)
      return known
    }
    const now = this.#now()
    const ttlMs = written && this.#writes[written.operation]?.ttlMs
    const issued = {
      type: change.type,
      operation: written?.operation,
      length: change.type === 'entry' ? change.value.length : 0,
      at: now,
      expiresAt: change.type === 'tombstone' || ttlMs === undefined ? Number.POSITIVE_INFINITY : now + ttlMs,
      heldBy: new Set([node]),
      isAcknowledged: false,
    }
    history.issued.set(change.version, issued)
    return issued
  }

  /** A store has nothing of a key any more. */
  #left(node: SimNode, history: History, cause: Cause) {
    const held = history.holders.get(node)
    if (held === undefined) return
    history.holders.delete(node)
    const now = this.#now()
    if (node.isLeaving && cause === 'dropped') this.#hasLess(node, history)
    if (held.expiresAt <= now + 1) return
    const { name } = history.key
    if (held.type === 'tombstone' && (cause === 'removed' || cause === 'evicted')) {
      this.breach(`${node.name} forgot the delete ${held.version} of ${name}`)
    }
    if (cause === 'evicted') {
      history.wasEvicted = true
      history.excusedUpTo = Math.max(history.excusedUpTo, held.version)
    }
    if (cause === 'evicted' || cause === 'told') history.evictedUpTo = Math.max(history.evictedUpTo, held.version)
    // What was evicted on one side of a split may take with it what the other side wrote.
    if (cause === 'told' && history.wasEvicted) history.excusedUpTo = Math.max(history.excusedUpTo, held.version)
    if (node.isDroppingAll) return this.#lost(node, history, held.version)
    if (cause === 'evicted' || held.version <= history.excusedUpTo || history.holdersOf(held.version, now) > 0) return
    // Those that had it may have crashed while it was on its way that they did.
    if (history.hasCrashed(held.version)) return this.#excuse(history, held.version)
    if (!history.isGone(held.version, now + expiryToleranceMs)) {
      this.breach(`${node.name} let the last copy of ${name} at ${held.version} go (${cause})`)
    }
  }

  #excuse(history: History, version: number): void {
    history.excusedUpTo = Math.max(history.excusedUpTo, version)
    if (history.shown <= version) history.hideAll()
  }

  /** Who leaves has others keep what it held, as many as it sees: on its side of a split, if there is one. */
  #hasLess({ ring }: SimNode, { promise }: History): void {
    if (promise) promise.copies = Math.min(promise.copies, Math.max(1, ring.members.length))
  }

  /** ended is called when a process has said farewell, and when it ends: all that it held is gone. */
  ended(node: SimNode): void {
    for (const history of this.histories) {
      if (node.isLeaving) this.#hasLess(node, history)
      const held = history.holders.get(node)
      history.holders.delete(node)
      if (held !== undefined) this.#lost(node, history, held.version)
      // What is gone and nobody knows of any more may be followed by a lower version, of a clock that is slow.
      if (history.isGone(history.shown, this.#now()) && !history.isRemembered(history.shown)) history.hideAll()
    }
  }

  #lost(node: SimNode, history: History, version: number): void {
    const { promise, key, shown } = history
    const now = this.#now()
    history.crashedUpTo = Math.max(history.crashedUpTo, version)
    if (
      promise !== undefined &&
      version >= promise.version &&
      !history.isGone(promise.version, now + expiryToleranceMs)
    ) {
      promise.crashes++
      if (history.holdersOf(promise.version, now) === 0) {
        const { copies, crashes } = promise
        const what = `${key.name} at ${promise.version}, acknowledged with ${copies} copies`
        if (crashes < copies) this.breach(`${what}, is lost with ${node.name} after ${crashes} crash(es)`)
        history.excusedUpTo = Math.max(history.excusedUpTo, version)
      }
    }
    // What was shown but not acknowledged may go with the first crash.
    if (shown > 0 && history.holdersOf(shown, now) === 0) {
      history.excusedUpTo = Math.max(history.excusedUpTo, shown)
      history.hideAll()
    }
  }

  // What nodes say.

  /** executed is called when a node that coordinates a key has brought a command to its outcome. */
  executed(node: SimNode, command: ByteCommand, outcome: Outcome): void {
    if (node.isZombie) this.breach(`${node.name} answers, but stood still and has heard from nobody since`)
    const history = this.history(Buffer.from(command.key).toString('latin1'))
    const { type } = outcome
    if (type !== 'created' && type !== 'replaced' && type !== 'deleted' && type !== 'absent') return
    const { version, copies } = outcome
    if (version === undefined || copies === undefined) return
    const ever = history.everHolding(version)
    const { name, token } = history.key
    // What it merely passed on, for a peer that could not reach the coordinator, another executed.
    const isJudged = this.isStrict && isAckAll(command) && node.hasIssued(version)
    const other = isJudged ? this.#coordinatorBeside(node, token) : undefined
    if (other !== undefined) {
      this.breach(`${node.name} acknowledged ${name} at ${version} when ${other.name} coordinated it already`)
    }
    if (copies > ever)
      this.breach(`${node.name} acknowledged ${copies} copies of ${name} at ${version}, there are ${ever}`)
    // One more may have it that is no owner any more, and drops it.
    this.#promised(history, version, Math.min(copies, ever, this.#copies))
  }

  #promised(history: History, version: number, copies: number): void {
    const issued = history.issued.get(version)
    if (issued) issued.isAcknowledged = true
    if (version <= (history.promise?.version ?? 0)) return
    const crashes = Math.max(0, copies - history.holdersOf(version, this.#now()))
    history.promise = { version, copies, crashes }
    if (crashes >= copies) history.excusedUpTo = Math.max(history.excusedUpTo, version)
  }

  // What clients see.

  ask(key: SimKey, command: ByteCommand, operation: number): Asked {
    const { shown, hidings } = this.history(key.name)
    return { key, command, operation, at: this.#now(), shown, hidings }
  }

  /** answered is called when an operation of a client ended with an outcome. */
  answered(asked: Asked, outcome: Outcome) {
    const history = this.history(asked.key.name)
    // Whoever saw a version that was lost with all its holders since is not to see it again.
    const shown = asked.hidings === history.hidings ? asked.shown : 0
    switch (outcome.type) {
      case 'hit':
        this.#sawValue(history, outcome)
        return this.#saw(history, { ...asked, shown }, outcome.version)
      case 'created':
      case 'replaced':
        this.#wrote(history, { ...asked, shown }, outcome.version)
        return this.#saw(history, { ...asked, shown: shown + 1 }, outcome.version)
      case 'condition-failed':
        if (outcome.version !== undefined) return this.#saw(history, { ...asked, shown }, outcome.version)
        return this.#sawNothing(history, { ...asked, shown })
      case 'miss':
        return this.#sawNothing(history, { ...asked, shown })
      case 'deleted':
      case 'absent':
        if (outcome.version === undefined) return this.#sawNothing(history, { ...asked, shown })
        this.#wrote(history, { ...asked, shown }, outcome.version)
        return this.#saw(history, { ...asked, shown: shown + 1 }, outcome.version)
      case 'accepted':
        return
    }
  }

  #sawValue(history: History, { value, version }: Outcome & { type: 'hit' }): void {
    const { name, index } = history.key
    const written = readValue(value)
    const issued = history.issued.get(version)
    if (written?.key !== index || issued?.type !== 'entry' || issued.operation !== written.operation) {
      this.breach(`a hit of ${name} at ${version} is not what was written`)
    }
  }

  #saw(history: History, { shown, at }: Asked, version: number): void {
    const issued = history.issued.get(version)
    const { name } = history.key
    if (issued !== undefined && issued.expiresAt + expiryToleranceMs + this.transferMs < at) {
      this.breach(`${name} at ${version} was read ${Math.round(at - issued.expiresAt)} ms after it expired`)
    }
    if (this.isStrict && version < shown) this.breach(`${name} shows ${version} after ${shown} was shown`)
    // What nobody holds any more was lost on the way of this answer, and judged then.
    if (history.holdersOf(version, this.#now()) > 0) history.shown = Math.max(history.shown, version)
  }

  #sawNothing(history: History, { shown, key }: Asked): void {
    if (!this.isStrict || shown === 0 || history.issued.get(shown)?.type === 'tombstone') return
    // Any delete above it may have come before, of which nobody told yet.
    if (history.isGone(shown, this.#now() + expiryToleranceMs) || history.isDeletedAbove(shown)) return
    this.breach(`${key.name} is missing after ${shown} was shown`)
  }

  /** A conditional write must not have overwritten anything but what it named, as far as that was there to be overwritten. */
  #wrote(history: History, { command }: Asked, version: number): void {
    if (!this.isStrict || command.type === 'get' || command.condition?.type !== 'version') return
    const [expected = 0] = command.condition.versions
    const goneAt = this.#now() + expiryToleranceMs
    for (const [between, { isAcknowledged }] of history.issued) {
      if (!isAcknowledged || between <= expected || between >= version || history.isGone(between, goneAt)) continue
      this.breach(`${history.key.name}: a write on ${expected} became ${version} over ${between}`)
    }
  }

  /** transferMs is how long copies may be under way. */
  transferMs = 0
}
