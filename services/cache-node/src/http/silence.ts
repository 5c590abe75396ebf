/**
 * Connections on which nothing passes are cut. Node can do that by itself, by moving a timer at every read and every write:
 * some 4 % of a plain GET. So all connections are looked at from time to time instead:
 *
 *      bytes have passed since the last look     it stays
 *      none, and something is still to be sent   only Node sees what the system takes of it: its own timer goes on from here
 *      none for `silenceMs`                      it is cut
 *
 * What the system takes is known in pieces only (on Linux some 1.5 MiB, as its buffers empty), so who reads less than one
 * in `silenceMs` is cut as well.
 */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'

export interface SilenceOptions {
  /** How long a connection may be silent, and how often it is looked at: limits are late by that at most. In milliseconds. */
  readonly silenceMs: number
  readonly checkMs: number
}

/** Passed is what had passed by when. */
interface Passed {
  bytes: number
  sinceMs: number
  /** Whether Node looks after it. */
  isTimed: boolean
}

const silences = new WeakMap<Server, number>()
const exempt = new WeakSet<Socket>()

/** cutSilent cuts the silent connections of a server from now on. */
export function cutSilent(server: Server, { silenceMs, checkMs }: SilenceOptions): void {
  silences.set(server, silenceMs)
  const connections = new Map<Socket, Passed>()
  let looks: NodeJS.Timeout | undefined
  server.on('connection', (socket) => {
    connections.set(socket, { bytes: 0, sinceMs: performance.now(), isTimed: false })
    looks ??= setInterval(() => look(connections, silenceMs), checkMs).unref()
    socket.once('close', () => {
      connections.delete(socket)
      if (connections.size > 0) return
      clearInterval(looks)
      looks = undefined
    })
  })
}

/** letBeSilent exempts a connection for good. */
export function letBeSilent(socket: Socket): void {
  exempt.add(socket)
  socket.setTimeout(0)
}

/** silenceMsOf is how long the connections of a server may be silent; 0 where that is not bounded. */
export function silenceMsOf(server: Server): number {
  return silences.get(server) ?? 0
}

function look(connections: Map<Socket, Passed>, silenceMs: number): void {
  const now = performance.now()
  for (const [socket, passed] of connections) {
    const bytes = socket.bytesRead + socket.bytesWritten
    if (exempt.has(socket)) connections.delete(socket)
    else if (bytes !== passed.bytes) {
      passed.bytes = bytes
      passed.sinceMs = now
      setTimed(socket, passed, 0)
    } else if (socket.writableLength > 0) setTimed(socket, passed, silenceMs)
    else if (passed.isTimed) {
      passed.sinceMs = now
      setTimed(socket, passed, 0)
    } else if (now - passed.sinceMs >= silenceMs) socket.destroy()
  }
}

/** Once, since each time begins the silence anew. */
function setTimed(socket: Socket, passed: Passed, silenceMs: number): void {
  if (passed.isTimed === silenceMs > 0) return
  passed.isTimed = silenceMs > 0
  socket.setTimeout(silenceMs)
}
