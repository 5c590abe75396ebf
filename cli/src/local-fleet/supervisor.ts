/**
 * The supervisor: keeps the processes of a local fleet as they are wanted.
 *
 *                    start                       kill, stop
 *      (planned) ───────────► running ─────────────────────────► stopped ──── start ───► running
 *                              │    ▲                              (SIGSTOP: frozen)
 *                 dies by itself    └── after a delay ──┐
 *                              └──────► waiting ────────┘
 *                                          └── again and again ──► failed ──── start ───► running
 *
 * A node that is down on purpose stays down; one that died otherwise is restarted. It knows processes only, nothing of
 * rings and views: whether the fleet has noticed is asked over HTTP by the commands.
 */
import { RingholdError } from '@ringhold/sdk/protocol'
import { clientUrlOf, type NodePlan, type PortRange, peerUrlOf, planNext, resolveName } from './node-plan.ts'
import { type Exit, envOf, lastLines, NodeProcess, type NodeSettings } from './node-process.ts'
import { isFree } from './port-check.ts'
import { RestartPolicy } from './restart-policy.ts'
import type { NodeRecord, Phase } from './state-folder.ts'
import { withDeadline } from './with-deadline.ts'

/** How long a process may take to end after a signal that asks it to. */
const endsWithinMs = 10_000
/** How many pairs of ports are tried for one more node. */
const portTriesMax = 100
/** Lines of a log that a message shows. */
const logLinesShown = 5

/** Signals that `kill` takes. */
export const killSignals = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGABRT', 'SIGSTOP'] as const
export type KillSignal = (typeof killSignals)[number]

/** SupervisorEvent is what happens to nodes without anybody asking for it. */
export type SupervisorEvent =
  | { readonly event: 'died'; readonly node: string; readonly exit: Exit; readonly restartInMs: number }
  | { readonly event: 'restarted'; readonly node: string; readonly pid: number | undefined }
  | {
      readonly event: 'failed'
      readonly node: string
      readonly exit: Exit
      readonly reason: string
      readonly log: string[]
    }

/** Change is the answer to a wish: the node as it is now, and whether that took anything. */
export interface Change {
  readonly node: NodeRecord
  readonly changed: boolean
}

interface Slot {
  readonly plan: NodePlan
  readonly log: string
  phase: Phase
  policy: RestartPolicy
  process?: NodeProcess | undefined
  restart?: NodeJS.Timeout | undefined
}

export interface SupervisorOptions {
  readonly entry: string
  readonly settings: NodeSettings
  readonly range: PortRange
  readonly logPathOf: (node: string) => string
  readonly onEvent: (event: SupervisorEvent) => void
  /** Called after every change of a node's phase or process. */
  readonly onChange: (nodes: NodeRecord[]) => void
}

