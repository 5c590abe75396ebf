/** What a scenario plays on: its fleet, its clients, the checks that it makes and the figures that it leaves. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { CoreShares } from './core-shares.ts'
import { type Failures, failuresOf } from './failures.ts'
import { Fleet, type FleetOptions } from './fleet.ts'
import { Network } from './network.ts'
import { OpenLoad, type OpenLoadOptions } from './open-load.ts'
import { Client, type Operation } from './operation.ts'
import { perSecond, type Second } from './per-second.ts'
import { checkRegisters, countOffences, type Violation } from './register-checker.ts'
import { checkSet, type Verdict } from './set-checker.ts'

/** Check is one promise, kept or not, and what was seen. */
export interface Check {
  readonly promise: string
  readonly isKept: boolean
  readonly seen: unknown
}

/** How long clients of short plays wait: a call that is never answered is told from one that shares its cores with other tests. */
const patientMs = 8_000
const fillAtOnce = 100
const readAtOnce = 1_000
/** Different warnings of nodes that are kept. */
const warningsMax = 40

export class Stage {
  readonly isLong: boolean
  readonly checks: Check[] = []
  readonly figures: Record<string, unknown> = {}
  seconds: Second[] = []
  failures: Failures[] = []
  readonly #log: (text: string) => void
  readonly #fleets: Fleet[] = []
  readonly #ends: (() => Promise<unknown>)[] = []
  readonly #cores = new CoreShares(() => this.#fleets.flatMap((fleet) => fleet.pids))
  readonly #delay = monitorEventLoopDelay({ resolution: 10 })

  constructor({ isLong, log }: { readonly isLong: boolean; readonly log: (text: string) => void }) {
    this.isLong = isLong
    this.#log = log
    this.#delay.enable()
  }

  log(text: string): void {
    this.#log(text)
  }

  /** check notes whether a promise was kept. */
  check(promise: string, isKept: boolean, seen: unknown): void {
    this.checks.push({ promise, isKept, seen })
    this.#log(`${isKept ? 'kept  ' : 'BROKEN'}  ${promise}: ${JSON.stringify(seen)}`)
  }

  figure(name: string, value: unknown): void {
    this.figures[name] = value
  }

  async fleet(options: FleetOptions): Promise<Fleet> {
    const fleet = await Fleet.start(options)
    this.#fleets.push(fleet)
    this.#ends.push(() => fleet.end())
    return fleet
  }

  async network(hosts: number): Promise<Network> {
    const network = await Network.make(hosts)
    this.#ends.push(() => network.remove())
    return network
  }

  /** client connects a client. It waits as long as by default in long plays, which need the machine for themselves. */
  async client(nodes: readonly string[], options: Parameters<typeof Client.connect>[1] = {}): Promise<Client> {
    const client = await Client.connect(nodes, { ...(!this.isLong && { timeoutMs: patientMs }), ...options })
    this.#ends.push(() => client.close())
    return client
  }

  load(options: OpenLoadOptions): OpenLoad {
    const load = new OpenLoad(options)
    this.#ends.push(() => load.stop())
    load.start()
    return load
  }

  /** fill writes each key once. */
  async fill(client: Client, keys: readonly string[], writer = 'fill'): Promise<Operation[]> {
    return inGroups(keys, fillAtOnce, (key) => client.set(key, `${key} ${writer}`))
  }

  /** readAll reads each key once. */
  async readAll(client: Client, keys: readonly string[]): Promise<Operation[]> {
    return inGroups(keys, readAtOnce, (key) => client.get(key))
  }

  /** judgeEnd reads every key by a new client, and notes what is lost, resurrected or made up. */
  async judgeEnd(fleet: Fleet, keys: readonly string[], history: readonly Operation[]): Promise<Verdict> {
    const reader = await this.client(fleet.urls, { timeoutMs: 10_000 })
    const verdict = checkSet(history, await this.readAll(reader, keys))
    const counts = Object.fromEntries(Object.entries(verdict).map(([what, found]) => [what, found.length]))
    const examples = Object.values(verdict).flat().slice(0, 3)
    const isClean = Object.values(counts).every((count) => count === 0)
    this.check(`nothing lost, resurrected or made up (${keys.length} keys)`, isClean, { ...counts, examples })
    return verdict
  }

  /** judgeHistory checks every key as a register, and keeps the table of seconds. */
  judgeHistory(operations: readonly Operation[], allowed: readonly Violation['offence'][] = []): Violation[] {
    const violations = checkRegisters(operations)
    this.seconds = perSecond(operations, violations, (from, to) => this.#cores.othersBetween(from, to))
    this.failures = failuresOf(operations)
    const counts = countOffences(violations)
    const isClean = violations.every(({ offence }) => allowed.includes(offence))
    const examples = violations.filter(({ offence }) => !allowed.includes(offence)).slice(0, 2)
    this.check(`every key was one register (${operations.length} operations)`, isClean, { ...counts, examples })
    return violations
  }

  /** judgeHoldings compares what the nodes hold in sum with as many copies of each key. */
  async judgeHoldings(fleet: Fleet, keys: number): Promise<void> {
    const reports = await fleet.reports()
    const sum = (of: (copies: (typeof reports)[number]['copies']) => number) =>
      reports.reduce((total, { copies }) => total + of(copies), 0)
    const coordinated = sum(({ entries }) => entries.coordinated)
    const replicas = sum(({ entries }) => entries.replicas)
    const strays = sum(({ entries }) => entries.strays)
    const wanted = keys * (Math.min(fleet.copies, reports.length) - 1)
    const isExact = coordinated === keys && replicas === wanted && strays === 0
    this.check(`each key once at its coordinator and on its replicas, strays 0`, isExact, {
      ...{ coordinated, replicas, strays },
      perNode: Object.fromEntries(reports.map(({ node, entries }) => [node, entries])),
    })
  }

  /** judgeProcesses checks that no node ended but those that were ended. */
  judgeProcesses(): void {
    const surprises = this.#fleets.flatMap((fleet) => fleet.surprises)
    if (surprises.length > 0) this.check('no node ends by itself', false, surprises)
  }

  /** end closes what was opened, the last first, also after a failure. */
  async end(): Promise<void> {
    const warnings = Object.entries(Object.assign({}, ...this.#fleets.map((fleet) => fleet.warnings)))
    if (warnings.length > 0) this.figure('warnings', Object.fromEntries(warnings.slice(0, warningsMax)))
    for (const end of this.#ends.reverse()) await end()
    this.#delay.disable()
    this.#cores.stop()
    this.figure('othersCores', this.#cores.othersMean)
    // A harness that was starved itself has not measured the fleet.
    this.figure('harnessDelayP99Ms', Math.round(this.#delay.percentile(99) / 1e6))
  }
}

async function inGroups<T, R>(items: readonly T[], size: number, run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (let at = 0; at < items.length; at += size) {
    results.push(...(await Promise.all(items.slice(at, at + size).map(run))))
  }
  return results
}
