/**
 * The end of a connection as its responses see it. Where requests are pipelined, only the first response has the socket: of
 * those queued behind it Node 20 closes none when the connection breaks, and destroying one does nothing. What a response
 * holds must come back all the same.
 */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** What is to be done when a connection ends: one listener for all its responses. */
const endings = new WeakMap<Socket, Set<() => void>>()

/** whenOver calls `run` once: when the response is done with, or its connection is. */
export function whenOver(response: ServerResponse, run: () => void): void {
  const { socket } = response.req
  const ending = endingOf(socket)
  const once = () => {
    if (ending.delete(once)) run()
  }
  ending.add(once)
  response.once('close', once)
  if (socket.destroyed) process.nextTick(once)
}

/** isCut tells whether nobody gets the response any more. */
export function isCut({ destroyed, req }: ServerResponse): boolean {
  return destroyed || req.socket.destroyed
}

/** cut ends the connection of a response. */
export function cut(response: ServerResponse): void {
  // That of the socket only would let a response that is injected by a test live.
  response.destroy()
  response.req.socket.destroy()
}

function endingOf(socket: Socket): Set<() => void> {
  const known = endings.get(socket)
  if (known !== undefined) return known
  const ending = new Set<() => void>()
  endings.set(socket, ending)
  socket.once('close', () => {
    for (const run of ending) run()
  })
  return ending
}
