/**
 * A fleet of small servers in the test's own process that speak to clients as nodes do, with a handle on everything that
 * can go wrong: what each node believes the ring to be, and what it does with a request or a command.
 */

import { type Test, test } from 'tap'
import { patienceMs } from '#chaos/wait-until.js'
import type { Transport } from '#sdk/connection.js'
import { SmallNode } from './small-node.ts'

export class SmallFleet {
  readonly name: string
  readonly members: SmallNode[] = []
  /** Owners per token, for topologies. With one, every wrong node answers 421. */
  copies = 2
  #version = 1

  constructor(name = 'ringhold') {
    this.name = name
  }

  async add(name: string): Promise<SmallNode> {
    const node = new SmallNode(this, name)
    await node.listen()
    this.members.push(node)
    return node
  }

  node(name: string): SmallNode {
    const node = this.members.find((member) => member.name === name)
    if (!node) throw new Error(`there is no ${name}`)
    return node
  }

  /** owner returns the node that owns a key when all agree. */
  owner(key: string): SmallNode {
    const ring = (this.members[0] as SmallNode).ring()
    return this.node(ring.coordinator(ring.token(key)) as string)
  }

  get urls(): string[] {
    return this.members.map(({ url }) => url)
  }

  nextVersion(): number {
    return this.#version++
  }

  /** seen counts the requests that all nodes got. */
  requests(method: string, path: string): number {
    return this.members.reduce((sum, node) => sum + node.requests(method, path), 0)
  }
}

/** smallFleet starts nodes node-1, node-2, … and stops them after the test. */
export async function smallFleet(t: Test, size = 3): Promise<SmallFleet> {
  const fleet = new SmallFleet()
  t.teardown(() => Promise.all(fleet.members.map((node) => node.crash())))
  for (let number = 1; number <= size; number++) await fleet.add(`node-${number}`)
  return fleet
}

/** until waits for a condition. Rejects when it does not hold within the time. */
export async function until(condition: () => boolean, what: string, timeoutMs = patienceMs): Promise<void> {
  const end = performance.now() + timeoutMs
  while (!condition()) {
    if (performance.now() > end) throw new Error(`${what}: not within ${timeoutMs} ms`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** overBoth makes a test of a rule that holds whatever carries the commands. */
export function overBoth(name: string, run: (t: Test, transport: Transport) => Promise<unknown>): void {
  for (const transport of ['stream', 'post'] as const) test(`${name} (${transport})`, (t) => run(t, transport))
}
