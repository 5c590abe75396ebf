/** A peer that gossips with answers of the test's choice, and links to it. Refusals serve as messages: they are the shortest. */
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Test } from 'tap'
import { readMessage, writeMessage } from '#node/gossip/gossip-frames.js'
import { GossipLinks, type GossipLinksOptions } from '#node/gossip/gossip-links.js'
import { GossipServer, type Receive } from '#node/gossip/gossip-server.js'
import type { Settlement } from '#node/membership/effect.js'
import type { PeerMessage } from '#node/membership/membership.js'
import { upgradeTo } from '#node/stream/upgrade.js'
import { FrameReader, FrameWriter, RingholdError } from '#sdk/protocol/index.js'
import { until } from '../fleet/in-process-fleet.ts'

export const say = (detail: string): PeerMessage => ({ type: 'refusal', code: 'RINGHOLD_INTERNAL', detail })

/** heard is what was said, or the code of an error. */
export const heard = (answer: PeerMessage | RingholdError) =>
  answer instanceof RingholdError ? answer.code : answer.type === 'refusal' ? answer.detail : answer.type

export interface GossipPeer {
  readonly url: string
  readonly port: number
  readonly server: Server
  readonly gossip: GossipServer
  readonly sockets: Set<Socket>
  readonly problems: RingholdError[]
  /** How many connections it has ever had. */
  connections(): number
}

type Answer = (said: string, reply: Parameters<Receive>[1]) => void

export const echo: Answer = (said, reply) => reply(say(`${said}, you say`))

export async function gossipPeer(t: Test, answer: Answer | undefined): Promise<GossipPeer> {
  const server = createServer()
  const sockets = new Set<Socket>()
  const problems: RingholdError[] = []
  let connections = 0
  server.on('connection', (socket) => {
    connections++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  const receive: Receive | undefined = answer && (({ message }, reply) => answer(heard(message), reply))
  const gossip = new GossipServer({ receive: () => receive, onProblem: (problem) => problems.push(problem) })
  upgradeTo(server, [gossip.offer], 'b')
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, port, server, gossip, sockets, problems, connections: () => connections }
}

export interface Asker {
  readonly links: GossipLinks
  readonly lost: string[]
  readonly traffic: { bytesSent: number; bytesReceived: number }
  /** Resolves to what the peer said, or how else it ended. `giveUpAt` is on the clock of links.look(). */
  ask(url: string, said?: string, giveUpAt?: number): Promise<string>
}

export function asker(t: Test, options: Partial<GossipLinksOptions> = {}): Asker {
  const lost: string[] = []
  const traffic = { bytesSent: 0, bytesReceived: 0 }
  const links = new GossipLinks({
    traffic,
    connectTimeoutMs: 5_000,
    onLost: (peerUrl) => lost.push(peerUrl),
    ...options,
  })
  t.teardown(() => links.destroy())
  const ended = (settlement: Settlement) => (settlement.type === 'reply' ? heard(settlement.message) : settlement.type)
  return {
    links,
    lost,
    traffic,
    ask: (url, said = 'hello', giveUpAt = Number.POSITIVE_INFINITY) =>
      new Promise((resolve) =>
        links.ask(url, { message: say(said), giveUpAt, settled: (settlement) => resolve(ended(settlement)) }),
      ),
  }
}

const upgradeRequest =
  'GET /v1/peer/gossip HTTP/1.1\r\nhost: b\r\nconnection: Upgrade\r\nupgrade: ringhold-gossip/1\r\n\r\n'

/** A connection to gossip by hand: what it was answered, and whether it is closed. */
export interface ByHand {
  readonly socket: Socket
  readonly said: string[]
  isClosed(): boolean
}

/** byHand upgrades a connection by hand, with `bytes` right behind the request. */
export async function byHand(t: Test, port: number, bytes: Uint8Array = new Uint8Array(0)): Promise<ByHand> {
  const reader = new FrameReader({ frameBytesMax: 65_536, fault: 'RINGHOLD_BAD_REPLY' })
  const said: string[] = []
  let head: Buffer | undefined = Buffer.alloc(0)
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  const take = (chunk: Uint8Array) => {
    reader.feed(chunk)
    while (reader.next()) said.push(spoken(reader))
  }
  socket.on('data', (chunk: Buffer) => {
    if (head === undefined) return take(chunk)
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    const rest = head.subarray(end + 4)
    head = undefined
    take(rest)
  })
  socket.on('error', () => {})
  socket.write(Buffer.concat([Buffer.from(upgradeRequest), bytes]))
  await until(() => head === undefined || socket.destroyed, 'the upgrade is answered')
  return { socket, said, isClosed: () => socket.readableEnded || socket.destroyed }
}

function spoken(reader: FrameReader): string {
  try {
    return heard(readMessage(reader).message)
  } catch (error) {
    return heard(error as RingholdError)
  }
}

/** framed is messages as they go over the wire. */
export function framed(...messages: readonly PeerMessage[]): Uint8Array {
  const writer = new FrameWriter()
  for (const message of messages) writeMessage(writer, message)
  return writer.take()
}
