/**
 * A local fleet: the supervisor, its control socket and its state folder, from the first check to the last trace.
 *
 *      open      the folder is ours, nobody else supervises here, the ports are free
 *      start     socket, processes, then wait until all nodes agree on one ring
 *      close     processes end in good order, socket and record disappear
 *
 * Until `close` is done something may be left behind, so it belongs in a `finally`.
 */
import { rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { RingholdError, type Topology } from '@ringhold/sdk/protocol'
import { waitSettled } from '../fleet/settle.ts'
import { waitUntil } from '../fleet/wait-until.ts'
import { isSupervised } from './control-client.ts'
import { ControlServer } from './control-server.ts'
import { nodeFailure } from './node-failure.ts'
import { type NodePlan, type PortRange, planFleet } from './node-plan.ts'
import { type NodeSettings, nodeEntry } from './node-process.ts'
import { checkPorts } from './port-check.ts'
import { isAlive, makeFolder, type NodeRecord, type StateFolder } from './state-folder.ts'
import type { NodeEvent } from './supervised-node.ts'
import { Supervisor } from './supervisor.ts'

/** Nodes whose supervisor was killed end by themselves; a new one gives them this long. */
const orphansEndWithinMs = 8_000

export interface LocalFleetOptions {
  readonly nodes: number
  readonly range: PortRange
  readonly settings: NodeSettings
  /** Where the logs of the nodes go; undefined: into the state folder. */
  readonly logDir: string | undefined
  readonly onEvent: (event: NodeEvent) => void
}

export class LocalFleet {
  readonly #folder: StateFolder
  readonly #plans: readonly NodePlan[]
  readonly #supervisor: Supervisor
  readonly #control: ControlServer
  readonly #logDir: string
  readonly #failure = new AbortController()

  private constructor(folder: StateFolder, options: LocalFleetOptions) {
    this.#folder = folder
    this.#plans = planFleet(options.nodes, options.range)
    this.#logDir = options.logDir === undefined ? folder.logDir : resolve(options.logDir)
    this.#supervisor = new Supervisor({
      entry: nodeEntry(),
      settings: options.settings,
      range: options.range,
      logPathOf: (node) => this.logPath(node),
      onEvent: (event) => {
        if (event.event === 'failed') this.#failure.abort()
        options.onEvent(event)
      },
      onChange: (nodes) => folder.write({ supervisor: process.pid, fleet: options.settings.fleet, nodes }),
    })
    this.#control = new ControlServer(this.#supervisor)
  }

  /** open checks everything that can be checked before a process is started. */
  static async open(folder: StateFolder, options: LocalFleetOptions): Promise<LocalFleet> {
    folder.create()
    if (await isSupervised(folder)) {
      const pid = folder.readStale()?.supervisor
      throw new RingholdError('RINGHOLD_FLEET_RUNNING', {
        detail: `a local fleet runs in ${folder.path} already${pid === undefined ? '' : ` (process ${pid})`}`,
      })
    }
    await orphansEnd(folder)
    folder.clear()
    const fleet = new LocalFleet(folder, options)
    await checkPorts(fleet.#plans)
    return fleet
  }

  get nodes(): NodeRecord[] {
    return this.#supervisor.nodes
  }

  logPath(node: string): string {
    return join(this.#logDir, `${node}.log`)
  }

  /**
   * start returns the views of all nodes once they agree, and undefined when `signal` came first. Rejects with
   * RINGHOLD_NODE_FAILED when a node does not stay up, with RINGHOLD_RING_UNSETTLED past the deadline.
   */
  async start(options: { deadlineMs: number; signal: AbortSignal }): Promise<Topology[] | undefined> {
    makeFolder(this.#logDir, 'folder for logs')
    for (const { name } of this.#plans) rmSync(this.logPath(name), { force: true })
    await this.#control.listen(this.#folder.socketPath)
    this.#supervisor.startAll(this.#plans)
    const signal = AbortSignal.any([options.signal, this.#failure.signal])
    const views = await waitSettled(this.nodes, { deadlineMs: options.deadlineMs, signal })
    if (views || options.signal.aborted) return views
    const failed = this.nodes.find(({ phase }) => phase === 'failed')
    if (failed) throw nodeFailure(failed)
    throw new RingholdError('RINGHOLD_RING_UNSETTLED', {
      detail: `the nodes did not agree on one ring within ${options.deadlineMs / 1000} s; their logs are in ${this.#logDir}`,
    })
  }

  /** close ends all processes and removes what tells of them. */
  async close(): Promise<void> {
    this.#control.close()
    await this.#supervisor.close()
    this.#folder.clear()
  }

  /** killAll ends all processes at once; `close` then has nothing left to wait for. */
  killAll(): void {
    this.#supervisor.killAll()
  }
}

/** The nodes of a supervisor that was killed hold the ports for a moment yet. */
async function orphansEnd(folder: StateFolder): Promise<void> {
  const pids = folder.readStale()?.nodes.flatMap(({ pid }) => pid ?? []) ?? []
  await waitUntil(async () => pids.every((pid) => !isAlive(pid)) || undefined, { deadlineMs: orphansEndWithinMs })
}
