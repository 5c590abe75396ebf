/** A node in this process that does what the protocol says and nothing more, and misbehaves as it is told. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Status } from '#sdk/membership/index.js'
import {
  ackOf,
  type Command,
  type Condition,
  checkCacheName,
  checkKey,
  checkTtlMs,
  defaultLimits,
  FrameWriter,
  framesContentType,
  headerNames,
  type Outcome,
  problemOf,
  RingholdError,
  ringOf,
  type Topology,
  writeSignal,
} from '#sdk/protocol/index.js'
import { type Ring, seedOfFleet } from '#sdk/ring/index.js'
import type { SmallFleet } from './small-fleet.ts'
import { type Exchange, SmallTalk } from './small-talk.ts'

interface Stored {
  readonly value: Uint8Array
  readonly contentType: string
  readonly ttlMs: number | undefined
  readonly version: number
}

/** Seen is a request that a node got; a command counts as the REST request that it stands for. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
}

/** Hook answers a request for anything but commands instead of the node when it returns true. */
export type Hook = (request: IncomingMessage, response: ServerResponse) => boolean

/** CommandHook answers a command instead of the node when it returns true. */
export type CommandHook = (exchange: Exchange) => boolean

/** silent never answers a command. */
export const silent: CommandHook = () => true

export class SmallNode {
  readonly name: string
  readonly fleet: SmallFleet
  readonly store = new Map<string, Stored>()
  readonly deleted = new Set<string>()
  readonly seen: Seen[] = []
  limits = defaultLimits
  status: Status = 'alive'
  url = ''
  hook: Hook | undefined
  onCommand: CommandHook | undefined
  /** Whether connections can be upgraded; false: it answers as a proxy would that does not know of that. */
  upgrades = true
  /** Whether it says goodbye to whoever comes, together with its greeting. */
  leaves = false
  /** How often something came over an upgraded connection. */
  reads = 0
  readonly #talks = new Set<SmallTalk>()
  /** Whether it reads nothing any more, so that clients cannot get rid of what they send. */
  set deaf(isDeaf: boolean) {
    this.#isDeaf = isDeaf
    for (const socket of this.#sockets) isDeaf ? socket.pause() : socket.resume()
  }
  #isDeaf = false
  /** The names that this node takes for the ring; undefined: all that are alive. */
  believes: readonly string[] | undefined
  #server: Server | undefined
  #ring: { readonly text: string; readonly ring: Ring } | undefined
  readonly #sockets = new Set<Socket>()

  constructor(fleet: SmallFleet, name: string) {
    this.fleet = fleet
    this.name = name
  }

  async listen(port = 0): Promise<void> {
    const server = createServer((request, response) => void this.#answer(request, response))
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket as Socket, head))
    server.on('connection', (socket) => {
      this.#sockets.add(socket)
      if (this.#isDeaf) socket.pause()
      socket.on('close', () => this.#sockets.delete(socket))
    })
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  /** streams counts the upgraded connections. */
  get streams(): number {
    return this.#talks.size
  }

  /** sayGoodbye asks all who have a stream to leave. */
  sayGoodbye(): void {
    for (const talk of this.#talks) talk.write(goodbye())
  }

  /** tellRing passes the ring on as it is now, without being asked. */
  tellRing(): void {
    for (const talk of this.#talks) talk.write(new Uint8Array(0))
  }

  get port(): number {
    return Number(new URL(this.url).port)
  }

  get connections(): number {
    return this.#sockets.size
  }

  /** crash breaks all connections and refuses new ones. What was stored is gone. */
  async crash(): Promise<void> {
    const closed = new Promise((resolve) => this.#server?.close(resolve) ?? resolve(undefined))
    for (const socket of this.#sockets) socket.resetAndDestroy()
    await closed
    this.#server = undefined
    this.store.clear()
  }

  /** requests counts those that match. */
  requests(method: string, path: string): number {
    return this.seen.filter((seen) => seen.method === method && seen.url.startsWith(path)).length
  }

  topology(): Topology {
    const { name, members } = this.fleet
    const listed = members
      .map((member) => ({
        name: member.name,
        url: member.url,
        status: this.believes ? (this.believes.includes(member.name) ? 'alive' : 'dead') : member.status,
        incarnation: 1,
        zone: '',
        weight: 1,
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)) as Topology['members'][number][]
    const shape = { members: listed, ringSeed: seedOfFleet(name), copies: this.fleet.copies }
    return { fleet: name, tokens: 16_384, ring: this.ring(shape).checksum, node: this.name, ...shape }
  }

  /** ring keeps the last ring, which takes a millisecond to compute. */
  ring(shape: Pick<Topology, 'members' | 'ringSeed' | 'copies'> = this.topology()): Ring {
    const text = JSON.stringify(shape.members)
    if (this.#ring?.text !== text) this.#ring = { text, ring: ringOf(shape) }
    return this.#ring.ring
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request
    if (url !== '/v1/commands') this.seen.push({ method, url, headers })
    if (this.hook?.(request, response)) return
    const topology = this.topology()
    response.setHeader(headerNames.ring, topology.ring)
    if (url === '/v1/topology') this.#answerTopology(request, response, topology)
    else if (url === '/v1/commands') await this.#answerCommands(request, response)
    else this.problem(response, new RingholdError('RINGHOLD_ROUTE_NOT_FOUND'))
  }

  problem(response: ServerResponse, error: RingholdError): void {
    if (error.facts.retryAfterMs) response.setHeader('retry-after', error.facts.retryAfterMs / 1000)
    response.writeHead(error.status, { 'content-type': 'application/problem+json' })
    response.end(JSON.stringify(problemOf(error, this.name)))
  }

  /** take answers a command, or has the hook do it. */
  take(exchange: Exchange): void {
    const { method, url, isDirect } = exchange
    this.seen.push({ method, url, headers: isDirect ? { [headerNames.route]: 'direct' } : {} })
    if (this.onCommand?.(exchange)) return
    try {
      exchange.answer(this.#execute(exchange))
    } catch (error) {
      if (!(error instanceof RingholdError)) throw error
      exchange.answer(error)
    }
  }

  #answerTopology(request: IncomingMessage, response: ServerResponse, topology: Topology): void {
    const etag = `"${topology.ring}-${topology.members.map(({ url }) => url).join()}"`
    response.setHeader('etag', etag)
    if (request.headers['if-none-match'] === etag) response.writeHead(304).end()
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(topology))
  }

  #upgrade(_request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on('error', () => {})
    if (!this.upgrades) {
      socket.end('HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\n\r\n')
      return
    }
    socket.cork()
    process.nextTick(() => socket.uncork())
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: ringhold/1\r\n\r\n')
    const talk = new SmallTalk(this, {
      write: (bytes) => socket.write(bytes),
      breakOff: () => socket.resetAndDestroy(),
    })
    if (this.leaves) talk.write(goodbye())
    this.#talks.add(talk)
    socket.on('close', () => this.#talks.delete(talk))
    talk.receive(head)
    socket.on('data', (chunk: Buffer) => {
      this.reads++
      talk.receive(chunk)
    })
    socket.on('end', () => socket.end())
  }

  async #answerCommands(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    response.writeHead(200, { 'content-type': framesContentType })
    const talk = new SmallTalk(this, {
      write: (bytes) => response.write(bytes),
      breakOff: () => request.socket.resetAndDestroy(),
    })
    talk.onAnswer = () => talk.waiting === 0 && response.end()
    talk.receive(Buffer.concat(chunks))
  }

  #execute({ command, isDirect }: Exchange): Outcome {
    const { cache, key } = command
    checkCacheName(cache)
    checkKey(key)
    const ring = this.ring()
    const owners = ring.owners(ring.token(key))
    const [owner] = owners as [string]
    if (!owners.includes(this.name) && isDirect)
      throw new RingholdError('RINGHOLD_WRONG_OWNER', { ring: ring.checksum, owner })
    // A replica passes on what the coordinator can still be asked, and does the rest in its stead; it holds no copies here.
    const peer = owners.map((name) => this.fleet.node(name)).find((node) => node.#server)
    if (peer === undefined) throw new RingholdError('RINGHOLD_OWNER_UNREACHABLE')
    return peer.#apply(command)
  }

  #apply(command: Command): Outcome {
    const outcome = this.#outcomeOf(command)
    return ackOf(command) === 'none' ? { type: 'accepted' } : outcome
  }

  #outcomeOf(command: Command): Outcome {
    const at = `${command.cache}/${command.key}`
    const stored = this.store.get(at)
    if (command.type !== 'get' && command.condition && !holds(command.condition, stored?.version)) {
      return { type: 'condition-failed', version: stored?.version }
    }
    if (command.type === 'set') {
      const { contentType, ttlMs } = command
      if (ttlMs !== undefined) checkTtlMs(ttlMs)
      const version = this.fleet.nextVersion()
      this.store.set(at, { value: Buffer.from(command.value), contentType, ttlMs, version })
      return { type: stored ? 'replaced' : 'created', version, copies: 1 }
    }
    if (command.type === 'delete') {
      if (stored) this.deleted.add(at)
      return { type: this.store.delete(at) ? 'deleted' : 'absent' }
    }
    if (stored) return { type: 'hit', ...stored }
    return this.deleted.has(at) ? { type: 'miss', reason: 'deleted' } : { type: 'miss' }
  }
}

function holds(condition: Condition, version: number | undefined): boolean {
  if (condition.type === 'absent') return version === undefined
  if (condition.type === 'present') return version !== undefined
  return condition.versions.includes(version ?? Number.NaN) === (condition.type === 'version')
}

function goodbye(): Uint8Array {
  const writer = new FrameWriter()
  writeSignal(writer, 'goodbye')
  return writer.take()
}