export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #slots = new Map<string, Slot>()
  #isClosing = false

  constructor(options: SupervisorOptions) {
    this.#options = options
  }

  get nodes(): NodeRecord[] {
    return [...this.#slots.values()].map(recordOf)
  }

  /** startAll starts the planned nodes, each with all others as seeds. */
  startAll(plans: readonly NodePlan[]): void {
    for (const plan of plans) this.#addSlot(plan)
    for (const slot of this.#slots.values()) this.#spawn(slot)
    this.#changed()
  }

  /** add starts one node more, on the next ports that are free. */
  async add(name: string | undefined): Promise<Change> {
    for (let skip = 0; skip < portTriesMax; skip++) {
      const choice = name === undefined ? { skip } : { name, skip }
      const plans = [...this.#slots.values()].map((slot) => slot.plan)
      const plan = planNext(plans, this.#options.range, choice)
      if (!(await isFree(plan.port)) || !(await isFree(plan.peerPort))) continue
      // Another request may have planned the same node while the ports were looked at.
      if (this.#slots.has(plan.name)) continue
      const slot = this.#addSlot(plan)
      this.#spawn(slot)
      this.#changed()
      return { node: recordOf(slot), changed: true }
    }
    throw new RingholdError('RINGHOLD_PORT_IN_USE', { detail: `${portTriesMax} pairs of ports in a row are in use` })
  }

  /** start runs a node again that is down or frozen. */
  async start(text: string): Promise<Change> {
    const slot = this.#slotOf(text)
    // A node that is still on its way down holds its ports.
    if (slot.phase === 'stopped' && slot.process) await this.#ended(slot, slot.process)
    if (slot.phase === 'running') return { node: recordOf(slot), changed: false }
    if (slot.phase === 'frozen') slot.process?.signal('SIGCONT')
    else {
      clearTimeout(slot.restart)
      slot.policy = new RestartPolicy()
      this.#spawn(slot)
    }
    slot.phase = 'running'
    this.#changed()
    return { node: recordOf(slot), changed: true }
  }

  /** kill sends a signal and returns when the process has ended (SIGSTOP: at once). The node stays down. */
  async kill(text: string, signal: KillSignal): Promise<Change> {
    const slot = this.#slotOf(text)
    const { process } = slot
    clearTimeout(slot.restart)
    const changed = slot.phase !== 'stopped'
    slot.phase = process && signal === 'SIGSTOP' ? 'frozen' : 'stopped'
    process?.signal(signal)
    this.#changed()
    if (process && signal !== 'SIGSTOP') await this.#ended(slot, process)
    return { node: recordOf(slot), changed }
  }

  /** close ends all nodes in good order, and by force those that take too long. */
  async close(): Promise<void> {
    this.#isClosing = true
    const ends = [...this.#slots.values()].map(async (slot) => {
      clearTimeout(slot.restart)
      const { process } = slot
      if (!process) return
      process.signal('SIGTERM')
      if (slot.phase === 'frozen') process.signal('SIGCONT')
      const ended = await withDeadline(process.exited, endsWithinMs)
      if (ended === undefined) process.signal('SIGKILL')
      await process.exited
    })
    await Promise.all(ends)
  }

  /** killAll ends all nodes at once. */
  killAll(): void {
    this.#isClosing = true
    for (const slot of this.#slots.values()) {
      clearTimeout(slot.restart)
      slot.process?.signal('SIGKILL')
    }
  }

  #addSlot(plan: NodePlan): Slot {
    const log = this.#options.logPathOf(plan.name)
    const slot: Slot = { plan, log, phase: 'running', policy: new RestartPolicy() }
    this.#slots.set(plan.name, slot)
    return slot
  }

  #spawn(slot: Slot): void {
    const { entry, settings } = this.#options
    const seeds = [...this.#slots.values()].filter((other) => other !== slot && other.phase === 'running')
    const env = envOf(
      slot.plan,
      seeds.map((other) => other.plan),
      settings,
    )
    const process = new NodeProcess({ entry, env, logPath: slot.log })
    slot.process = process
    slot.policy.started(performance.now())
    void process.exited.then((exit) => this.#onExit(slot, exit))
  }

  #onExit(slot: Slot, exit: Exit): void {
    slot.process = undefined
    if (this.#isClosing) return
    if (slot.phase === 'frozen') slot.phase = 'stopped'
    if (slot.phase === 'running') this.#onDeath(slot, exit)
    this.#changed()
  }

  #onDeath(slot: Slot, exit: Exit): void {
    const { onEvent } = this.#options
    const node = slot.plan.name
    const decision = slot.policy.died(performance.now(), exit.code)
    if (decision.type === 'give-up') {
      slot.phase = 'failed'
      onEvent({ event: 'failed', node, exit, reason: decision.reason, log: lastLines(slot.log, logLinesShown) })
      return
    }
    slot.phase = 'waiting'
    onEvent({ event: 'died', node, exit, restartInMs: decision.delayMs })
    slot.restart = setTimeout(() => {
      slot.phase = 'running'
      this.#spawn(slot)
      this.#changed()
      onEvent({ event: 'restarted', node, pid: slot.process?.pid })
    }, decision.delayMs)
  }

  async #ended(slot: Slot, process: NodeProcess): Promise<void> {
    if ((await withDeadline(process.exited, endsWithinMs)) !== undefined) return
    throw new RingholdError('RINGHOLD_TIMEOUT', {
      detail: `${slot.plan.name} still runs ${endsWithinMs / 1000} s after the signal; SIGKILL ends it`,
    })
  }

  #slotOf(text: string): Slot {
    return this.#slots.get(resolveName([...this.#slots.keys()], text)) as Slot
  }

  #changed(): void {
    this.#options.onChange(this.nodes)
  }
}

function recordOf({ plan, log, phase, process }: Slot): NodeRecord {
  const pid = process?.pid
  return {
    name: plan.name,
    url: clientUrlOf(plan),
    peerUrl: peerUrlOf(plan),
    log,
    phase,
    ...(pid !== undefined && { pid }),
  }
}
