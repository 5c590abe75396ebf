/**
 * A fleet of small HTTP servers in the test's own process that speak a node's HTTP interface, with a handle on
 * everything that can go wrong: what each node believes the ring to be, and what it does with a request.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Test } from 'tap'
import type { Status } from '#sdk/membership/index.js'
import {
  checkCacheName,
  checkKey,
  checkTtlMs,
  etagOf,
  headerNames,
  parseEtags,
  problemOf,
  RingholdError,
  ringOf,
  type Topology,
} from '#sdk/protocol/index.js'
import { type Ring, seedOfFleet } from '#sdk/ring/index.js'

interface Stored {
  readonly bytes: Buffer
  readonly contentType: string
  readonly ttlMs: string | undefined
  readonly version: number
}

/** Seen is a request that a node got. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
}

/** Hook answers a request instead of the node when it returns true. */
export type Hook = (request: IncomingMessage, response: ServerResponse) => boolean

const key = /^\/v1\/caches\/([^/]*)\/keys\/([^/?]+)$/

export class SmallNode {
  readonly name: string
  readonly fleet: SmallFleet
  readonly store = new Map<string, Stored>()
  readonly seen: Seen[] = []
  status: Status = 'alive'
  url = ''
  hook: Hook | undefined
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
    server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
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
    const shape = { members: listed, ringSeed: seedOfFleet(name), copies: 2 }
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
    this.seen.push({ method, url, headers })
    if (this.hook?.(request, response)) return
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const topology = this.topology()
    response.setHeader(headerNames.ring, topology.ring)
    try {
      if (url === '/v1/topology') this.#answerTopology(request, response, topology)
      else this.#answerKey(request, response, Buffer.concat(chunks))
    } catch (error) {
      if (!(error instanceof RingholdError)) throw error
      this.problem(response, error)
    }
  }

  problem(response: ServerResponse, error: RingholdError): void {
    if (error.facts.retryAfterMs) response.setHeader('retry-after', error.facts.retryAfterMs / 1000)
    response.writeHead(error.status, { 'content-type': 'application/problem+json' })
    response.end(JSON.stringify(problemOf(error, this.name)))
  }

  #answerTopology(request: IncomingMessage, response: ServerResponse, topology: Topology): void {
    const etag = `"${topology.ring}-${topology.members.map(({ url }) => url).join()}"`
    response.setHeader('etag', etag)
    if (request.headers['if-none-match'] === etag) response.writeHead(304).end()
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(topology))
  }

  #answerKey(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const match = key.exec(request.url ?? '')
    if (!match) throw new RingholdError('RINGHOLD_ROUTE_NOT_FOUND')
    const [cache, name] = [match[1] as string, decodeURIComponent(match[2] as string)]
    checkCacheName(cache)
    checkKey(name)
    const ring = this.ring()
    const owner = ring.coordinator(ring.token(name)) as string
    const isOwner = owner === this.name
    if (!isOwner && request.headers[headerNames.route] === 'direct') {
      throw new RingholdError('RINGHOLD_WRONG_OWNER', { ring: ring.checksum, owner })
    }
    const peer = this.fleet.node(owner)
    if (!isOwner && !peer.#server) throw new RingholdError('RINGHOLD_OWNER_UNREACHABLE')
    peer.#apply(`${cache}/${name}`, request, response, body)
  }

  #apply(at: string, request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const { method, headers } = request
    const stored = this.store.get(at)
    if (stored) response.setHeader('etag', etagOf(stored.version))
    const matches = headers['if-match'] === undefined ? undefined : parseEtags(headers['if-match'], 'strong')
    const isMatch = stored && (matches === '*' || matches?.includes(stored.version))
    if ((matches && !isMatch) || (headers['if-none-match'] === '*' && stored)) {
      throw new RingholdError('RINGHOLD_CONDITION_FAILED')
    }
    if (method === 'PUT') {
      const ttlMs = headers[headerNames.ttl] as string | undefined
      if (ttlMs !== undefined) checkTtlMs(Number(ttlMs))
      const contentType = headers['content-type'] ?? 'application/octet-stream'
      const version = this.fleet.nextVersion()
      this.store.set(at, { bytes: body, contentType, ttlMs, version })
      response.setHeader('etag', etagOf(version)).setHeader(headerNames.copies, '1')
      response.writeHead(stored ? 204 : 201).end()
      return
    }
    if (!stored) throw new RingholdError('RINGHOLD_KEY_NOT_FOUND')
    if (method === 'DELETE') {
      this.store.delete(at)
      response.writeHead(204).end()
      return
    }
    if (stored.ttlMs !== undefined) response.setHeader(headerNames.ttl, stored.ttlMs)
    response.writeHead(200, { 'content-type': stored.contentType }).end(stored.bytes)
  }
}

export class SmallFleet {
  readonly name: string
  readonly members: SmallNode[] = []
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
export async function until(condition: () => boolean, what: string, timeoutMs = 5000): Promise<void> {
  const end = performance.now() + timeoutMs
  while (!condition()) {
    if (performance.now() > end) throw new Error(`${what}: not within ${timeoutMs} ms`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
