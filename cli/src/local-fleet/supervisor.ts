/**
 * The supervisor: all nodes of a local fleet, and who is told of whom. It knows processes only, nothing of rings and
 * views: whether the fleet has noticed a change is asked over HTTP by the commands.
 */
import { RingholdError } from '@ringhold/sdk/protocol'
import { type NodePlan, type PortRange, planNext, resolveName } from './node-plan.ts'
import { envOf, type NodeSettings } from './node-process.ts'
import { isFree } from './port-check.ts'
import type { NodeRecord } from './state-folder.ts'
import { type Change, type KillSignal, type NodeEvent, SupervisedNode } from './supervised-node.ts'

/** How many pairs of ports are tried for one more node. */
const portTriesMax = 100

export interface SupervisorOptions {
  readonly entry: string
  readonly settings: NodeSettings
  readonly range: PortRange
  readonly logPathOf: (node: string) => string
  readonly onEvent: (event: NodeEvent) => void
  /** Called after every change of a node's phase or process. */
  readonly onChange: (nodes: NodeRecord[]) => void
}

export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #nodes = new Map<string, SupervisedNode>()

  constructor(options: SupervisorOptions) {
    this.#options = options
  }

  get nodes(): NodeRecord[] {
    return [...this.#nodes.values()].map(({ record }) => record)
  }

  /** startAll starts the planned nodes, each with all others as seeds. */
  startAll(plans: readonly NodePlan[]): void {
    const nodes = plans.map((plan) => this.#supervise(plan))
    for (const node of nodes) node.run()
  }

  /** add starts one node more, on the next ports that are free. */
  async add(name: string | undefined): Promise<Change> {
    for (let skip = 0; skip < portTriesMax; skip++) {
      const plans = [...this.#nodes.values()].map(({ plan }) => plan)
      const plan = planNext(plans, this.#options.range, name === undefined ? { skip } : { name, skip })
      if (!(await isFree(plan.port)) || !(await isFree(plan.peerPort))) continue
      // Another request may have planned the same node while the ports were looked at.
      if (this.#nodes.has(plan.name)) continue
      const node = this.#supervise(plan)
      node.run()
      return { node: node.record, changed: true }
    }
    throw new RingholdError('RINGHOLD_PORT_IN_USE', { detail: `${portTriesMax} pairs of ports in a row are in use` })
  }

  /** start runs a node again that is down or frozen. */
  async start(name: string): Promise<Change> {
    return this.#nodeOf(name).start()
  }

  /** kill sends a signal to a node, which then stays down. */
  async kill(name: string, signal: KillSignal): Promise<Change> {
    return this.#nodeOf(name).kill(signal)
  }

  /** close ends all nodes in good order, and by force those that take too long. */
  async close(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => node.close()))
  }

  /** killAll ends all nodes at once. */
  killAll(): void {
    for (const node of this.#nodes.values()) node.killForGood()
  }

  #supervise(plan: NodePlan): SupervisedNode {
    const { entry, settings, logPathOf, onEvent, onChange } = this.#options
    const node = new SupervisedNode({
      plan,
      entry,
      log: logPathOf(plan.name),
      env: () => envOf(plan, this.#seedsOf(plan), settings),
      onEvent,
      onChange: () => onChange(this.nodes),
    })
    this.#nodes.set(plan.name, node)
    return node
  }

  /** Only nodes that run are seeds: one whose seeds are all down would wait for them in vain. */
  #seedsOf(plan: NodePlan): NodePlan[] {
    return [...this.#nodes.values()]
      .filter((other) => other.plan !== plan && other.phase === 'running')
      .map((other) => other.plan)
  }

  #nodeOf(text: string): SupervisedNode {
    return this.#nodes.get(resolveName([...this.#nodes.keys()], text)) as SupervisedNode
  }
}
