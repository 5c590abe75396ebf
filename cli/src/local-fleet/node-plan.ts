/** Which nodes a local fleet has: their names and ports, counted up from the first of each. */
import { RingholdError } from '@ringhold/sdk/protocol'

/** The host that every node of a local fleet listens on. */
export const localHost = '127.0.0.1'

/** nodesMax bounds a local fleet: processes on one machine. */
export const nodesMax = 100

const portMax = 65_535

/** What a node takes as its name; checked here too, since the name becomes a file name. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

export interface NodePlan {
  readonly name: string
  readonly port: number
  readonly peerPort: number
}

/** PortRange is where the ports of a local fleet begin. */
export interface PortRange {
  /** Of the first node, for clients. */
  readonly port: number
  /** Of the first node, for peers. */
  readonly peerPort: number
}

/** planFleet names node-1 to node-N. Throws RINGHOLD_BAD_OPTION when ports overlap or run out. */
export function planFleet(nodes: number, range: PortRange): NodePlan[] {
  if (nodes > nodesMax) throw badOption(`a local fleet has at most ${nodesMax} nodes`)
  if (Math.abs(range.port - range.peerPort) < nodes) {
    throw badOption(`${nodes} nodes need ${nodes} ports from each of --port and --peer-port on: these overlap`)
  }
  return Array.from({ length: nodes }, (_, at) => planNode(`node-${at + 1}`, at, range))
}

/**
 * planNext plans one node more: the lowest free node-N above all others, on the first pair of ports that no plan has.
 * `skip` passes over as many pairs, for ports that something else listens on.
 */
export function planNext(plans: readonly NodePlan[], range: PortRange, choice: { name?: string; skip?: number } = {}) {
  if (plans.length >= nodesMax) throw badOption(`a local fleet has at most ${nodesMax} nodes`)
  const name = choice.name ?? `node-${Math.max(0, ...plans.map((plan) => numberOf(plan.name))) + 1}`
  if (!namePattern.test(name))
    throw badOption(`${JSON.stringify(name)} is no name for a node: use letters, digits, . _ -`)
  if (plans.some((plan) => plan.name === name)) throw badOption(`the fleet has a node ${name} already`)
  const taken = new Set(plans.flatMap(({ port, peerPort }) => [port, peerPort]))
  let skip = choice.skip ?? 0
  for (let at = 0; ; at++) {
    const plan = planNode(name, at, range)
    if (taken.has(plan.port) || taken.has(plan.peerPort)) continue
    if (skip-- === 0) return plan
  }
}

/** resolveName finds the node that a person means: its name, or the N of node-N. Throws RINGHOLD_NODE_UNKNOWN. */
export function resolveName(names: readonly string[], text: string): string {
  const name = names.find((candidate) => candidate === text) ?? names.find((candidate) => candidate === `node-${text}`)
  if (name !== undefined) return name
  throw new RingholdError('RINGHOLD_NODE_UNKNOWN', {
    detail: `the local fleet has no node ${JSON.stringify(text)}, only ${names.join(', ')}`,
  })
}

export function clientUrlOf({ port }: NodePlan): string {
  return `http://${localHost}:${port}`
}

export function peerUrlOf({ peerPort }: NodePlan): string {
  return `http://${localHost}:${peerPort}`
}

function planNode(name: string, at: number, range: PortRange): NodePlan {
  const plan = { name, port: range.port + at, peerPort: range.peerPort + at }
  if (plan.port > portMax || plan.peerPort > portMax) {
    throw badOption(`the ports of ${name} would be above ${portMax}; choose a lower --port or --peer-port`)
  }
  return plan
}

function numberOf(name: string): number {
  return Number(/^node-(\d{1,6})$/.exec(name)?.[1] ?? 0)
}

function badOption(detail: string): RingholdError {
  return new RingholdError('RINGHOLD_BAD_OPTION', { detail })
}
