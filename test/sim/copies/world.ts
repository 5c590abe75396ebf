/**
 * The world of one run: the schedule, the network, the nodes and clients on it, and those who judge them.
 *
 * Nothing in here happens but by an event of the schedule, and nothing is drawn but from streams of the seed: the same
 * plan gives the same run, event by event, which the trace proves.
 */
import { isGone, type Member } from '@ringhold/sdk/membership'
import type { PeerReply, PeerRequest } from '#node/copies/peer-request.js'
import type { PeerMessage } from '#node/membership/membership.js'
import type { Place } from '#node/store/store.js'
import { Schedule } from '../schedule.ts'
import { Chaos, nameOf } from './chaos.ts'
import { Coordination } from './coordination.ts'
import { cacheName, keysOf, type SimKey } from './keys.ts'
import { LocalClock } from './local-clock.ts'
import { Network } from './network.ts'
import { Oracle } from './oracle.ts'
import type { Plan } from './plan.ts'
import { SimClient } from './sim-client.ts'
import { SimNode, urlOf } from './sim-node.ts'
import { between, type Random, streamOf } from './streams.ts'
import { Traffic } from './traffic.ts'

const wallMs = 1_790_000_000_000
const linesMax = Number(process.env.SIM_LINES ?? 120)
const gossipKept = 100
/** Bounds are looked at every so many events. */
const looksPerStatus = 2_000
const waitingMax = 4_096

/**
 * Whether what is held of a member is that it is gone, or soon may be, and is said of this very process; or of one before
 * it, of which the others here had forgotten when this one came up, so that it did not take a higher incarnation, or which
 * is given up only now that this one is a member.
 */
function isAccused({ instance, membership: { self } }: SimNode, said: Member, isNews: boolean): boolean {
  const isDoubted = said.status === 'suspect' || said.status === 'dead'
  // Who is silent while it leaves is taken to have left.
  const isGivenUp = said.status === 'left' && self.status !== 'left'
  if ((isDoubted || isGivenUp) && said.instance === instance) return true
  return isGone(said.status) && self.status === 'alive' && (isNews || self.incarnation <= said.incarnation)
}

export class World {
  readonly plan: Plan
  readonly schedule = new Schedule()
  readonly network: Network
  readonly oracle: Oracle
  readonly coordination: Coordination
  readonly chaos: Chaos
  readonly traffic: Traffic
  readonly clients: readonly SimClient[]
  readonly keys: readonly SimKey[]
  readonly seedNames: readonly string[]
  /** How often something happened that only sometimes does. */
  readonly counts = new Map<string, number>()
  /** The last lines of what happened; kept only where they will be read. */
  readonly lines: string[] = []
  isChaos = false
  readonly #keepsLines: boolean
  readonly #byName = new Map<string, SimNode>()
  readonly #runs = new Map<string, number>()
  readonly #clocks = new Map<string, LocalClock>()
  readonly #gossip = new Map<string, PeerMessage[]>()
  readonly #wrong = new Map<SimNode, Set<string>>()
  /** Whom each process held present, rightly or not, when its view changed last. */
  readonly #present = new Map<SimNode, ReadonlySet<string>>()
  #hash = 0x811c9dc5
  #looks = 0

  constructor(plan: Plan, { keepsLines = false } = {}) {
    this.plan = plan
    this.#keepsLines = keepsLines
    this.keys = keysOf(plan.keys)
    this.network = new Network(this.schedule, plan)
    const now = () => this.now
    this.oracle = new Oracle(this.keys, {
      now,
      copies: plan.copies,
      note: (text) => this.say(text),
      coordinatorBeside: (node, token) => this.coordination.otherThan(node, token),
    })
    this.oracle.transferMs = this.transferMs
    this.coordination = new Coordination(
      this.keys.map(({ token }) => token),
      {
        now,
        breach: (text) => this.oracle.breach(text),
        unsettled: (why) => this.#notStrict(why),
        isBroken: (a, b) => this.#isBroken(a, b),
      },
    )
    this.seedNames = Array.from({ length: plan.nodes }, (_, index) => nameOf(index + 1))
    this.chaos = new Chaos(this)
    this.traffic = new Traffic(this, this.keys)
    this.clients = Array.from({ length: plan.clients }, (_, index) => new SimClient(this, `client-${index + 1}`))
  }

