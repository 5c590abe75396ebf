/**
 * One node of a local fleet, kept as it is wanted.
 *
 *        run, start                          kill
 *      ────────────► running ─────────────────────────► stopped ──── start ───► running
 *                     │    ▲                              (SIGSTOP: frozen)
 *        dies by itself    └── after a delay ──┐
 *                     └──────► waiting ────────┘
 *                                 └── again and again ──► failed ──── start ───► running
 *
 * A node that is down on purpose stays down; one that died otherwise is restarted, by the policy.
 */
import { RingholdError } from '@ringhold/sdk/protocol'
import { clientUrlOf, type NodePlan, peerUrlOf } from './node-plan.ts'
import { type Exit, endsWithinMs, lastLines, NodeProcess } from './node-process.ts'
import { RestartPolicy } from './restart-policy.ts'
import type { NodeRecord, Phase } from './state-folder.ts'
import { withDeadline } from './with-deadline.ts'

/** Lines of a log that a message shows. */
const logLinesShown = 5

/** Signals that `kill` takes. */
export const killSignals = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGABRT', 'SIGSTOP'] as const
export type KillSignal = (typeof killSignals)[number]

/** NodeEvent is what happens to a node without anybody asking for it. */
export type NodeEvent =
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

export interface SupervisedNodeOptions {
  readonly plan: NodePlan
  readonly entry: string
  readonly log: string
  /** Asked at each start: the seeds depend on who runs then. */
  readonly env: () => NodeJS.ProcessEnv
  readonly onEvent: (event: NodeEvent) => void
  /** Called after every change of phase or process. */
  readonly onChange: () => void
}

export class SupervisedNode {
  readonly plan: NodePlan
  readonly #options: SupervisedNodeOptions
  #phase: Phase = 'running'
  #policy = new RestartPolicy()
  #process: NodeProcess | undefined
  #restart: NodeJS.Timeout | undefined
  #isClosing = false

  constructor(options: SupervisedNodeOptions) {
    this.plan = options.plan
    this.#options = options
  }

  get phase(): Phase {
    return this.#phase
  }

  get record(): NodeRecord {
    const { plan } = this
    const pid = this.#process?.pid
    const urls = { url: clientUrlOf(plan), peerUrl: peerUrlOf(plan) }
    return { name: plan.name, ...urls, log: this.#options.log, phase: this.#phase, ...(pid !== undefined && { pid }) }
  }

  /** run starts the process, for the first time or anew. */
  run(): void {
    const { entry, log, env, onChange } = this.#options
    const process = new NodeProcess({ entry, env: env(), logPath: log })
    this.#phase = 'running'
    this.#process = process
    this.#policy.started(performance.now())
    void process.exited.then((exit) => this.#onExit(exit))
    onChange()
  }

  /** start runs a node again that is down, and thaws a frozen one. */
  async start(): Promise<Change> {
    // A node that is still on its way down holds its ports.
    if (this.#phase === 'stopped' && this.#process) await this.#ended(this.#process)
    if (this.#phase === 'running') return { node: this.record, changed: false }
    if (this.#phase === 'frozen') {
      this.#process?.signal('SIGCONT')
      this.#phase = 'running'
      this.#options.onChange()
    } else {
      clearTimeout(this.#restart)
      this.#policy = new RestartPolicy()
      this.run()
    }
    return { node: this.record, changed: true }
  }

  /** kill sends a signal and returns when the process has ended (SIGSTOP: at once). The node stays down. */
  async kill(signal: KillSignal): Promise<Change> {
    clearTimeout(this.#restart)
    const process = this.#process
    const changed = this.#phase !== 'stopped'
    this.#phase = process && signal === 'SIGSTOP' ? 'frozen' : 'stopped'
    process?.signal(signal)
    this.#options.onChange()
    if (process && signal !== 'SIGSTOP') await this.#ended(process)
    return { node: this.record, changed }
  }

  /** close ends the process in good order, or by force when that takes too long. */
  async close(): Promise<void> {
    this.#isClosing = true
    clearTimeout(this.#restart)
    const process = this.#process
    if (!process) return
    process.signal('SIGTERM')
    if (this.#phase === 'frozen') process.signal('SIGCONT')
    const exit = await withDeadline(process.exited, endsWithinMs(this.#options.env()))
    if (exit === undefined) process.signal('SIGKILL')
    await process.exited
  }

  /** killForGood ends the process at once; nothing starts it again. */
  killForGood(): void {
    this.#isClosing = true
    clearTimeout(this.#restart)
    this.#process?.signal('SIGKILL')
  }

  #onExit(exit: Exit): void {
    this.#process = undefined
    if (this.#isClosing) return
    if (this.#phase === 'frozen') this.#phase = 'stopped'
    if (this.#phase === 'running') this.#onDeath(exit)
    this.#options.onChange()
  }

  #onDeath(exit: Exit): void {
    const { onEvent, log } = this.#options
    const node = this.plan.name
    const decision = this.#policy.died(performance.now(), exit.code)
    if (decision.type === 'give-up') {
      this.#phase = 'failed'
      onEvent({ event: 'failed', node, exit, reason: decision.reason, log: lastLines(log, logLinesShown) })
      return
    }
    this.#phase = 'waiting'
    onEvent({ event: 'died', node, exit, restartInMs: decision.delayMs })
    this.#restart = setTimeout(() => {
      this.run()
      onEvent({ event: 'restarted', node, pid: this.#process?.pid })
    }, decision.delayMs)
  }

  async #ended(process: NodeProcess): Promise<void> {
    const withinMs = endsWithinMs(this.#options.env())
    if ((await withDeadline(process.exited, withinMs)) !== undefined) return
    throw new RingholdError('RINGHOLD_TIMEOUT', {
      detail: `${this.plan.name} still runs ${withinMs / 1000} s after the signal; SIGKILL ends it`,
    })
  }
}
