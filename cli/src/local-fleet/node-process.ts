/** One node process: how it is started, what it is told, how it ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, fstatSync, openSync, readFileSync, renameSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { localHost, type NodePlan, peerUrlOf } from './node-plan.ts'

/** A log that is longer when its node is started again is put aside as `.1`, so that restarts cannot fill the disk. */
const logBytesMax = 10 * 1024 * 1024

/** Variables of the launcher's own environment that mean the same to every node and are passed on. */
const sharedVariables = [
  'RINGHOLD_COPIES',
  'RINGHOLD_LOG_LEVEL',
  'RINGHOLD_JOIN_TIMEOUT_MS',
  'RINGHOLD_LEAVE_TIMEOUT_MS',
]

/** What the node has as default of RINGHOLD_LEAVE_TIMEOUT_MS, and what a stop may take besides. */
const defaultLeaveMs = 10_000
const closesWithinMs = 10_000

const guard = new URL('./parent-guard.js', import.meta.url).href

export interface NodeSettings {
  readonly fleet: string
  /** As RINGHOLD_MEMORY; undefined leaves it to the node. */
  readonly memory?: string | undefined
  readonly env: NodeJS.ProcessEnv
}

/** Exit tells how a process ended: by itself with a code, or by a signal. */
export interface Exit {
  readonly code: number | undefined
  readonly signal: NodeJS.Signals | undefined
}

export class NodeProcess {
  readonly exited: Promise<Exit>
  readonly #child: ChildProcess

  /** Starts the process; one that cannot be started ends with code 1. */
  constructor(options: { entry: string; env: NodeJS.ProcessEnv; logPath: string }) {
    const log = openLog(options.logPath)
    // A group of its own, so that Ctrl-C in the terminal reaches the supervisor alone and nodes end in good order.
    this.#child = spawn(process.execPath, ['--import', guard, options.entry], {
      env: options.env,
      stdio: ['pipe', log, log],
      detached: true,
    })
    closeSync(log)
    this.#child.stdin?.on('error', () => undefined)
    this.exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined }))
      this.#child.once('error', () => resolve({ code: 1, signal: undefined }))
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }
}

/** nodeEntry is the main module of the node, as the package of the node names it. */
export function nodeEntry(): string {
  return fileURLToPath(import.meta.resolve('@ringhold/cache-node/main'))
}

/** envOf is the whole configuration of a node: its environment, without the launcher's own variables. */
export function envOf(plan: NodePlan, seeds: readonly NodePlan[], settings: NodeSettings): NodeJS.ProcessEnv {
  const inherited = Object.entries(settings.env).filter(
    ([name]) => !name.startsWith('RINGHOLD_') || sharedVariables.includes(name),
  )
  return {
    ...Object.fromEntries(inherited),
    RINGHOLD_NAME: plan.name,
    RINGHOLD_FLEET: settings.fleet,
    RINGHOLD_HOST: localHost,
    RINGHOLD_PORT: String(plan.port),
    RINGHOLD_PEER_PORT: String(plan.peerPort),
    RINGHOLD_SEEDS: seeds.map(peerUrlOf).join(','),
    ...(settings.memory !== undefined && { RINGHOLD_MEMORY: settings.memory }),
  }
}

/** endsWithinMs is how long a node of this environment may take to end after it was asked to. */
export function endsWithinMs({ RINGHOLD_LEAVE_TIMEOUT_MS: leaveMs }: NodeJS.ProcessEnv): number {
  const chosen = Number.parseInt(leaveMs ?? '', 10)
  return (Number.isNaN(chosen) ? defaultLeaveMs : chosen) + closesWithinMs
}

/** lastLines returns the end of a log for a message about its node. */
export function lastLines(logPath: string, count: number): string[] {
  try {
    return readFileSync(logPath, 'utf8').trimEnd().split('\n').slice(-count)
  } catch {
    return []
  }
}

function openLog(path: string): number {
  const log = openSync(path, 'a', 0o600)
  if (fstatSync(log).size <= logBytesMax) return log
  closeSync(log)
  renameSync(path, `${path}.1`)
  return openSync(path, 'a', 0o600)
}