  get now(): number {
    return this.schedule.now
  }

  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0')
  }

  /** Whom a process that starts now is told to ask: all at the very beginning, then those that run. */
  get seeds(): string[] {
    const names = this.now === 0 ? this.seedNames.slice(0, this.plan.seedsKnown) : this.running.map(({ name }) => name)
    return names.map(urlOf)
  }

  /** Names of all nodes that were started so far, in that order. */
  get everStarted(): string[] {
    return [...this.#byName.keys()]
  }

  /** The processes that run, in the order of the first starts of their names. */
  get running(): SimNode[] {
    return [...this.#byName.values()].filter(({ isRunning }) => isRunning)
  }

  /** How long a message may take, and with it by how much a copy may expire late. */
  get transferMs(): number {
    let longest = this.plan.latencyMs[1]
    let frozen = 0
    for (const fault of this.plan.faults) {
      if (fault.type === 'slow') longest = Math.max(longest, fault.latencyMs[1])
      // What waits in the sockets of a process that stands still gets old there.
      if (fault.type === 'freeze') frozen += fault.ms
    }
    return 10 * longest + frozen
  }

  named(name: string): SimNode | undefined {
    return this.#byName.get(name)
  }

  at(url: string): SimNode | undefined {
    for (const node of this.#byName.values()) if (node.url === url) return node
    return undefined
  }

  start(name: string): void {
    if (this.#byName.get(name)?.isRunning) return
    const run = (this.#runs.get(name) ?? 0) + 1
    this.#runs.set(name, run)
    const node = new SimNode(this, { name, clock: this.clockOf(name), run })
    this.#byName.set(name, node)
    this.say(`${name} starts`)
    node.start()
  }

  clockOf(name: string): LocalClock {
    let clock = this.#clocks.get(name)
    if (clock === undefined) {
      const random = streamOf(this.plan.seed, `clock of ${name}`)
      const startMs = between(random, [0, 1_000_000])
      const rate = 1 + between(random, [-0.01, 0.01])
      const skewMs = random() < 0.3 ? between(random, [-3_600_000, 3_600_000]) : between(random, [-50, 50])
      clock = new LocalClock({ startMs, rate, wallOffsetMs: wallMs + skewMs })
      this.#clocks.set(name, clock)
    }
    return clock
  }

  *heldBy(node: SimNode, keys: ReadonlyMap<string, SimKey>): Iterable<{ name: string; place: Place; version: number }> {
    for (const { holders, key } of this.oracle.histories) {
      const held = holders.get(node)
      if (held === undefined || !keys.has(key.name)) continue
      yield { name: key.name, place: { token: key.token, cache: cacheName, key: key.bytes }, version: held.version }
    }
  }

  // What nodes report.

  /** departed: the node has said farewell. */
  departed(node: SimNode): void {
    this.say(`${node.name} has left`)
    this.oracle.ended(node)
  }

  ended(node: SimNode): void {
    this.say(`${node.name} ends (${node.condition})`)
    this.oracle.ended(node)
    this.coordination.gone(node)
    // Where the last one of a fleet left, it comes back.
    if (!this.isChaos && this.running.length === 0) this.schedule.after(100, () => this.start(node.name))
    if (node.condition !== 'down') return
    for (const other of this.running) {
      if (other.name === node.name || this.network.cuts.has(`${node.name}>${other.name}`)) continue
      this.schedule.after(1, () => other.disconnected(node.url))
    }
  }

  looked(node: SimNode): void {
    this.coordination.look(node)
    if (++this.#looks % looksPerStatus > 0) return
    const { waiting } = node.copies.status
    if (waiting > waitingMax) this.oracle.breach(`${node.name} keeps ${waiting} commands waiting`)
  }

  /** viewed looks for members that are held gone though they run. */
  viewed(node: SimNode): void {
    this.trace(`view ${node.name} ${node.ring.checksum}`, 0)
    const before = this.#wrong.get(node)
    const presentBefore = this.#present.get(node)
    const wrong = new Set<string>()
    const present = new Set<string>()
    for (const member of node.membership.view.values()) {
      const { name, status } = member
      if (!isGone(status)) present.add(name)
      const accused = this.#byName.get(name)
      if (accused?.isRunning && isAccused(accused, member, presentBefore?.has(name) === true)) wrong.add(name)
    }
    this.#wrong.set(node, wrong)
    this.#present.set(node, present)
    for (const name of new Set([...(before ?? []), ...wrong])) this.coordination.trouble(node.name, name)
    if (wrong.size > 0) this.#notStrict(`${node.name} holds ${[...wrong].join(', ')} gone`)
  }

  asked(node: SimNode, to: string, request: PeerRequest): void {
    this.trace(`${node.name} asks ${to} ${request.type}`, request.type === 'apply' ? request.copies.length : 0)
    this.count(request.type)
  }

  replied(node: SimNode, reply: PeerReply): void {
    this.trace(`${node.name} answers ${reply.type}`, 0)
    if (reply.type === 'other-ring' || reply.type === 'refused') this.count(reply.type)
  }

  recordGossip(url: string, message: PeerMessage): void {
    let kept = this.#gossip.get(url)
    if (kept === undefined) {
      kept = []
      this.#gossip.set(url, kept)
    }
    if (kept.length < gossipKept) kept.push(message)
  }

  /** replayGossip has a node receive old messages again. */
  replayGossip(name: string, random: Random): void {
    const node = this.named(name)
    const kept = this.#gossip.get(urlOf(name)) ?? []
    for (const message of kept) if (random() < 0.3) node?.gossip(message, () => {})
  }

  /** troubled: others have reason to hold this node gone, or it them. */
  troubled(node: SimNode): void {
    for (const name of this.everStarted) if (name !== node.name) this.coordination.trouble(node.name, name)
    this.#notStrict(`${node.name} stands still`)
  }

  /** breakages is called when faults begin or end. */
  breakages(): void {
    const { network } = this
    const isCut = [...network.cuts.keys()].some((pair) => !pair.includes('client'))
    if (isCut || network.loss > 0 || network.resets > 0 || network.slow.size > 0) this.#notStrict('links are broken')
    for (const node of this.running) if (node.condition === 'frozen') this.troubled(node)
    if (network.loss > 0 || network.resets > 0 || network.slow.size > 0) {
      for (const node of this.running) this.troubled(node)
    }
  }

  count(what: string, by = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + by)
  }

  /** trace adds to what two runs of one plan must have in common. */
  trace(text: string, figure: number): void {
    let hash = Math.imul(this.#hash ^ (this.now * 64), 0x01000193) ^ figure
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
    this.#hash = hash
    if (this.#keepsLines) this.say(`${text} ${figure || ''}`)
  }

  say(text: string): void {
    if (!this.#keepsLines) return
    this.lines.push(`${this.now.toFixed(1).padStart(9)} ${text}`)
    if (this.lines.length > 2 * linesMax && this.oracle.breaches.length === 0) this.lines.splice(0, linesMax)
  }

  #notStrict(why: string): void {
    if (!this.oracle.isStrict) return
    this.oracle.isStrict = false
    this.say(`rules have exceptions from here on: ${why}`)
  }

  #isBroken(a: SimNode, b: SimNode): boolean {
    if (this.network.isBroken(a.name, b.name) || a.condition === 'frozen' || b.condition === 'frozen') return true
    return this.#isApart(a, b) || this.#isApart(b, a) || (this.#misjudges(a) && this.#misjudges(b))
  }

  /** Whether a node holds another gone that runs, or one that the other counts on: it did not ask that one. */
  #isApart(node: SimNode, { name, ring }: SimNode): boolean {
    const wrong = this.#wrong.get(node)
    return wrong !== undefined && (wrong.has(name) || ring.members.some((member) => wrong.has(member.name)))
  }

  /**
   * Whether a node holds anybody gone that runs. Who comes up when a split has just healed, and hears of both sides that the
   * other is gone, knows of nobody; two of them do not know of each other.
   */
  #misjudges(node: SimNode): boolean {
    return (this.#wrong.get(node)?.size ?? 0) > 0
  }
}
