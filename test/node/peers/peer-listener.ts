/** A listener for peers, with answers of the test's choice, and links to it. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Test } from 'tap'
import type { Envelope, PeerReply, PeerRequest } from '#node/copies/peer-request.js'
import { PeerLink, type PeerLinkOptions, type Settled } from '#node/peers/peer-link.js'
import { PeerRoom } from '#node/peers/peer-room.js'
import { PeerServer } from '#node/peers/peer-server.js'
import { upgradeTo } from '#node/stream/upgrade.js'
import { defaultLimits, type RingholdError } from '#sdk/protocol/index.js'

export const envelope: Envelope = { from: 'a', incarnation: 1, clock: 1 }

export interface PeerListener {
  readonly url: string
  readonly port: number
  readonly server: Server
  readonly problems: RingholdError[]
  readonly sockets: Set<Socket>
  close(): Promise<void>
}

/** Of both sides. */
export const room = new PeerRoom(0)

type Answer = (request: PeerRequest, reply: (reply: PeerReply) => void) => void

/** peerListener listens as the node `b` of the fleet `f`. */
export async function peerListener(t: Test, answer: Answer, port = 0): Promise<PeerListener> {
  const problems: RingholdError[] = []
  const peers: PeerServer = new PeerServer({
    self: 'b',
    fleet: 'f',
    limits: defaultLimits,
    room,
    receive: (id, _envelope, request) =>
      answer(request, (reply) => peers.answer(id, { from: 'b', incarnation: 2, clock: 9 }, reply)),
    onProblem: (problem) => problems.push(problem),
  })
  const server = createServer()
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  upgradeTo(server, [peers.offer], 'b')
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const close = async () => {
    if (!server.listening) return
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of sockets) socket.destroy()
    await closed
  }
  t.teardown(close)
  const bound = (server.address() as AddressInfo).port
  return { url: `http://127.0.0.1:${bound}`, port: bound, server, problems, sockets, close }
}

/** Asker asks over one link and remembers how each request ended. */
export interface Asker {
  readonly link: PeerLink
  readonly problems: Error[]
  ask(request: PeerRequest): Promise<Settled>
}

export function asker(t: Test, url: string, options: Partial<PeerLinkOptions> = {}): Asker {
  const waiting = new Map<number, (outcome: Settled) => void>()
  const problems: Error[] = []
  const link = new PeerLink({
    peer: { name: 'b', url },
    fleet: 'f',
    limits: defaultLimits,
    room,
    onSettled: (id, outcome) => waiting.get(id)?.(outcome),
    onProblem: (problem) => problems.push(problem),
    ...options,
  })
  t.teardown(() => link.destroy())
  let asks = 0
  return {
    link,
    problems,
    ask: (request) =>
      new Promise((resolve) => {
        const id = ++asks
        waiting.set(id, resolve)
        link.ask(id, envelope, request)
      }),
  }
}
