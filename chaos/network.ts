/**
 * A network that can be broken, for a fleet on one machine: a namespace for each node, all on one bridge.
 *
 *      this process ── bridge 10.77.N.254 ─┬─ node-1  10.77.N.1      rules live in the namespace of the node that
 *                                          ├─ node-2  10.77.N.2      does not hear, and go with it
 *                                          └─ …
 *
 * It needs root, `ip` and `iptables`. What is cut between two nodes is dropped without a word, as a broken link does.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)
const hostsMax = 32
/** Networks at a time on one machine: the third number of their addresses. */
const numbers = 250

export class Network {
  static #made = 0
  static #tried = 0
  readonly #number: number
  readonly #namespaces: string[] = []

  private constructor(number: number) {
    this.#number = number
  }

  /** isPossible tells whether this process may make networks. */
  static async isPossible(): Promise<boolean> {
    if (process.getuid?.() !== 0) return false
    const name = `rh-try-${process.pid}-${Network.#tried++}`
    try {
      await run('ip', ['netns', 'add', name])
      await run('ip', [
        'netns',
        'exec',
        name,
        'iptables',
        '-A',
        'INPUT',
        '-m',
        'statistic',
        ...lossOf(0.1),
        '-j',
        'DROP',
      ])
      return true
    } catch {
      return false
    } finally {
      await run('ip', ['netns', 'del', name]).catch(() => undefined)
    }
  }

  /** make opens a network with room for `hosts` nodes. */
  static async make(hosts: number): Promise<Network> {
    if (hosts > hostsMax) throw new TypeError(`a network has at most ${hostsMax} hosts`)
    const network = await Network.#claim()
    try {
      await network.#open(hosts)
    } catch (error) {
      await network.remove()
      throw error
    }
    return network
  }

  /** The bridge is the claim: who made it has the number, also beside other processes. */
  static async #claim(): Promise<Network> {
    for (let tried = 0; tried < numbers; tried++) {
      // The system takes a while to forget the names of the network before.
      const network = new Network(1 + ((process.pid + Network.#made++) % numbers))
      try {
        await run('ip', ['link', 'add', network.#bridge, 'type', 'bridge'])
        return network
      } catch (error) {
        if (!String(error).includes('File exists')) throw error
      }
    }
    throw new Error(`all of ${numbers} networks are in use`)
  }

  hostOf(index: number): string {
    return `10.77.${this.#number}.${index + 1}`
  }

  namespaceOf(index: number): string {
    return `rh${this.#number}-${index + 1}`
  }

  /** nowhere is an address of this network that nobody has. */
  get nowhere(): string {
    return `10.77.${this.#number}.200`
  }

  /** cut drops everything between two groups of nodes, in both directions. */
  async cut(side: readonly number[], otherSide: readonly number[]): Promise<void> {
    await Promise.all([this.#deafen(side, otherSide), this.#deafen(otherSide, side)])
  }

  /** lose drops a share of the packets that each node receives from the others, at random. */
  async lose(share: number): Promise<void> {
    const subnet = `10.77.${this.#number}.0/27`
    const rule = ['-A', 'INPUT', '-s', subnet, '-m', 'statistic', ...lossOf(share), '-j', 'DROP']
    await Promise.all(this.#namespaces.map((name) => inside(name, ['iptables', '-w', ...rule])))
  }

  /** heal ends what cut and lose began. */
  async heal(): Promise<void> {
    await Promise.all(this.#namespaces.map((name) => inside(name, ['iptables', '-w', '-F', 'INPUT'])))
  }

  async remove(): Promise<void> {
    for (const name of this.#namespaces) await run('ip', ['netns', 'del', name]).catch(() => undefined)
    await run('iptables', ['-w', '-D', 'FORWARD', ...this.#own]).catch(() => undefined)
    await run('ip', ['link', 'del', this.#bridge]).catch(() => undefined)
  }

  get #bridge(): string {
    return `rhbr${this.#number}`
  }

  get #own(): string[] {
    return ['-i', this.#bridge, '-o', this.#bridge, '-j', 'ACCEPT']
  }

  async #deafen(hearers: readonly number[], speakers: readonly number[]): Promise<void> {
    for (const hearer of hearers) {
      for (const speaker of speakers) {
        const rule = ['-A', 'INPUT', '-s', this.hostOf(speaker), '-j', 'DROP']
        await inside(this.namespaceOf(hearer), ['iptables', '-w', ...rule])
      }
    }
  }

  async #open(hosts: number): Promise<void> {
    await run('ip', ['addr', 'add', `10.77.${this.#number}.254/24`, 'dev', this.#bridge])
    await run('ip', ['link', 'set', this.#bridge, 'up'])
    // Where bridges pass through the packet filter, what container engines forbid others holds for ours as well.
    await run('iptables', ['-w', '-I', 'FORWARD', ...this.#own])
    for (let index = 0; index < hosts; index++) await this.#addHost(index)
  }

  async #addHost(index: number): Promise<void> {
    const namespace = this.namespaceOf(index)
    const outer = `rhv${this.#number}-${index + 1}`
    await run('ip', ['netns', 'add', namespace])
    this.#namespaces.push(namespace)
    await run('ip', ['link', 'add', outer, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace])
    await run('ip', ['link', 'set', outer, 'master', this.#bridge, 'up'])
    await inside(namespace, ['ip', 'addr', 'add', `${this.hostOf(index)}/24`, 'dev', 'eth0'])
    await inside(namespace, ['ip', 'link', 'set', 'eth0', 'up'])
    await inside(namespace, ['ip', 'link', 'set', 'lo', 'up'])
  }
}

async function inside(namespace: string, words: readonly string[]): Promise<void> {
  await run('ip', ['netns', 'exec', namespace, ...words])
}

function lossOf(share: number): string[] {
  return ['--mode', 'random', '--probability', String(share)]
}
